using Confluent.Kafka;

namespace Scoring.Producer.Load;

/// <summary>
/// How far partitions have been read. Markers of transactions and aborted records take offsets too and are never handed
/// out, so what tells that a partition's end was reached is the client's word for it, not its last record. One thread
/// reads, any may ask.
/// </summary>
internal sealed class ReadPositions
{
    private readonly Lock gate = new();
    private readonly Dictionary<TopicPartition, long> positions;

    /// <summary>Starts with where reading begins.</summary>
    /// <param name="starts">The offset of the next record of each partition.</param>
    public ReadPositions(IEnumerable<TopicPartitionOffset> starts) => positions = starts.ToDictionary(s => s.TopicPartition, s => s.Offset.Value);

    /// <summary>A record was read.</summary>
    /// <param name="record">Where it stands.</param>
    public void Took(TopicPartitionOffset record) => MoveTo(record.TopicPartition, record.Offset.Value + 1);

    /// <summary>Nothing more was there.</summary>
    /// <param name="end">The offset at which the next record will stand at the earliest.</param>
    public void CameToEnd(TopicPartitionOffset end) => MoveTo(end.TopicPartition, end.Offset.Value);

    /// <summary>The offset behind what was read of a partition.</summary>
    /// <param name="partition">The partition.</param>
    public long Of(TopicPartition partition)
    {
        lock (gate)
            return positions[partition];
    }

    /// <summary>Whether everything before the given ends has been read.</summary>
    /// <param name="ends">The offset behind the last, by partition.</param>
    public bool HaveReached(IReadOnlyDictionary<TopicPartition, long> ends)
    {
        lock (gate)
            return ends.All(e => positions[e.Key] >= e.Value);
    }

    private void MoveTo(TopicPartition partition, long position)
    {
        lock (gate)
            positions[partition] = Math.Max(positions[partition], position);
    }
}
