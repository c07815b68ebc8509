using Akka;
using Akka.Streams.Dsl;

namespace Scoring.Kafka.Consumers;

/// <summary>Commits what a stream has done, in the shape of Akka.Streams.Kafka.</summary>
public static class Committer
{
    /// <summary>
    /// Commits each element's batch, and hands the element on once the group has acknowledged that. Batches may come in any order;
    /// what is committed is the end of their unbroken row, and elements leave in the order in which they came. A commit that fails
    /// is repeated, and what waits for it waits.
    /// </summary>
    /// <param name="consumer">The consumer that handed out the batches.</param>
    /// <param name="batchOf">The batch of an element.</param>
    /// <param name="maxWaiting">Elements that may wait for their commit.</param>
    /// <typeparam name="T">What the stream is made of.</typeparam>
    public static Flow<T, T, NotUsed> Flow<T>(NodeConsumer consumer, Func<T, PartitionBatch> batchOf, int maxWaiting = 1_024)
    {
        ArgumentNullException.ThrowIfNull(consumer);
        ArgumentNullException.ThrowIfNull(batchOf);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(maxWaiting);
        return Akka.Streams.Dsl.Flow.FromGraph(new CommitFlow<T>(consumer, batchOf, maxWaiting));
    }
}
