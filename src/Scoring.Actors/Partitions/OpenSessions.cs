using Scoring.Actors.Checkpoints;

namespace Scoring.Actors.Partitions;

/// <summary>
/// Which cardholders have to be told when the watermark moves. It holds every time at which a session may end, and often more: a
/// record handed over may extend a session, or be a repeat, and until its cardholder has answered each possibility stands. A
/// cardholder with nothing to close does nothing, so only a time too few would be wrong. Owned by its owner.
/// </summary>
/// <param name="gapMicros">The pause after which a session ends, in microseconds; null where sessions are not followed.</param>
internal sealed class OpenSessions(long? gapMicros)
{
    // One entry for each cardholder, apart from those that an earlier time made void.
    private readonly PriorityQueue<CardholderSlot, long> queue = new();
    private readonly HashSet<CardholderSlot>[] slices = [.. Enumerable.Range(0, DueSlice.Count).Select(_ => new HashSet<CardholderSlot>())];
    private readonly bool[] isChanged = new bool[DueSlice.Count];
    private readonly bool[] isFrozen = new bool[DueSlice.Count];
    private readonly List<(int Slice, byte[] Row)> written = [];

    /// <summary>Cardholders with open sessions.</summary>
    internal int Count { get; private set; }

    /// <summary>A record was handed to a cardholder, and may have opened or extended a session.</summary>
    internal void Handed(CardholderSlot slot, long micros, long offset)
    {
        if (gapMicros is { } gap)
            Add(slot, new PendingDue(micros + gap, offset));
    }

    /// <summary>A cardholder has told when its sessions end, as of a record: what was held of it up to there is void.</summary>
    /// <param name="slot">The cardholder.</param>
    /// <param name="offset">The record.</param>
    /// <param name="next">When the first ends, in microseconds; <see cref="long.MaxValue"/> for none.</param>
    /// <param name="all">When all end, if they are several; else empty.</param>
    /// <param name="watermark">The watermark of the last record that was handed over: what ends before it was told already.</param>
    internal void Answered(CardholderSlot slot, long offset, long next, IReadOnlyList<long> all, long watermark)
    {
        if (gapMicros is null)
            return;
        // The common case: one session is open, and the record is its last.
        if (all.Count == 0 && slot.Dues is [var only] && only.Offset == offset && only.DueMicros == next)
            return;
        if (slot.Dues is { } dues && dues.Exists(d => d.Offset <= offset))
        {
            Touch(slot);
            dues.RemoveAll(d => d.Offset <= offset);
        }

        if (all.Count > 0)
        {
            foreach (var due in all)
                AddIfAhead(slot, due, offset, watermark);
        }
        else
        {
            AddIfAhead(slot, next, offset, watermark);
        }

        Tidy(slot);
    }

    /// <summary>Takes over what a checkpoint holds.</summary>
    internal void Restore(CardholderSlot slot, IEnumerable<long> dues)
    {
        foreach (var due in dues)
            Add(slot, new PendingDue(due, -1));
    }

    /// <summary>Takes a cardholder that may have a session to close; what ends before the watermark is not held of it any more.</summary>
    internal bool TryTake(long watermark, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out CardholderSlot? slot)
    {
        while (queue.TryPeek(out slot, out var due) && due < watermark)
        {
            queue.Dequeue();
            if (slot.QueuedDue != due)
                continue;
            slot.QueuedDue = long.MaxValue;
            var isDue = slot.Dues?.Exists(d => d.DueMicros < watermark) == true;
            if (isDue)
            {
                Touch(slot);
                slot.Dues!.RemoveAll(d => d.DueMicros < watermark);
            }

            Enqueue(slot);
            Tidy(slot);
            if (isDue)
                return true;
        }

        slot = null;
        return false;
    }

    /// <summary>Freezes what changed, for a checkpoint; each slice is written before it changes again.</summary>
    internal void Freeze()
    {
        written.Clear();
        for (var slice = 0; slice < DueSlice.Count; slice++)
        {
            isFrozen[slice] = isChanged[slice];
            isChanged[slice] = false;
        }
    }

    /// <summary>Writes one more slice.</summary>
    /// <returns>False if none is left.</returns>
    internal bool WriteNext()
    {
        var slice = Array.IndexOf(isFrozen, true);
        if (slice < 0)
            return false;
        Write(slice);
        return true;
    }

    /// <summary>Whether slices that were frozen are still to be written.</summary>
    internal bool HasFrozen => Array.IndexOf(isFrozen, true) >= 0;

    /// <summary>The rows of the slices that were frozen.</summary>
    internal IReadOnlyList<(int Slice, byte[] Row)> Written => written;

    private static int SliceOf(CardholderSlot slot) => (int)(slot.Hash % DueSlice.Count);

    private void AddIfAhead(CardholderSlot slot, long due, long offset, long watermark)
    {
        if (due != long.MaxValue && due >= watermark)
            Add(slot, new PendingDue(due, offset));
    }

    private void Add(CardholderSlot slot, PendingDue due)
    {
        Touch(slot);
        if (slices[SliceOf(slot)].Add(slot))
            Count++;
        (slot.Dues ??= new List<PendingDue>(1)).Add(due);
        if (due.DueMicros < slot.QueuedDue)
            Enqueue(slot);
    }

    private void Enqueue(CardholderSlot slot)
    {
        var first = long.MaxValue;
        foreach (var due in slot.Dues ?? [])
            first = Math.Min(first, due.DueMicros);
        if (first >= slot.QueuedDue)
            return;
        slot.QueuedDue = first;
        queue.Enqueue(slot, first);
    }

    private void Tidy(CardholderSlot slot)
    {
        if (slot.HasDues)
            return;
        if (slices[SliceOf(slot)].Remove(slot))
            Count--;
        slot.Dues = null;
    }

    private void Touch(CardholderSlot slot)
    {
        var slice = SliceOf(slot);
        if (isFrozen[slice])
            Write(slice);
        isChanged[slice] = true;
    }

    private void Write(int slice)
    {
        isFrozen[slice] = false;
        written.Add((slice, DueSlice.Write(slices[slice].Select(s => new CardholderDues(s.Key, [.. s.Dues!.Select(d => d.DueMicros)])))));
    }
}
