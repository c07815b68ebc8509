using Akka.Actor;
using Scoring.Actors.Messages;

namespace Scoring.Actors.Replies;

/// <summary>Takes what the owners of all nodes tell the calls that wait on this one. Who waits no more is counted.</summary>
public sealed class ReplyActor : UntypedActor
{
    private readonly IWaitingCalls calls;
    private readonly ReplyMetrics metrics;

    /// <summary>Makes it.</summary>
    /// <param name="calls">The calls that wait on this node.</param>
    /// <param name="metrics">Where it counts.</param>
    public ReplyActor(IWaitingCalls calls, ReplyMetrics metrics)
    {
        ArgumentNullException.ThrowIfNull(calls);
        ArgumentNullException.ThrowIfNull(metrics);
        this.calls = calls;
        this.metrics = metrics;
    }

    /// <summary>The name that it goes by below <c>/user</c> on every node.</summary>
    public const string Name = "replies";

    /// <summary>How it is made.</summary>
    /// <param name="calls">The calls that wait on this node.</param>
    /// <param name="metrics">Where it counts.</param>
    public static Props Props(IWaitingCalls calls, ReplyMetrics metrics) => Akka.Actor.Props.Create(() => new ReplyActor(calls, metrics));

    /// <inheritdoc/>
    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case CallScored scored:
                Count(calls.TryScored(scored.Call, scored.Score));
                break;
            case CallRejected rejected:
                Count(calls.TryRejected(rejected.Call, rejected.Rejection));
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    private void Count(bool waited)
    {
        if (!waited)
            metrics.NoCall();
    }
}
