using Scoring.Actors.Log;
using Scoring.Models.Durations;

namespace Scoring.Actors.Source;

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
    /// <summary>Where a new group starts.</summary>
    public FirstStart FirstStart { get; init; } = FirstStart.Earliest;

    /// <summary>How often finished offsets are committed.</summary>
    [DurationRange("1ms", "10m")]
    public TimeSpan CommitInterval { get; init; } = TimeSpan.FromMilliseconds(100);
}
