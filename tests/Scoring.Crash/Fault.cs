namespace Scoring.Crash;

/// <summary>What is done to a node.</summary>
internal enum FaultKind
{
    /// <summary>SIGKILL; it is started again later.</summary>
    Kill,

    /// <summary>SIGSTOP for longer than the session timeout, then SIGCONT: it wakes up as a zombie.</summary>
    Stop,
}

/// <summary>One thing that was done to a node, and what came of it.</summary>
/// <param name="Kind">What.</param>
/// <param name="Node">To which.</param>
/// <param name="At">When, since the load began.</param>
/// <param name="HandOvers">One for each partition that it owned.</param>
internal sealed record Fault(FaultKind Kind, ClusterNode Node, TimeSpan At, IReadOnlyList<HandOver> HandOvers)
{
    public override string ToString() => $"{(Kind == FaultKind.Kill ? "SIGKILL" : "SIGSTOP")} {Node.Name}";
}

/// <summary>How a partition passed from a node that was killed or stopped to another owner. Written by the monitor.</summary>
internal sealed class HandOver
{
    public required int Partition { get; init; }

    /// <summary>The fence of the owner that was killed or stopped.</summary>
    public required long Fence { get; init; }

    /// <summary>Score records of the partition that repeated another, when it happened.</summary>
    public required long RepeatsBefore { get; init; }

    /// <summary>When it happened, as a timestamp.</summary>
    public required long Began { get; init; }

    /// <summary>How long it took until another owner had the shard's row; null until then.</summary>
    public TimeSpan? Acquired { get; set; }

    /// <summary>How long it took until a score of the partition arrived after that; null until then.</summary>
    public TimeSpan? Scored { get; set; }

    /// <summary>The new owner's name.</summary>
    public string Owner { get; set; } = "";

    /// <summary>Score records of the partition that repeated another, until the partition's next fault or the end.</summary>
    public long Repeats { get; set; }
}
