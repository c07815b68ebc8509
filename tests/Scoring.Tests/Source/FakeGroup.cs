using Scoring.Actors.Log;
using Scoring.Actors.Source;

namespace Scoring.Tests.Source;

/// <summary>A consumer group that the test moves by hand.</summary>
internal sealed class FakeGroup : IGroupClient
{
    private IGroupListener? listener;

    /// <summary>What the group has committed.</summary>
    public Dictionary<int, long> Offsets { get; } = [];

    /// <summary>Every commit that was taken, in order.</summary>
    public List<(int Partition, long Offset)> Commits { get; } = [];

    public List<(int Partition, long Offset)> Seeks { get; } = [];

    public List<int> Paused { get; } = [];

    /// <summary>Records to hand out.</summary>
    public Queue<(int Partition, InputRecord Record)> Records { get; } = new();

    /// <summary>How many of the next commits are refused.</summary>
    public int RefusesFor { get; set; }

    /// <summary>Whether a refused commit is taken all the same: its answer was lost.</summary>
    public bool LosesAnswers { get; set; }

    /// <summary>What happens whenever the member polls.</summary>
    public Action? Polled { get; set; }

    public bool IsClosed { get; private set; }

    public void Join(IGroupListener listener) => this.listener = listener;

    public IReadOnlyList<long>? Assign(params int[] partitions) => listener!.Assigned(partitions);

    public void Revoke(params int[] partitions) => listener!.Revoked(partitions);

    public void Lose(params int[] partitions) => listener!.Lost(partitions);

    public bool Poll(TimeSpan timeout, out int partition, out InputRecord record)
    {
        Polled?.Invoke();
        (partition, record) = Records.TryDequeue(out var next) ? next : (-1, default);
        return partition >= 0;
    }

    public IReadOnlyList<long?> Committed(IReadOnlyList<int> partitions) =>
        [.. partitions.Select(p => Offsets.TryGetValue(p, out var offset) ? offset : (long?)null)];

    public long FirstStartOf(int partition) => 0;

    public void Commit(IReadOnlyList<(int Partition, long Offset)> offsets)
    {
        var isRefused = RefusesFor > 0;
        RefusesFor -= isRefused ? 1 : 0;
        if (!isRefused || LosesAnswers)
        {
            foreach (var (partition, offset) in offsets)
                Offsets[partition] = offset;
            Commits.AddRange(offsets);
        }

        if (isRefused)
            throw new GroupException("made to refuse", true, null);
    }

    public void Pause(int partition) => Paused.Add(partition);

    public void Resume(int partition) => Paused.Remove(partition);

    public void Seek(int partition, long offset) => Seeks.Add((partition, offset));

    public long? EndOffset(int partition) => null;

    public void Close()
    {
        IsClosed = true;
        listener!.Revoked([.. Offsets.Keys]);
    }

    public void Dispose()
    {
    }
}

/// <summary>A shard that says what the test wants.</summary>
internal sealed class FakeShard : IShard
{
    private readonly TaskCompletionSource drained = new();
    private readonly TaskCompletionSource completion = new();

    public int Waiting { get; set; }

    public long? CommittableOffset { get; set; }

    public bool AwaitsBegin { get; set; } = true;

    /// <summary>Whether it finishes what it has begun when it is asked to.</summary>
    public bool Drains { get; set; } = true;

    public (long? Committed, long FirstStart)? Begun { get; private set; }

    public List<long> Taken { get; } = [];

    public List<long> Acknowledged { get; } = [];

    public bool IsAbandoned { get; private set; }

    public bool IsStopped { get; private set; }

    public Task Drained => drained.Task;

    public Task Completion => completion.Task;

    public void Begin(long? committed, long firstStart)
    {
        Begun = (committed, firstStart);
        AwaitsBegin = false;
    }

    public void Enqueue(in InputRecord record) => Taken.Add(record.Offset);

    public void Committed(long offset) => Acknowledged.Add(offset);

    public void RequestStop()
    {
        IsStopped = true;
        if (Drains)
            drained.TrySetResult();
    }

    public void Finish()
    {
        if (Drains)
            End();
    }

    public void Abandon()
    {
        IsAbandoned = true;
        End();
    }

    /// <summary>It is over by itself, as when it was fenced.</summary>
    public void End()
    {
        drained.TrySetResult();
        completion.TrySetResult();
    }

    public void Fault(Exception reason)
    {
        drained.TrySetResult();
        completion.TrySetException(reason);
    }
}

/// <summary>Makes fake shards and keeps them all.</summary>
internal sealed class FakeShards : IShardSet
{
    public List<(int Partition, FakeShard Shard)> Opened { get; } = [];

    public List<int> Closings { get; } = [];

    /// <summary>The newest shard of a partition.</summary>
    public FakeShard this[int partition] => Opened.Last(o => o.Partition == partition).Shard;

    public IShard Open(int partition)
    {
        Opened.Add((partition, new FakeShard()));
        return Opened[^1].Shard;
    }

    public void Closed(int partition) => Closings.Add(partition);
}

/// <summary>A clock that the test turns; it has no timers.</summary>
internal sealed class TurnedTime : TimeProvider
{
    private long ticks;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => ticks;

    public void Advance(TimeSpan by) => ticks += by.Ticks;
}
