using Akka.Actor;
using Akka.Configuration;
using Akka.Dispatch;
using Akka.Event;

namespace Scoring.Simulation.Scheduling;

/// <summary>
/// The scheduler of an actor system in a simulated process: what is due is a step of the process. It takes the process that begins an
/// actor system on the calling thread (<see cref="VirtualActorSystem"/>), since Akka makes it from a configuration alone.
/// </summary>
/// <param name="section">Its section.</param>
/// <param name="log">Where it would log.</param>
public sealed class AkkaClock(Config section, ILoggingAdapter log) : SchedulerBase(section, log)
{
    /// <summary>The process that it is of.</summary>
    public VirtualProcess Process { get; } = VirtualActorSystem.Beginning ?? throw new InvalidOperationException("no simulated process begins an actor system");

    /// <inheritdoc/>
    public override TimeSpan MonotonicClock => Process.Scheduler.Now;

    /// <inheritdoc/>
    public override TimeSpan HighResMonotonicClock => Process.Scheduler.Now;

    /// <inheritdoc/>
    protected override DateTimeOffset TimeNow => Process.Time.GetUtcNow();

    /// <inheritdoc/>
    protected override void InternalScheduleTellOnce(TimeSpan delay, ICanTell receiver, object message, IActorRef sender, ICancelable cancelable) =>
        Once(delay, () => receiver.Tell(message, sender), cancelable);

    /// <inheritdoc/>
    protected override void InternalScheduleTellRepeatedly(TimeSpan initialDelay, TimeSpan interval, ICanTell receiver, object message, IActorRef sender, ICancelable cancelable) =>
        Repeatedly(initialDelay, interval, () => receiver.Tell(message, sender), cancelable);

    /// <inheritdoc/>
    protected override void InternalScheduleOnce(TimeSpan delay, Action action, ICancelable? cancelable) => Once(delay, action, cancelable);

    /// <inheritdoc/>
    protected override void InternalScheduleOnce(TimeSpan delay, IRunnable action, ICancelable? cancelable) => Once(delay, action.Run, cancelable);

    /// <inheritdoc/>
    protected override void InternalScheduleRepeatedly(TimeSpan initialDelay, TimeSpan interval, Action action, ICancelable? cancelable) =>
        Repeatedly(initialDelay, interval, action, cancelable);

    /// <inheritdoc/>
    protected override void InternalScheduleRepeatedly(TimeSpan initialDelay, TimeSpan interval, IRunnable action, ICancelable? cancelable) =>
        Repeatedly(initialDelay, interval, action.Run, cancelable);

    private void Once(TimeSpan delay, Action action, ICancelable? cancelable) => Process.Scheduler.After(Process, delay, () =>
    {
        if (cancelable is not { IsCancellationRequested: true })
            action();
    });

    // The next is due after this one has been, so that a process that stands still finds one waiting and not hundreds.
    private void Repeatedly(TimeSpan delay, TimeSpan interval, Action action, ICancelable? cancelable) => Process.Scheduler.After(Process, delay, () =>
    {
        if (cancelable is { IsCancellationRequested: true })
            return;
        action();
        Repeatedly(interval, interval, action, cancelable);
    });
}
