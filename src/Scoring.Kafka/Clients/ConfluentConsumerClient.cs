using Confluent.Kafka;
using Microsoft.Extensions.Logging;

namespace Scoring.Kafka.Clients;

/// <summary>librdkafka's consumer, with partitions assigned by hand.</summary>
internal sealed class ConfluentConsumerClient : IConsumerClient
{
    private readonly IConsumer<byte[], byte[]> consumer;

    // The client calls back within a poll, on the polling thread.
    private KafkaFailure? failure;

    internal ConfluentConsumerClient(ConsumerConfig configuration, ILogger logger)
    {
        consumer = new ConsumerBuilder<byte[], byte[]>(configuration)
            .SetErrorHandler((_, error) => failure = KafkaErrors.OfCall(error))
            .SetLogHandler((_, message) => ClientLog.Say(logger, "consumer", message.Facility, message.Message))
            .Build();
    }

    public void Assign(TopicPartition partition, long offset) => Calling(() => consumer.IncrementalAssign([new TopicPartitionOffset(partition, offset)]));

    public void Unassign(TopicPartition partition) => Calling(() => consumer.IncrementalUnassign([partition]));

    public void Pause(TopicPartition partition) => Calling(() => consumer.Pause([partition]));

    public void Resume(TopicPartition partition) => Calling(() => consumer.Resume([partition]));

    public bool Poll(TimeSpan timeout, out ConsumerEvent found)
    {
        ConsumeResult<byte[], byte[]>? result;
        try
        {
            result = consumer.Consume(timeout);
        }
        catch (ConsumeException e)
        {
            found = Failed(e);
            return true;
        }

        if (result is null)
            return TakeFailure(out found);
        found = result.IsPartitionEOF
            ? new(ConsumerEventKind.End, result.Topic, result.Partition.Value, result.Offset.Value, default, null)
            : new(ConsumerEventKind.Record, result.Topic, result.Partition.Value, result.Offset.Value, Record(result), null);
        return true;
    }

    public void Dispose() => consumer.Dispose();

    private bool TakeFailure(out ConsumerEvent found)
    {
        found = new(ConsumerEventKind.ClientFailure, "", 0, 0, default, failure);
        return Interlocked.Exchange(ref failure, null) is not null;
    }

    private static KafkaRecord Record(ConsumeResult<byte[], byte[]> result)
    {
        var message = result.Message;
        return new(result.Offset.Value, message.Timestamp, message.Key, message.Value, message.Headers is { Count: > 0 } headers ? headers : null);
    }

    private static ConsumerEvent Failed(ConsumeException exception)
    {
        var place = exception.ConsumerRecord;
        var its = KafkaErrors.OfCall(exception.Error);
        // A failure of the client's as a whole names no topic.
        var kind = string.IsNullOrEmpty(place.Topic) || its.Class == FailureClass.Fatal ? ConsumerEventKind.ClientFailure
            : KafkaErrors.IsGap(exception.Error) ? ConsumerEventKind.Gap
            : ConsumerEventKind.PartitionFailure;
        return new(kind, place.Topic ?? "", place.Partition.Value, place.Offset.Value, default, its);
    }

    private static void Calling(Action call)
    {
        try
        {
            call();
        }
        catch (KafkaException e)
        {
            throw new KafkaCallException(KafkaErrors.OfCall(e.Error), e);
        }
    }
}
