using Confluent.Kafka;

namespace Scoring.Kafka.Consumers;

/// <summary>Which partition a stream reads, and from where.</summary>
public sealed record AssignmentWithOffset
{
    internal AssignmentWithOffset(TopicPartitionOffset offset) => Offset = offset;

    /// <summary>The partition, and the offset of the first record to read.</summary>
    public TopicPartitionOffset Offset { get; }

    /// <summary>
    /// The offset that the group has committed already; null where there is none. What is committed never falls below it, so a
    /// stream that begins with a replay commits nothing until it has passed it.
    /// </summary>
    public long? Committed { get; init; }

    /// <summary>Whether what is done is committed to the group; not where the reader keeps its offsets elsewhere, as beside what it has made of the records.</summary>
    public bool IsCommitted { get; init; } = true;

    /// <summary>
    /// Whether the committed offset is committed again while nothing new is, before the brokers let it expire. Not where it is
    /// committed in transactions, which do that by themselves.
    /// </summary>
    public bool IsRefreshed { get; init; }

    /// <summary>
    /// Before which offset a batch ends that begins with a given one, so that records which may fail are handed out alone; null for no
    /// such bound. Asked on the stream's thread for each batch; must not change while the stream runs.
    /// </summary>
    public Func<long, long>? EndOfBatch { get; init; }
}

/// <summary>What a stream may read. Partitions are assigned by hand alone: who owns which is not for the group to say.</summary>
public static class Subscriptions
{
    /// <summary>One partition from an offset on.</summary>
    /// <param name="offset">The partition, and the offset of the first record to read; not a logical one.</param>
    /// <exception cref="ArgumentException">It names no partition or no offset.</exception>
    public static AssignmentWithOffset AssignmentWithOffset(TopicPartitionOffset offset)
    {
        ArgumentNullException.ThrowIfNull(offset);
        if (string.IsNullOrEmpty(offset.Topic) || offset.Partition.Value < 0 || offset.Offset.Value < 0)
            throw new ArgumentException($"{offset} must name a topic, a partition from 0 on and an offset from 0 on", nameof(offset));
        return new(offset);
    }
}
