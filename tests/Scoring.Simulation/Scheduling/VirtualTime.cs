namespace Scoring.Simulation.Scheduling;

/// <summary>
/// The clock of a simulated process. Timers and timestamps follow the scheduler's time, which only moves between
/// steps; the wall clock can be set and so can jump, as a real one does.
/// </summary>
public sealed class VirtualTime : TimeProvider
{
    private readonly VirtualProcess process;

    internal VirtualTime(VirtualProcess process) => this.process = process;

    /// <summary>What the wall clock shows when a simulation starts.</summary>
    public static DateTimeOffset Start { get; } = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    /// <summary>How far the wall clock is off.</summary>
    public TimeSpan Skew { get; set; }

    /// <inheritdoc/>
    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    /// <inheritdoc/>
    public override long GetTimestamp() => process.Scheduler.Now.Ticks;

    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow() => Start + process.Scheduler.Now + Skew;

    /// <inheritdoc/>
    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

    /// <inheritdoc/>
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        ArgumentNullException.ThrowIfNull(callback);
        return new VirtualTimer(process, callback, state, dueTime, period);
    }
}

/// <summary>A timer of a simulated process. One that is due while the process is paused fires once it goes on.</summary>
internal sealed class VirtualTimer : ITimer
{
    private readonly TimerCallback callback;
    private readonly object? state;
    private TimeSpan period;

    internal VirtualTimer(VirtualProcess process, TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        Process = process;
        this.callback = callback;
        this.state = state;
        Change(dueTime, period);
    }

    internal VirtualProcess Process { get; }

    /// <summary>When it fires next; null if it does not.</summary>
    internal TimeSpan? DueAt { get; private set; }

    public bool Change(TimeSpan dueTime, TimeSpan period)
    {
        this.period = period;
        DueAt = dueTime < TimeSpan.Zero ? null : Process.Scheduler.Now + dueTime;
        if (DueAt is { } due)
            Process.Scheduler.Schedule(this, due);
        return true;
    }

    public void Dispose() => DueAt = null;

    public ValueTask DisposeAsync()
    {
        Dispose();
        return ValueTask.CompletedTask;
    }

    internal void Fire()
    {
        DueAt = null;
        if (period > TimeSpan.Zero)
            Change(period, period);
        Process.Scheduler.Post(new VirtualScheduler.Work(Process, () => callback(state)));
    }
}
