using Confluent.Kafka;
using Scoring.Kafka.Clients;

namespace Scoring.Tests.Kafka.Fakes;

/// <summary>The group's offsets and the log's bounds. A commit is made on the commit loop, one at a time; the rest on the look-up loop.</summary>
internal sealed class FakeOffsetClient(FakeKafka kafka) : IOffsetClient
{
    private bool isCommitting;

    /// <summary>Called in the middle of a commit: it has reached the group, and the answer has not come.</summary>
    public Action WhileCommitting { get; set; } = static () => { };

    /// <summary>The failure of the next commit as a whole.</summary>
    public Queue<KafkaFailure> CommitFails { get; } = [];

    /// <summary>Partitions whose commits are refused.</summary>
    public Dictionary<TopicPartition, KafkaFailure> Refused { get; } = [];

    /// <summary>How often the next committed offset is not stable.</summary>
    public int UnstableFor { get; set; }

    public int Probes { get; private set; }

    public bool IsDisposed { get; private set; }

    public IReadOnlyList<KafkaFailure?> Commit(IReadOnlyList<TopicPartitionOffset> offsets)
    {
        Assert.Equal("kafka-commit", kafka.Turns.Current);
        Assert.False(isCommitting);
        isCommitting = true;
        WhileCommitting();
        isCommitting = false;
        kafka.ThrowIfAway();
        if (CommitFails.TryDequeue(out var failure))
            throw new KafkaCallException(failure);
        kafka.Commits.Add(string.Join(", ", offsets.Select(o => $"{o.Partition.Value}@{o.Offset.Value}")));
        return [.. offsets.Select(Take)];
    }

    public long? StableCommitted(TopicPartition partition, TimeSpan timeout)
    {
        Check();
        if (UnstableFor-- > 0)
            throw new KafkaCallException(FakeKafka.Failure(FailureClass.Retriable, ErrorCode.UnstableOffsetCommit));
        return kafka.Offsets.TryGetValue(partition, out var offset) ? offset : null;
    }

    public LogBounds Bounds(TopicPartition partition, TimeSpan timeout)
    {
        Check();
        return new(kafka[partition].Low, kafka[partition].High);
    }

    public TopicFacts Describe(string topic, TimeSpan timeout)
    {
        Check();
        return new(topic, "id", 4);
    }

    public void Probe(TimeSpan timeout)
    {
        Probes++;
        Check();
    }

    public void Dispose() => IsDisposed = true;

    private KafkaFailure? Take(TopicPartitionOffset offset)
    {
        if (Refused.TryGetValue(offset.TopicPartition, out var failure))
            return failure;
        kafka.Offsets[offset.TopicPartition] = offset.Offset.Value;
        return null;
    }

    private void Check()
    {
        Assert.Equal("kafka-lookup", kafka.Turns.Current);
        kafka.ThrowIfAway();
    }
}
