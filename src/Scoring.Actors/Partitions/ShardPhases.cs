using Scoring.Actors.Source;

namespace Scoring.Actors.Partitions;

/// <summary>What a shard does, in words.</summary>
public static class ShardPhases
{
    /// <summary>Why a shard is down, or what it does: recovering, live, paused, stopping, stopped.</summary>
    /// <param name="progress">The shard's progress.</param>
    /// <param name="partition">What the source knows of its partition; null if nothing.</param>
    public static string InWords(this ShardProgress progress, PartitionState? partition)
    {
        ArgumentNullException.ThrowIfNull(progress);
        return (progress.Down ?? partition?.Down, progress.Phase) switch
        {
            ({ } why, _) => why,
            (_, ShardPhase.Recovering) => "recovering",
            (_, ShardPhase.Live) => partition is { Paused: true } ? "paused" : "live",
            (_, ShardPhase.Stopping) => "stopping",
            (_, ShardPhase.Stopped) => "stopped",
            _ => "down",
        };
    }
}
