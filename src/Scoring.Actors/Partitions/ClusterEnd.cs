using Akka.Actor;

namespace Scoring.Actors.Partitions;

/// <summary>Why a node is no member of the cluster any more.</summary>
public static class ClusterEnd
{
    // The parts of a node that was downed hear of it in any order, and its shutdown, which knows the reason, follows at once.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>What to tell of a node that takes no part any more though nobody has stopped it.</summary>
    /// <param name="system">Its actor system.</param>
    /// <param name="time">Bounds the waiting for the actor system's own end, which tells the reason.</param>
    public static async Task<InvalidOperationException> UnaskedAsync(ActorSystem system, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(system);
        await system.WhenTerminated.WaitAsync(Patience, time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return new InvalidOperationException(CoordinatedShutdown.Get(system).ShutdownReason switch
        {
            CoordinatedShutdown.ClusterDowningReason => "The cluster has downed this node: the others could not reach it, or it was not on the larger side of a split",
            CoordinatedShutdown.ClusterLeavingReason => "This node has left the cluster, and nobody on it had asked for that",
            CoordinatedShutdown.ClusterJoinUnsuccessfulReason => "This node could not join the cluster",
            _ => "The node's part in the cluster has ended",
        });
    }
}
