using Akka.Actor;

namespace Scoring.Host.Composition;

/// <summary>
/// Whether what a node is made of turns: an actor's timer, and with it the scheduler and the dispatcher of the actor system, and the loop that
/// polls Kafka. A node of which one stands still will not mend itself, and an orchestrator should start it anew. Brokers or stores that are
/// away stop neither. Any thread may ask; nothing waits.
/// </summary>
/// <param name="polls">How often the loop that polls Kafka has turned; 0 before it has started.</param>
/// <param name="time">Times how long something stands still.</param>
internal sealed class NodePulse(Func<long> polls, TimeProvider time)
{
    /// <summary>How often the actor looks.</summary>
    internal static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    /// <summary>Longer than a pause for garbage, or a machine that is busy with others.</summary>
    internal static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly Lock gate = new();
    private long? beatAt;
    private long? polledAt;
    private long lastPolls;

    /// <summary>What stands still; empty if nothing does, or nothing has started.</summary>
    internal IReadOnlyList<string> WhyNotAlive()
    {
        lock (gate)
        {
            List<string> reasons = [];
            if (beatAt is { } beat && time.GetElapsedTime(beat) is var still && still > Patience)
                reasons.Add($"the actor system has stood still for {still.TotalSeconds:N0} s");
            // Counted here, and not by the beats alone, which might have ended.
            if (CountPolls() is { } polled && time.GetElapsedTime(polled) is var stuck && stuck > Patience)
                reasons.Add($"the thread that polls Kafka has stood still for {stuck.TotalSeconds:N0} s");
            return reasons;
        }
    }

    /// <summary>Begins to look, for as long as the actor system lives.</summary>
    /// <param name="system">The actor system.</param>
    internal void Start(ActorSystem system) => system.ActorOf(Props.Create(() => new Beats(this)), "pulse");

    /// <summary>An actor has got a message.</summary>
    internal void Beat()
    {
        lock (gate)
        {
            beatAt = time.GetTimestamp();
            CountPolls();
        }
    }

    private long? CountPolls()
    {
        var now = polls();
        if (now != lastPolls)
            (lastPolls, polledAt) = (now, time.GetTimestamp());
        return polledAt;
    }

    private sealed class Beats(NodePulse pulse) : UntypedActor, IWithTimers
    {
        public ITimerScheduler Timers { get; set; } = null!;

        protected override void PreStart() => Timers.StartPeriodicTimer(nameof(Beat), nameof(Beat), TimeSpan.Zero, Interval);

        protected override void OnReceive(object message) => pulse.Beat();
    }
}
