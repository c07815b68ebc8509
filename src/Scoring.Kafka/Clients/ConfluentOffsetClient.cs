using Confluent.Kafka;
using Confluent.Kafka.Admin;
using Microsoft.Extensions.Logging;

namespace Scoring.Kafka.Clients;

/// <summary>
/// A consumer of librdkafka's that reads nothing. It is not the one that reads: there a commit under way holds back every new
/// assignment, for as long as no coordinator answers.
/// </summary>
internal sealed class ConfluentOffsetClient : IOffsetClient
{
    private readonly IConsumer<Ignore, Ignore> consumer;
    private readonly IAdminClient admin;

    internal ConfluentOffsetClient(ConsumerConfig configuration, ILogger logger)
    {
        consumer = new ConsumerBuilder<Ignore, Ignore>(configuration)
            // What it can't do, each call says by itself.
            .SetErrorHandler(static (_, _) => { })
            .SetLogHandler((_, message) => ClientLog.Say(logger, "offsets", message.Facility, message.Message))
            .Build();
        admin = new DependentAdminClientBuilder(consumer.Handle).Build();
    }

    public IReadOnlyList<KafkaFailure?> Commit(IReadOnlyList<TopicPartitionOffset> offsets)
    {
        try
        {
            consumer.Commit(offsets);
            return new KafkaFailure?[offsets.Count];
        }
        catch (TopicPartitionOffsetException e)
        {
            return Failures(offsets, e.Results);
        }
        catch (KafkaException e)
        {
            throw new KafkaCallException(KafkaErrors.OfCall(e.Error), e);
        }
    }

    public long? StableCommitted(TopicPartition partition, TimeSpan timeout)
    {
        // Reading committed records, the consumer asks for stable offsets. An admin client would do it by its name, but keeps to the
        // group's coordinator of before an outage for minutes (librdkafka 2.16), and has no answer as long.
        var its = Asking(() => consumer.Committed([partition], timeout))[0];
        return its.Offset.IsSpecial ? null : its.Offset.Value;
    }

    public LogBounds Bounds(TopicPartition partition, TimeSpan timeout)
    {
        var bounds = Asking(() => consumer.QueryWatermarkOffsets(partition, timeout));
        return new(bounds.Low.Value, bounds.High.Value);
    }

    public TopicFacts Describe(string topic, TimeSpan timeout)
    {
        var result = Asking(() => Answer(admin.DescribeTopicsAsync(TopicCollection.OfTopicNames([topic]), new DescribeTopicsOptions { RequestTimeout = timeout })));
        var its = result.TopicDescriptions[0];
        return new(topic, its.TopicId is { } id && (id.MostSignificantBits | id.LeastSignificantBits) != 0 ? id.ToString() : null, its.Partitions.Count);
    }

    public void Probe(TimeSpan timeout) => Asking(() => admin.GetMetadata(timeout));

    public void Dispose()
    {
        admin.Dispose();
        consumer.Dispose();
    }

    private static KafkaFailure?[] Failures(IReadOnlyList<TopicPartitionOffset> offsets, List<TopicPartitionOffsetError> results)
    {
        var failures = new KafkaFailure?[offsets.Count];
        for (var i = 0; i < offsets.Count; i++)
        {
            var its = results.Find(r => r.TopicPartition == offsets[i].TopicPartition);
            failures[i] = its is { Error.IsError: true } ? KafkaErrors.OfCall(its.Error) : null;
        }

        return failures;
    }

    // The answer's task is completed by a thread of the client's.
    private static T Answer<T>(Task<T> call) => call.GetAwaiter().GetResult();

    private static T Asking<T>(Func<T> question)
    {
        try
        {
            return question();
        }
        catch (KafkaException e)
        {
            throw new KafkaCallException(KafkaErrors.OfCall(ErrorOf(e)), e);
        }
    }

    // What went wrong stands with the part that it went wrong with.
    private static Error ErrorOf(KafkaException exception) => exception switch
    {
        TopicPartitionOffsetException { Results: [{ } its] } => its.Error,
        DescribeTopicsException { Results.TopicDescriptions: [{ } its] } => its.Error,
        _ => exception.Error,
    };
}
