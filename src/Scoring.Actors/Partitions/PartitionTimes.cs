namespace Scoring.Actors.Partitions;

/// <summary>The times of a region's partitions. They are parts of one design, which holds them against each other, and no settings.</summary>
public sealed record PartitionTimes
{
    /// <summary>How long the first attempt after a loss waits; each further one twice as long as the one before.</summary>
    public TimeSpan FirstBackoff { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long one waits at most.</summary>
    public TimeSpan LongestBackoff { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long an owner has to be live until the next loss counts as a first one.</summary>
    public TimeSpan Steady { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How long the node's generations may take to begin one.</summary>
    public TimeSpan Begin { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// How long an owner may take to give its partition back. Less than the 15 s after which the region, whose hand-off may take 20 s,
    /// would stop the partition itself; more than the 8 s which the owner allows itself for what is under way, and a commit.
    /// </summary>
    public TimeSpan Drain { get; init; } = TimeSpan.FromSeconds(14);

    /// <summary>How often a fenced partition looks whether whoever fenced it gets on.</summary>
    public TimeSpan FencedLook { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long the committed offset has to stand still, with records behind it, until a fenced partition fences in turn.</summary>
    public TimeSpan FencedRest { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How often a partition that is down tries again, so that it notices a repair by itself.</summary>
    public TimeSpan DownRetry { get; init; } = TimeSpan.FromSeconds(60);
}

/// <summary>How far a partition of a log is.</summary>
/// <param name="Committed">The offset that the group has committed; null before the first.</param>
/// <param name="End">The offset behind its newest record.</param>
public readonly record struct LogProgress(long? Committed, long End)
{
    /// <summary>Whether there is something to do.</summary>
    public bool Lags => End > (Committed ?? 0);
}
