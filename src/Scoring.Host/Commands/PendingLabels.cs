using Scoring.Models.Features;
using Scoring.Models.Wire;

namespace Scoring.Host.Commands;

/// <summary>
/// The frauds of a file that are not known yet. Only frauds wait: an event without a label counts as none.
/// </summary>
internal sealed class PendingLabels(FeatureSet set, TimeSpan delay)
{
    private static readonly TransactionField[] Fields = Enum.GetValues<TransactionField>();

    private readonly PriorityQueue<Transaction, (long Due, long Order)> waiting = new();
    private readonly bool isUsed = set.UsesLabels;
    private long order;

    public int Count => waiting.Count;

    /// <summary>Takes, in the order in which they became known, the next fraud that is known by a time.</summary>
    /// <param name="now">The next transaction's time; of a late one, the newest before it.</param>
    /// <param name="transaction">The transaction that is one.</param>
    /// <returns>Whether there was one.</returns>
    public bool TryTake(long now, out Transaction transaction)
    {
        if (!waiting.TryPeek(out transaction, out var due) || due.Due > now)
            return false;
        waiting.Dequeue();
        return true;
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
