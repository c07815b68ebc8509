using System.Collections.Concurrent;

namespace Scoring.Actors.Ledger;

/// <summary>How far the ledger is with a partition of the scores.</summary>
/// <param name="Partition">The partition.</param>
/// <param name="NextOffset">The offset behind the last record that is in the ledger; null before the first.</param>
/// <param name="EndOffset">The offset behind the topic's last record, as of the last fetch; null before it.</param>
/// <param name="Lost">Scores that left the topic before they were read, since the node started.</param>
public sealed record LedgerPartition(int Partition, long? NextOffset, long? EndOffset, long Lost)
{
    /// <summary>Scores that are not in the ledger yet; null while that is not known.</summary>
    public long? Lag => EndOffset - (NextOffset ?? 0);
}

/// <summary>What is to be told of the projection. The projection writes it, any thread reads it.</summary>
public sealed class LedgerProgress
{
    private readonly ConcurrentDictionary<int, long> lost = new();
    private readonly ConcurrentDictionary<int, (string Why, long Until)> outrun = new();
    private volatile string? failure;

    /// <summary>Scores that left the topic before they were read, since the node started: they are missing from the ledger.</summary>
    public long Lost => lost.Values.Sum();

    /// <summary>Why the node is not what it should be for queries; empty while it is.</summary>
    public IEnumerable<string> Problems =>
    [
        .. failure is { } why ? [$"the ledger can't be written: {why}"] : Array.Empty<string>(),
        .. outrun.OrderBy(o => o.Key).Select(o => $"the ledger was outrun and has not caught up: {o.Value.Why}"),
    ];

    internal void Failed(string why) => failure = why;

    internal void Worked() => failure = null;

    internal long LostOf(int partition) => lost.GetValueOrDefault(partition);

    internal void Outrun(int partition, long records, string why, long until)
    {
        lost.AddOrUpdate(partition, records, (_, before) => before + records);
        outrun[partition] = (why, until);
    }

    // Caught up once it is where the partition ended when it was found to be outrun.
    internal void Reached(int partition, long next)
    {
        if (outrun.TryGetValue(partition, out var found) && next >= found.Until)
            outrun.TryRemove(partition, out _);
    }

    internal void Left(int partition) => outrun.TryRemove(partition, out _);
}
