using Akka;
using Akka.Streams.Dsl;
using Scoring.Kafka.Consumers;
using Scoring.Kafka.Settings;

namespace Scoring.Kafka.Producers;

/// <summary>Flows and sinks of Kafka's, in the shape of Akka.Streams.Kafka.</summary>
public static class KafkaProducer
{
    /// <summary>
    /// Produces the records of each message, and hands on what it carries once all of them are acknowledged, in the order of the
    /// messages. A record that the log will never take is named in the result; one that was not acknowledged fails the stream
    /// with <see cref="ProduceFailedException"/>. A full client holds the stream up.
    /// </summary>
    /// <param name="producer">The node's producer.</param>
    /// <typeparam name="T">What is handed on.</typeparam>
    public static Flow<ProducerMessage<T>, ProducerResult<T>, NotUsed> FlexiFlow<T>(NodeProducer producer)
    {
        ArgumentNullException.ThrowIfNull(producer);
        return Flow.FromGraph(new ProduceFlow<T>(producer));
    }

    /// <summary>
    /// Produces the records of each message in a transaction together with the offset behind its batch, and hands on what it
    /// carries once that is committed, in the order of the messages. What cannot be committed fails the stream with
    /// <see cref="TransactionFailedException"/>: nothing of it is visible to readers of committed records, and the next owner
    /// begins again where the last commit ended.
    /// </summary>
    /// <param name="producer">The partition's producer, initialised.</param>
    /// <param name="settings">When transactions are committed.</param>
    /// <param name="batchOf">The batch of a message.</param>
    /// <param name="committed">What the group has committed for the partition already, so that it is committed again before it expires; null where nothing is.</param>
    /// <typeparam name="T">What is handed on.</typeparam>
    public static Flow<ProducerMessage<T>, T, NotUsed> TransactionalFlow<T>(
        TransactionalProducer producer, TransactionSettings settings, Func<T, PartitionBatch> batchOf, Confluent.Kafka.TopicPartitionOffset? committed = null)
    {
        ArgumentNullException.ThrowIfNull(producer);
        ArgumentNullException.ThrowIfNull(settings);
        ArgumentNullException.ThrowIfNull(batchOf);
        return Flow.FromGraph(new TransactionFlow<T>(producer, settings, batchOf, committed));
    }

    /// <summary><see cref="TransactionalFlow"/> where nothing follows the commit.</summary>
    /// <param name="producer">The partition's producer, initialised.</param>
    /// <param name="settings">When transactions are committed.</param>
    /// <param name="batchOf">The batch of a message.</param>
    /// <param name="committed">What the group has committed for the partition already; null where nothing is.</param>
    /// <typeparam name="T">What a message carries.</typeparam>
    /// <returns>The sink; its task ends once everything is committed.</returns>
    public static Sink<ProducerMessage<T>, Task<Done>> TransactionalSink<T>(
        TransactionalProducer producer, TransactionSettings settings, Func<T, PartitionBatch> batchOf, Confluent.Kafka.TopicPartitionOffset? committed = null) =>
        TransactionalFlow(producer, settings, batchOf, committed).ToMaterialized(Sink.Ignore<T>(), Keep.Right);
}
