using Akka.Actor;

namespace Scoring.Actors.Partitions;

/// <summary>Why a node is no member of the cluster any more.</summary>
public static class ClusterEnd
{
    /// <summary>What to tell of a node that takes no part any more though nobody has stopped it.</summary>
    /// <param name="system">Its actor system.</param>
    public static InvalidOperationException Unasked(ActorSystem system) => new(CoordinatedShutdown.Get(system).ShutdownReason switch
    {
        CoordinatedShutdown.ClusterDowningReason => "The cluster has downed this node: the others could not reach it, or it was not on the larger side of a split",
        CoordinatedShutdown.ClusterLeavingReason => "This node has left the cluster, and nobody on it had asked for that",
        CoordinatedShutdown.ClusterJoinUnsuccessfulReason => "This node could not join the cluster",
        _ => "The node's part in the cluster has ended",
    });
}
