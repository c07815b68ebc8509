using Scoring.Actors.Log;
using Scoring.Models.Durations;

namespace Scoring.Actors.Source;

/// <summary>How the partitions of a group are spread over its members.</summary>
public enum Assignor
{
    /// <summary>Partitions that stay with their member are not interrupted by a rebalance.</summary>
    CooperativeSticky,

    /// <summary>Every rebalance stops all members.</summary>
    Range,
}

/// <summary>Where a group starts on a partition of which it has committed no offset.</summary>
public enum FirstStart
{
    /// <summary>At the oldest record that the log still has.</summary>
    Earliest,

    /// <summary>At the next record to arrive.</summary>
    Latest,
}

/// <summary>How this node reads the input log.</summary>
public sealed record SourceOptions : GroupOptions
{
    /// <summary>How partitions are spread over nodes.</summary>
    public Assignor Assignor { get; init; } = Assignor.CooperativeSticky;

    /// <summary>Where a new group starts.</summary>
    public FirstStart FirstStart { get; init; } = FirstStart.Earliest;

    /// <summary>How often finished offsets are committed.</summary>
    [DurationRange("1ms", "10m")]
    public TimeSpan CommitInterval { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>
    /// How long after a shard was fenced its partition is opened again, if the group still takes this node's commits for it:
    /// long enough to hear that the partition has moved.
    /// </summary>
    [DurationRange("1ms", "10m")]
    public TimeSpan ReopenDelay { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>How long the shards of revoked partitions may take to finish what they have started.</summary>
    [DurationRange("1ms", "1m")]
    public TimeSpan RevocationTimeout { get; init; } = TimeSpan.FromSeconds(2);
}
