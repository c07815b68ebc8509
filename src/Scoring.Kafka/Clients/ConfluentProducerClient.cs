using Confluent.Kafka;
using Microsoft.Extensions.Logging;

namespace Scoring.Kafka.Clients;

/// <summary>librdkafka's idempotent producer.</summary>
internal class ConfluentProducerClient : IProducerClient
{
    private readonly Action<KafkaFailure> ended;
    private readonly ILogger logger;

    internal ConfluentProducerClient(ProducerConfig configuration, Action<KafkaFailure> ended, ILogger logger)
    {
        this.ended = ended;
        this.logger = logger;
        Producer = new ProducerBuilder<byte[], byte[]>(configuration)
            .SetErrorHandler((_, error) => Told(error))
            .SetLogHandler((_, message) => ClientLog.Say(logger, "producer", message.Facility, message.Message))
            .Build();
    }

    protected IProducer<byte[], byte[]> Producer { get; }

    public bool TryProduce(in ProducerRecord record, DeliveryObserver observer)
    {
        var adapter = (Action<DeliveryReport<byte[], byte[]>>)(observer.Adapter ??= Adapt(observer));
        var message = new Message<byte[], byte[]> { Key = record.Key!, Value = record.Value!, Headers = record.Headers };
        try
        {
            if (record.Partition is { } partition)
                Producer.Produce(new TopicPartition(record.Topic, partition), message, adapter);
            else
                Producer.Produce(record.Topic, message, adapter);
            return true;
        }
        catch (ProduceException<byte[], byte[]> e) when (e.Error.Code == ErrorCode.Local_QueueFull)
        {
            return false;
        }
        catch (ProduceException<byte[], byte[]> e)
        {
            Told(e.Error);
            observer.Failed(record.Key, record.Value, KafkaErrors.OfDelivery(e.Error));
            return true;
        }
    }

    public void Dispose() => Producer.Dispose();

    private static Action<DeliveryReport<byte[], byte[]>> Adapt(DeliveryObserver observer) => report =>
    {
        if (report.Error.IsError)
            observer.Failed(report.Message.Key, report.Message.Value, KafkaErrors.OfDelivery(report.Error));
        else
            observer.Delivered();
    };

    private void Told(Error error)
    {
        if (error.IsFatal || !error.IsLocalError)
            ClientLog.Report(logger, "producer", error.Code, error.Reason, error.IsFatal);
        if (error.IsFatal)
            ended(KafkaErrors.OfCall(error));
    }
}
