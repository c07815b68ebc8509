namespace Scoring.Tests.Kafka.Fakes;

/// <summary>A clock that the test turns, with its timers.</summary>
internal sealed class FakeTime : TimeProvider
{
    private readonly List<FakeTimer> timers = [];
    private TimeSpan now;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => now.Ticks;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new FakeTimer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    public void Advance(TimeSpan by)
    {
        now += by;
        foreach (var timer in timers.FindAll(t => t.Due <= now))
            timer.Fire();
    }

    private sealed class FakeTimer(FakeTime time, TimerCallback callback, object? state) : ITimer
    {
        public TimeSpan? Due { get; private set; }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            time.timers.Remove(this);
            Due = dueTime < TimeSpan.Zero ? null : time.now + dueTime;
            if (Due is not null)
                time.timers.Add(this);
            return true;
        }

        public void Fire()
        {
            time.timers.Remove(this);
            callback(state);
        }

        public void Dispose() => time.timers.Remove(this);

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
