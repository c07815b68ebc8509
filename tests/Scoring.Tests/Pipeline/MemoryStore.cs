using Scoring.Actors.State;

namespace Scoring.Tests.Pipeline;

/// <summary>A snapshot store in memory that outlives its shards, and can be away, hold writes back, or be damaged.</summary>
internal sealed class MemoryStore : ISnapshotStore
{
    private readonly Lock gate = new();
    private readonly Dictionary<string, EntityRow> rows = [];
    private readonly Dictionary<string, bool> watched = [];
    private readonly List<QuarantinedRecord> quarantined = [];
    private TaskCompletionSource? held;
    private long epoch;
    private int reported;
    private long? offset;
    private ReadOnlyMemory<byte> marks;

    /// <summary>How many of the next calls fail because the store is away.</summary>
    public int AwayFor { get; set; }

    /// <summary>What becomes of a report, the first, the second…</summary>
    public Func<int, Task>? Reporting { get; set; }

    public List<Checkpoint> Written { get; } = [];

    public int Loads { get; private set; }

    /// <summary>Writes that came while they were held back.</summary>
    public int HeldWrites { get; private set; }

    public IReadOnlyList<QuarantinedRecord> Quarantined => quarantined;

    public long Epoch => epoch;

    public long? CheckpointOffset => offset;

    public IReadOnlyCollection<EntityRow> Rows => rows.Values;

    public void HoldWrites() => held = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    public void ReleaseWrites() => held?.TrySetResult();

    /// <summary>Flips a bit in each row of a kind.</summary>
    public void Damage(string kind, bool previousToo = false)
    {
        lock (gate)
        {
            foreach (var (key, row) in rows.Where(r => r.Value.Kind == kind).ToList())
                rows[key] = row with { State = Flipped(row.State), PreviousState = previousToo ? Flipped(row.PreviousState) : row.PreviousState };
        }
    }

    public void Quarantine(IEnumerable<QuarantinedRecord> records) => quarantined.AddRange(records);

    public void SetBack(long? to) => offset = to;

    /// <summary>Another node takes the shard over, and all rows have grown old and go.</summary>
    public void TakeOverAndPurge()
    {
        lock (gate)
        {
            epoch++;
            rows.Clear();
            watched.Clear();
        }
    }

    /// <summary>Is told of each disposal.</summary>
    public Action? Disposed { get; init; }

    public Task PrepareAsync(LogIdentity identity, CancellationToken cancellation) => Task.CompletedTask;

    public Task<ShardSnapshot> AcquireAsync(int partition, ShardOwner owner, CancellationToken cancellation) =>
        Answer(() => new ShardSnapshot(++epoch, offset, marks, [.. quarantined.DistinctBy(q => q.Offset).OrderBy(q => q.Offset)]));

    public Task<EntityRows> LoadAsync(int partition, IReadOnlyList<EntityKey> keys, CancellationToken cancellation) => Answer(() =>
    {
        Loads++;
        return new EntityRows(epoch, [.. keys.Select(k => rows.GetValueOrDefault(NameOf(k.Kind, k.Key))).OfType<EntityRow>()]);
    });

    public Task<EntityRows> LoadWatchedAsync(int partition, CancellationToken cancellation) =>
        Answer(() => new EntityRows(epoch, [.. rows.Where(r => watched[r.Key]).Select(r => r.Value)]));

    public async Task<bool> WriteAsync(Checkpoint checkpoint, CancellationToken cancellation)
    {
        if (held is { } hold)
        {
            HeldWrites++;
            await hold.Task.WaitAsync(cancellation);
        }

        return await Answer(() => checkpoint.Epoch == epoch && Write(checkpoint));
    }

    public Task<bool> QuarantineAsync(int partition, long epoch, IReadOnlyList<QuarantinedRecord> records, CancellationToken cancellation) => Answer(() =>
    {
        if (epoch != this.epoch)
            return false;
        quarantined.AddRange(records);
        return true;
    });

    public Task ReportAsync(IReadOnlyList<ShardReport> reports, CancellationToken cancellation) =>
        Reporting?.Invoke(Interlocked.Increment(ref reported)) ?? Task.CompletedTask;

    public Task<IReadOnlyList<ShardRow>> ShardsAsync(CancellationToken cancellation) => Task.FromResult<IReadOnlyList<ShardRow>>([]);

    public ValueTask DisposeAsync()
    {
        Disposed?.Invoke();
        return ValueTask.CompletedTask;
    }

    private bool Write(Checkpoint checkpoint)
    {
        Written.Add(checkpoint with { Entities = [.. checkpoint.Entities.Select(e => e with { Key = e.Key.ToArray(), State = e.State.ToArray() })] });
        foreach (var entity in Written[^1].Entities)
        {
            var name = NameOf(entity.Kind, entity.Key);
            var before = rows.GetValueOrDefault(name);
            rows[name] = new EntityRow(entity.Kind, entity.Key, checkpoint.Offset, entity.State, before?.Offset, before?.State ?? default);
            watched[name] = entity.Watched;
        }

        offset = checkpoint.Offset;
        marks = checkpoint.Marks.ToArray();
        return true;
    }

    private Task<T> Answer<T>(Func<T> answer)
    {
        lock (gate)
        {
            if (AwayFor == 0)
                return Task.FromResult(answer());
            AwayFor--;
            return Task.FromException<T>(new SnapshotStoreUnavailableException("made to be away", null));
        }
    }

    private static string NameOf(string kind, ReadOnlyMemory<byte> key) => $"{kind} {Convert.ToHexString(key.Span)}";

    private static ReadOnlyMemory<byte> Flipped(ReadOnlyMemory<byte> state)
    {
        var bytes = state.ToArray();
        if (bytes.Length > 0)
            bytes[bytes.Length / 2] ^= 1;
        return bytes;
    }
}
