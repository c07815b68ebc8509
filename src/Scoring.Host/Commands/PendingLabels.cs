using Scoring.Models.Features;
using Scoring.Models.Files;
using Scoring.Models.Wire;

namespace Scoring.Host.Commands;

/// <summary>
/// The frauds of a file that are not known yet. Only frauds wait: an event without a label counts as none.
/// </summary>
/// <param name="set">Whether labels are used, and how far rows may be out of order.</param>
/// <param name="map">How long after the event its label becomes known.</param>
/// <param name="reader">Reads the file.</param>
internal sealed class PendingLabels(FeatureSet set, EventFileMap map, EventFileReader reader)
{
    private readonly PriorityQueue<Transaction, (long Due, long Order)> waiting = new();
    private readonly RowsAhead rows = new(reader, set.Lateness);
    private readonly bool isUsed = set.UsesLabels;
    private long order;

    public int Count => waiting.Count;

    /// <summary>Reads the next row of the file.</summary>
    /// <param name="row">The row; what it refers to is valid until the next call, or that of <see cref="KnownBy"/>.</param>
    /// <returns>False at the end of the file.</returns>
    public bool Read(out EventFileRow row) => rows.Read(out row);

    /// <summary>Says by which time frauds are known as of the row that was read last.</summary>
    /// <param name="row">The row; afterwards it may be a copy.</param>
    /// <param name="oddness">What is odd about its time, if it would have made a fraud known; else null.</param>
    /// <returns>Its own time in microseconds since 1970; <see cref="long.MinValue"/> where that is odd.</returns>
    public long KnownBy(ref EventFileRow row, out string? oddness)
    {
        oddness = null;
        return IsDue(row.Transaction.EventTimeMicros) && rows.IsOdd(ref row, out oddness) ? long.MinValue : row.Transaction.EventTimeMicros;
    }

    /// <summary>Takes, in the order in which they became known, the next fraud that is known by a time.</summary>
    /// <param name="known">The time.</param>
    /// <param name="transaction">The transaction that is one.</param>
    /// <returns>Whether there was one.</returns>
    public bool TryTake(long known, out Transaction transaction)
    {
        transaction = default;
        if (!IsDue(known))
            return false;
        transaction = waiting.Dequeue();
        return true;
    }

    /// <summary>Lets a fraud become known after the delay.</summary>
    public void Add(in Transaction transaction)
    {
        if (isUsed)
            waiting.Enqueue(transaction.Copy(), (EventTime.Add(transaction.EventTimeMicros, map.LabelDelay), order++));
    }

    private bool IsDue(long time) => waiting.TryPeek(out _, out var due) && due.Due <= time;
}
