using Akka.Streams.Dsl;

namespace Scoring.Kafka.Consumers;

/// <summary>Sources of Kafka's, in the shape of Akka.Streams.Kafka; the elements are batches.</summary>
public static class KafkaConsumer
{
    /// <summary>
    /// Reads one partition with a consumer that other streams use too. An element is what waits when the stream asks, so a slow
    /// stream gets large ones and a fast one is not kept waiting; while it does not ask, the partition fills its buffer and is
    /// then paused. The stream fails with <see cref="LogGapException"/> where the log does not hold the next offset, once it has taken
    /// what was read before, and with
    /// <see cref="AssignmentEndedException"/> where the partition is assigned to another stream of the node.
    /// </summary>
    /// <param name="consumer">The node's consumer.</param>
    /// <param name="subscription">The partition, and where it is read from.</param>
    public static Source<PartitionBatch, IPartitionControl> PlainExternalSource(NodeConsumer consumer, AssignmentWithOffset subscription)
    {
        ArgumentNullException.ThrowIfNull(consumer);
        ArgumentNullException.ThrowIfNull(subscription);
        return Source.FromGraph(new BatchSource(consumer, subscription));
    }
}
