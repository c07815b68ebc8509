using Akka.Actor;
using Akka.Event;
using Scoring.Actors.Messages;

namespace Scoring.Actors.Partitions;

/// <summary>
/// A partition, as the entity of its region: at most one of each in the cluster, and it lives as long as it is this node's. It has no
/// children: it runs one generation after another, each an owner that the node's <see cref="GenerationsActor"/> makes, and so never waits
/// for the death of a million cardholders.
/// <list type="number">
/// <item>It asks for a generation, and watches the owner that it gets.</item>
/// <item>The owner went live: for a while, and the backoff begins anew.</item>
/// <item>The owner is lost, or dead without a word: another generation, after the backoff.</item>
/// <item>The owner was fenced: rest, until whoever fenced it has not got on for long. Two owners would fence each other for ever.</item>
/// <item>The owner went down: rest, with a look now and then.</item>
/// <item>The region takes the partition away: the owner drains, and with it this actor ends; or by a bound.</item>
/// </list>
/// A ping of the region finds the entity there and changes nothing. Who asks for a card or figures is passed on to the owner while it is
/// live, else refused.
/// </summary>
public sealed class PartitionActor : UntypedActor, IWithTimers
{
    private readonly int partition;
    private readonly IActorRef generations;
    private readonly PartitionRegistry registry;
    private readonly Func<int, Task<LogProgress>> progress;
    private readonly PartitionTimes times;
    private readonly ILoggingAdapter log = Context.GetLogger();

    private long generation;
    private IActorRef? owner;
    private PartitionPhase phase;
    private int losses;
    private bool looking;
    private LogProgress? lastLook;
    private DateTimeOffset standsSince;

    /// <summary>Makes the partition; it asks for its first generation at once.</summary>
    /// <param name="partition">Its number.</param>
    /// <param name="generations">Begins its generations.</param>
    /// <param name="registry">Where it tells how it is.</param>
    /// <param name="progress">Looks how far a partition of the log is.</param>
    /// <param name="times">Its times.</param>
    public PartitionActor(int partition, IActorRef generations, PartitionRegistry registry, Func<int, Task<LogProgress>> progress, PartitionTimes times)
    {
        ArgumentNullException.ThrowIfNull(generations);
        ArgumentNullException.ThrowIfNull(registry);
        ArgumentNullException.ThrowIfNull(progress);
        ArgumentNullException.ThrowIfNull(times);
        this.partition = partition;
        this.generations = generations;
        this.registry = registry;
        this.progress = progress;
        this.times = times;
    }

    private enum Due
    {
        Retry,
        Steady,
        Begin,
        Drain,
        Look,
    }

    /// <inheritdoc/>
    public ITimerScheduler Timers { get; set; } = null!;

    /// <summary>How it is made.</summary>
    /// <param name="partition">Its number.</param>
    /// <param name="generations">Begins its generations.</param>
    /// <param name="registry">Where it tells how it is.</param>
    /// <param name="progress">Looks how far a partition of the log is.</param>
    /// <param name="times">Its times.</param>
    public static Props Props(int partition, IActorRef generations, PartitionRegistry registry, Func<int, Task<LogProgress>> progress, PartitionTimes times) =>
        Akka.Actor.Props.Create(() => new PartitionActor(partition, generations, registry, progress, times));

    /// <inheritdoc/>
    protected override void PreStart() => Begin();

    /// <inheritdoc/>
    protected override void PostStop() => registry.Remove(partition);

    /// <inheritdoc/>
    protected override void OnReceive(object message)
    {
        switch (message)
        {
            // 1. A generation begins.
            case GenerationBegun begun when begun.Generation == generation && owner is null:
                Begun(begun.Owner);
                break;
            case GenerationBegun begun:
                // It came too late.
                begun.Owner.Tell(Drain.Instance);
                break;

            // What another generation still has to say is of no interest.
            case GenerationReport report when report.Generation != generation:
            case OwnerDied died when died.Generation != generation || owner is null:
                break;

            // 2. It is live.
            case WentLive when phase == PartitionPhase.TakingOver:
                Enter(PartitionPhase.Live);
                Timers.StartSingleTimer(Due.Steady, Due.Steady, times.Steady);
                break;
            case WentLive:
                break;
            case Due.Steady:
                losses = 0;
                break;

            // 6. Whatever the last word of an owner is, it has nothing of the partition any more.
            case GaveBack or Lost or WentDown or OwnerDied or Due.Begin when phase == PartitionPhase.Draining:
                Context.Stop(Self);
                break;

            // 3. It is lost.
            case GaveBack:
                Wait("its owner gave it back unasked");
                break;
            case OwnerDied:
                Wait("its owner died without a word");
                break;
            case Lost { Cause: not LossCause.Fenced } lost:
                Wait(lost.Why);
                break;
            case Due.Begin:
                Wait($"no generation began within {times.Begin}");
                break;
            case Due.Retry:
                Begin();
                break;

            // 4. It was fenced.
            case Lost lost:
                Rest(lost.Why);
                break;
            case Due.Look:
                Look();
                break;
            case Looked looked:
                looking = false;
                if (phase == PartitionPhase.Fenced)
                    Judge(looked.Progress);
                break;

            // 5. It went down.
            case WentDown down:
                GoDown(down);
                break;

            // 6. The region takes it away.
            case Drain when phase == PartitionPhase.Draining:
                break;
            case Drain when owner is null && !Timers.IsTimerActive(Due.Begin):
                Context.Stop(Self);
                break;
            case Drain:
                Enter(PartitionPhase.Draining);
                owner?.Tell(Drain.Instance);
                Timers.StartSingleTimer(Due.Drain, Due.Drain, times.Drain);
                break;
            case Due.Drain:
                // The node's generations see this actor's end, and stop the owner. What it had under way is fenced off by the next one.
                log.Warning("Partition {0} is given away undrained: its owner took longer than {1}", partition, times.Drain);
                Context.Stop(Self);
                break;

            case ReadCard or ReadStatistics when phase == PartitionPhase.Live:
                owner!.Forward(message);
                break;
            case ReadShard:
                Sender.Tell(registry.Describe(partition));
                break;
            case ReadCard:
                Sender.Tell(new CardRead(null));
                break;
            case ReadStatistics:
                Sender.Tell(new StatisticsRead(null));
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    private void Begin()
    {
        generation = registry.NextGeneration(partition);
        // One that is down is so until it is live again: whether this attempt fares better is not known yet.
        if (phase == PartitionPhase.Down)
            phase = PartitionPhase.TakingOver;
        else
            Enter(PartitionPhase.TakingOver);
        Timers.StartSingleTimer(Due.Begin, Due.Begin, times.Begin);
        generations.Tell(new BeginGeneration(partition, generation));
    }

    private void Begun(IActorRef itsOwner)
    {
        Timers.Cancel(Due.Begin);
        owner = itsOwner;
        Context.WatchWith(owner, new OwnerDied(generation));
        // It was asked for before the region took the partition away.
        if (phase == PartitionPhase.Draining)
            owner.Tell(Drain.Instance);
    }

    private void Wait(string why)
    {
        End();
        var delay = Backoff(losses);
        losses++;
        Enter(PartitionPhase.Waiting, why: why);
        log.Warning("Partition {0} is lost in generation {1}, and taken over again in {2}: {3}", partition, generation, delay, why);
        Timers.StartSingleTimer(Due.Retry, Due.Retry, delay);
    }

    private void Rest(string why)
    {
        End();
        (lastLook, standsSince) = (null, Now);
        Enter(PartitionPhase.Fenced, why: why);
        log.Warning("Partition {0} is fenced in generation {1}, and left to whoever did it: {2}", partition, generation, why);
        Timers.StartPeriodicTimer(Due.Look, Due.Look, TimeSpan.Zero, times.FencedLook);
    }

    private void GoDown(WentDown down)
    {
        End();
        Enter(PartitionPhase.Down, down.Code, down.Why);
        log.Error("Partition {0} is down ({1}): {2}", partition, down.Code, down.Why);
        Timers.StartSingleTimer(Due.Retry, Due.Retry, times.DownRetry);
    }

    // The owner may go on dying; nothing of it is waited for.
    private void End()
    {
        Timers.CancelAll();
        if (owner is not null)
            Context.Unwatch(owner);
        owner = null;
    }

    private void Look()
    {
        if (looking)
            return;
        looking = true;
        LookAsync(progress, partition).PipeTo(Self);
    }

    private static async Task<Looked> LookAsync(Func<int, Task<LogProgress>> progress, int partition)
    {
        try
        {
            return new Looked(await progress(partition));
        }
#pragma warning disable CA1031 // Whatever it is, the offset is not known, and the next look is due soon.
        catch (Exception)
#pragma warning restore CA1031
        {
            return new Looked(null);
        }
    }

    // What is not known, and what has nothing to do, does not stand still.
    private void Judge(LogProgress? now)
    {
        if (now is not { Lags: true } || lastLook is null || now.Value.Committed != lastLook.Value.Committed)
            standsSince = Now;
        lastLook = now is { Lags: true } ? now : null;
        if (Now - standsSince < times.FencedRest)
            return;
        Timers.CancelAll();
        log.Warning("Partition {0} was fenced, and offset {1} has not moved since: it is taken over again", partition, now?.Committed);
        Begin();
    }

    private TimeSpan Backoff(int before)
    {
        var delay = times.FirstBackoff;
        for (var i = 0; i < before && delay < times.LongestBackoff; i++)
            delay *= 2;
        return delay < times.LongestBackoff ? delay : times.LongestBackoff;
    }

    private void Enter(PartitionPhase next, string? code = null, string? why = null)
    {
        phase = next;
        registry.Set(new PartitionStatus(partition, next, generation, Now, code, why));
    }

    private static DateTimeOffset Now => Context.System.Scheduler.Now;

    private sealed record OwnerDied(long Generation) : INoSerializationVerificationNeeded;

    private sealed record Looked(LogProgress? Progress) : INoSerializationVerificationNeeded;
}
