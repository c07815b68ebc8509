using Scoring.Models.Features;
using Scoring.Models.Wire;

namespace Scoring.Host.Commands;

/// <summary>
/// The frauds of a replay that are not known yet. Only frauds wait: an event without a label counts as none.
/// </summary>
internal sealed class PendingLabels(FeatureEngine engine, TimeSpan delay)
{
    private static readonly TransactionField[] Fields = Enum.GetValues<TransactionField>();

    private readonly PriorityQueue<Transaction, (long Due, long Order)> waiting = new();
    private readonly bool isUsed = engine.Set.UsesLabels;
    private long order;

    public int Count => waiting.Count;

    /// <summary>Applies, in the order in which they became known, all labels due at the time or before.</summary>
    /// <param name="time">The next transaction's time; of a late one, the watermark counts.</param>
    public void ApplyDue(long time)
    {
        var now = Math.Max(time, engine.WatermarkMicros);
        while (waiting.TryPeek(out var transaction, out var due) && due.Due <= now)
        {
            engine.ApplyLabel(transaction, true);
            waiting.Dequeue();
        }
    }

    /// <summary>Lets a fraud become known after the delay.</summary>
    public void Add(in Transaction transaction)
    {
        if (isUsed)
            waiting.Enqueue(Copy(transaction), (transaction.EventTimeMicros + (delay.Ticks / TimeSpan.TicksPerMicrosecond), order++));
    }

    private static Transaction Copy(in Transaction transaction)
    {
        var length = 0;
        foreach (var field in Fields)
            length += transaction.Field(field).Length;
        var copy = new Transaction(new byte[length]) { AmountUnits = transaction.AmountUnits, EventTimeMicros = transaction.EventTimeMicros };
        var offset = 0;
        foreach (var field in Fields)
        {
            var text = transaction.Field(field);
            text.CopyTo(copy.Payload.AsSpan(offset));
            copy.SetField(field, offset, text.Length);
            offset += text.Length;
        }

        return copy;
    }
}
