namespace Scoring.Actors.Partitions;

/// <summary>What a partition does on this node.</summary>
public enum PartitionPhase
{
    /// <summary>It waits before it takes over again, since the last take-over failed.</summary>
    Waiting,

    /// <summary>Its owner takes it over: fences, loads, replays.</summary>
    TakingOver,

    /// <summary>Its owner emits.</summary>
    Live,

    /// <summary>Its owner gives it back.</summary>
    Draining,

    /// <summary>Another owner has fenced this node's, and is left alone while it gets on.</summary>
    Fenced,

    /// <summary>It can't go on until someone has changed what is wrong.</summary>
    Down,
}

/// <summary>How a partition is on this node.</summary>
/// <param name="Partition">The partition.</param>
/// <param name="Phase">What it does.</param>
/// <param name="Generation">The number of its last take-over.</param>
/// <param name="Since">Since when it has been so.</param>
/// <param name="Code">Why it is down, as a code; null while it is not.</param>
/// <param name="Why">Why it is down, fenced or waiting, for a person; null while it is none of these.</param>
public sealed record PartitionStatus(int Partition, PartitionPhase Phase, long Generation, DateTimeOffset Since, string? Code, string? Why);
