using Scoring.Actors.Ledger;

namespace Scoring.IntegrationTests.Ledger;

/// <summary>A ledger in memory whose writes can be made to fail, and which another node may write too.</summary>
internal sealed class MemoryLedger : IScoreLedger
{
    private readonly Lock gate = new();
    private readonly Dictionary<(string Id, string Card, string User), byte[]> scores = [];
    private readonly Dictionary<int, long> offsets = [];
    private int writes;

    public bool IsShared => true;

    /// <summary>What happens before the write of this number, counted from 1; it may write itself, or throw.</summary>
    public Action<int, IReadOnlyList<LedgerRow>, IReadOnlyList<LedgerStep>>? Before { get; init; }

    /// <summary>What happens before it is read where a partition is; it may throw.</summary>
    public Action? BeforeReading { get; init; }

    /// <summary>What the last pruning was told.</summary>
    public long? PrunedBefore { get; private set; }

    public int Count
    {
        get
        {
            lock (gate)
                return scores.Count;
        }
    }

    public ValueTask<IReadOnlyList<byte[]>> FindAsync(ScoreSearch search, IdPosition after, int limit, CancellationToken cancellation) => throw new NotSupportedException();

    public ValueTask<IReadOnlyList<byte[]>> OfCardAsync(string cardId, CardPosition after, int limit, CancellationToken cancellation) => throw new NotSupportedException();

    public ValueTask<IReadOnlyList<string>> UsersOfCardAsync(string cardId, int limit, CancellationToken cancellation) => throw new NotSupportedException();

    public long? NextOffset(string topic, int partition)
    {
        BeforeReading?.Invoke();
        return At(partition);
    }

    /// <summary>Where a partition is, however the database is.</summary>
    public long? At(int partition)
    {
        lock (gate)
            return offsets.TryGetValue(partition, out var next) ? next : null;
    }

    public int? Write(IReadOnlyList<LedgerRow> rows, string topic, IReadOnlyList<LedgerStep> steps)
    {
        Before?.Invoke(++writes, rows, steps);
        return WriteAsOther(rows, steps);
    }

    public int? WriteAsOther(IReadOnlyList<LedgerRow> rows, IReadOnlyList<LedgerStep> steps)
    {
        lock (gate)
        {
            if (steps.Any(s => At(s.Partition) != s.From))
                return null;
            foreach (var step in steps)
                offsets[step.Partition] = step.Next;
            return rows.Count(r => scores.TryAdd((r.Keys.TransactionId, r.Keys.CardId, r.Keys.UserId), r.Record));
        }
    }

    public int Prune(long writtenBeforeMicros)
    {
        lock (gate)
            PrunedBefore = writtenBeforeMicros;
        return 0;
    }

    public void Dispose()
    {
    }
}
