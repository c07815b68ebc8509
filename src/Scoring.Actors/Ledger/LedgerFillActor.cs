using Akka.Actor;
using Microsoft.Extensions.Logging;
using Scoring.Actors.Messages;
using Scoring.Kafka.Clients;

namespace Scoring.Actors.Ledger;

/// <summary>
/// Fills a ledger that is this node's own from all partitions of the scores: the same owners as in a region, one for each, which it
/// starts itself, and again after a pause when one is lost. On <see cref="Drain"/> all drain, and it stops.
/// </summary>
public sealed partial class LedgerFillActor : ReceiveActor, IWithTimers
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);

    private readonly LedgerOwners shared;
    private readonly ILogger logger;
    private readonly Dictionary<int, IActorRef> owners = [];
    private readonly Dictionary<int, TimeSpan> pauses = [];
    private long generations;
    private bool isDraining;

    /// <summary>Makes the actor, which begins by itself.</summary>
    /// <param name="shared">What the node's owners have in common.</param>
    public LedgerFillActor(LedgerOwners shared)
    {
        ArgumentNullException.ThrowIfNull(shared);
        this.shared = shared;
        logger = shared.Logger;
        Receive<TopicFacts>(BeginAll);
        Receive<Begin>(b => BeginOne(b.Partition));
        Receive<Find>(_ => FindPartitions());
        Receive<Failed>(f =>
        {
            LogNotFound(shared.Topic, f.Reason.Message);
            Timers.StartSingleTimer(nameof(Find), Find.Now, FirstPause);
        });
        Receive<WentLive>(_ => pauses.Remove(NumberOf(Sender)));
        Receive<GenerationReport>(_ => { });
        Receive<Terminated>(t => Ended(t.ActorRef));
        Receive<Drain>(_ => DrainAll());
    }

    /// <inheritdoc/>
    public ITimerScheduler Timers { get; set; } = null!;

    /// <summary>The actor.</summary>
    /// <param name="shared">What the node's owners have in common.</param>
    public static Props Of(LedgerOwners shared) => Props.Create(() => new LedgerFillActor(shared));

    /// <inheritdoc/>
    protected override void PreStart() => FindPartitions();

    /// <inheritdoc/>
    protected override SupervisorStrategy SupervisorStrategy() => Akka.Actor.SupervisorStrategy.StoppingStrategy;

    private void FindPartitions() => shared.Consumer.DescribeAsync(shared.Topic).PipeTo(Self, success: static f => f, failure: static e => new Failed(e));

    private void BeginAll(TopicFacts facts)
    {
        for (var partition = 0; partition < facts.Partitions; partition++)
            BeginOne(partition);
    }

    private void BeginOne(int partition)
    {
        if (isDraining || owners.ContainsKey(partition))
            return;
        owners[partition] = Context.Watch(Context.ActorOf(shared.Owner(partition, ++generations, Self)));
    }

    // Whatever it has reported: one that is gone is begun again.
    private void Ended(IActorRef owner)
    {
        var partition = NumberOf(owner);
        owners.Remove(partition);
        if (isDraining)
        {
            StopIfDrained();
            return;
        }

        var pause = pauses.GetValueOrDefault(partition, FirstPause);
        pauses[partition] = 2 * pause < LongestPause ? 2 * pause : LongestPause;
        Timers.StartSingleTimer(partition, new Begin(partition), pause);
    }

    private void DrainAll()
    {
        isDraining = true;
        Timers.CancelAll();
        foreach (var owner in owners.Values)
            owner.Tell(Drain.Instance);
        StopIfDrained();
    }

    private void StopIfDrained()
    {
        if (owners.Count == 0)
            Context.Stop(Self);
    }

    private int NumberOf(IActorRef owner) => owners.FirstOrDefault(o => o.Value.Equals(owner), new(-1, owner)).Key;

    [LoggerMessage(Level = LogLevel.Warning, Message = "The partitions of {Topic} are not known, so the ledger is not filled; it is tried again ({Reason})")]
    private partial void LogNotFound(string topic, string reason);

    private sealed record Begin(int Partition) : INoSerializationVerificationNeeded;

    private sealed record Failed(Exception Reason) : INoSerializationVerificationNeeded;

    private sealed record Find : INoSerializationVerificationNeeded
    {
        internal static Find Now { get; } = new();
    }
}
