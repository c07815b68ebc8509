using Akka.Actor;
using Akka.Cluster;
using Scoring.Actors.Messages;
using Scoring.Models.Wire;

namespace Scoring.Actors.Replies;

/// <summary>
/// Tells a call of the cluster's member that the record's header names by uid. Only who is a member now is ever told, so no record can make
/// a node connect anywhere; a uid that is nobody's is counted. So is one whose member is out of reach: what is told to it would wait in
/// the remoting without a bound, for a call that has long gone to the ledger. Nothing is kept here.
/// </summary>
/// <param name="system">The actor system; asked for at the first reply.</param>
/// <param name="metrics">Where it counts.</param>
public sealed class ClusterReplyRouter(Func<ActorSystem> system, ReplyMetrics metrics) : IReplyRouter
{
    private readonly Lazy<Akka.Cluster.Cluster> cluster = new(() => Akka.Cluster.Cluster.Get(system()));

    /// <inheritdoc/>
    public void Scored(in ReplyTo replyTo, byte[]? score) => Tell(replyTo.NodeUid, new CallScored(replyTo.Call, score));

    /// <inheritdoc/>
    public void Rejected(in ReplyTo replyTo, Rejection rejection) => Tell(replyTo.NodeUid, new CallRejected(replyTo.Call, rejection));

    private void Tell(int uid, IRemoteMessage reply)
    {
        if (AddressOf(uid) is not { } address)
        {
            metrics.NoMember();
            return;
        }

        system().ActorSelection(new RootActorPath(address) / "user" / ReplyActor.Name).Tell(reply, ActorRefs.NoSender);
        metrics.Sent();
    }

    private Address? AddressOf(int uid)
    {
        if (uid == cluster.Value.SelfUniqueAddress.Uid)
            return cluster.Value.SelfAddress;
        var state = cluster.Value.State;
        foreach (var member in state.Members)
        {
            if (member.UniqueAddress.Uid == uid && member.Status is not (MemberStatus.Down or MemberStatus.Removed) && !state.Unreachable.Contains(member))
                return member.Address;
        }

        return null;
    }
}
