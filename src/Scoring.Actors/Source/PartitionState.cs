namespace Scoring.Actors.Source;

/// <summary>How the source sees one partition of this node.</summary>
/// <param name="Partition">The partition.</param>
/// <param name="CommittedOffset">The offset that the group has committed; null before the first.</param>
/// <param name="EndOffset">The offset behind the log's last record, as of the last fetch; null before it.</param>
/// <param name="Paused">Whether reading is paused because the shard's mailbox is full.</param>
/// <param name="Down">Why the partition can't be read; null while it can.</param>
public sealed record PartitionState(int Partition, long? CommittedOffset, long? EndOffset, bool Paused, string? Down)
{
    /// <summary>Down because the log does not hold what the shard needs next.</summary>
    public const string LogGap = "state_log_gap";

    /// <summary>Records of the log that are not committed yet; null while that is not known.</summary>
    public long? Lag => EndOffset - CommittedOffset;
}
