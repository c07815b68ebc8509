using Scoring.Actors.Source;

namespace Scoring.Actors.Pipeline;

/// <summary>What a shard does, in words.</summary>
public static class ShardPhases
{
    /// <summary>Why a shard is down, or what it does: recovering, live, paused, stopping, stopped.</summary>
    /// <param name="shard">The shard.</param>
    /// <param name="partition">What the source knows of its partition; null if nothing.</param>
    public static string Phase(this ShardActor shard, PartitionState? partition)
    {
        ArgumentNullException.ThrowIfNull(shard);
        return (shard.Progress.Down ?? partition?.Down, shard.Progress.Phase) switch
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
