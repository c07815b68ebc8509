using Confluent.Kafka;
using Scoring.Kafka.Clients;

namespace Scoring.Kafka.Consumers;

/// <summary>
/// What waited of a partition when its stage was asked: the records in a stretch of the log, in order, as far as readers of
/// committed records are handed any. It may hold none: then it says that the stretch has none, as where the log ends with an
/// aborted transaction. So where a replay ends is told by <see cref="Next"/> and never by a record.
/// </summary>
public sealed class PartitionBatch
{
    internal PartitionBatch(PartitionAssignment assignment, KafkaRecord[] records, long from, long next, bool isAtEnd)
    {
        Assignment = assignment;
        Records = records;
        From = from;
        Next = next;
        IsAtEnd = isAtEnd;
    }

    /// <summary>The partition.</summary>
    public TopicPartition Partition => Assignment.Partition;

    /// <summary>The assignment that it belongs to: another number for each time that a partition of the node is assigned, rising.</summary>
    public long Epoch => Assignment.Epoch;

    /// <summary>The records. The batch's own: whoever holds the batch may use them as long as it likes.</summary>
    public IReadOnlyList<KafkaRecord> Records { get; }

    /// <summary>Where the stretch begins: <see cref="Next"/> of the batch before, or where the partition was assigned.</summary>
    public long From { get; }

    /// <summary>The offset behind the stretch: the position of the consumer, and what is committed once the batch is done.</summary>
    public long Next { get; }

    /// <summary>Whether the partition ended at <see cref="Next"/> when it was read. Told once of each end that is not where a record was.</summary>
    public bool IsAtEnd { get; }

    internal PartitionAssignment Assignment { get; }

    /// <summary>Whether all that it causes is done. Written under the lock of its assignment's <see cref="CommitPrefix"/>.</summary>
    internal bool IsDone { get; set; }
}
