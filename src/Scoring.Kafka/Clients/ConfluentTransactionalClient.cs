using Confluent.Kafka;
using Microsoft.Extensions.Logging;

namespace Scoring.Kafka.Clients;

/// <summary>librdkafka's transactional producer.</summary>
internal sealed class ConfluentTransactionalClient : ConfluentProducerClient, ITransactionalClient
{
    private readonly IConsumerGroupMetadata group;

    internal ConfluentTransactionalClient(ProducerConfig configuration, IConsumerGroupMetadata group, ILogger logger)
        // Its calls say it too.
        : base(configuration, static _ => { }, logger) => this.group = group;

    public void Init(TimeSpan timeout) => Calling(() => Producer.InitTransactions(timeout));

    public void Begin() => Calling(Producer.BeginTransaction);

    public void SendOffsets(IReadOnlyList<TopicPartitionOffset> offsets, TimeSpan timeout) => Calling(() => Producer.SendOffsetsToTransaction(offsets, group, timeout));

    public void Commit(TimeSpan timeout) => Calling(() => Producer.CommitTransaction(timeout));

    public void Abort(TimeSpan timeout) => Calling(() => Producer.AbortTransaction(timeout));

    private static void Calling(Action call)
    {
        try
        {
            call();
        }
        catch (KafkaException e)
        {
            throw new KafkaCallException(KafkaErrors.OfTransaction(e), e);
        }
    }
}
