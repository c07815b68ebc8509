using Scoring.Models.Features.Plan;

namespace Scoring.Models.Features.State;

/// <summary>
/// Adds events to and removes them from the running aggregates of a window. Everything is whole numbers, so
/// what was added can be removed exactly and a window never drifts.
/// </summary>
internal static class WindowCells
{
    /// <summary>The window's newest end moved over the event.</summary>
    public static void Add(in EntityView view, SpanPlan span, int place)
    {
        var flags = view.Flags(place);
        foreach (var cell in span.Cells)
        {
            if ((flags & cell.FilterMask) != cell.FilterMask)
                continue;
            Count(view, cell, place, flags, 1);
            if (cell.IsOrdered)
                AddOrdered(view, cell, place);
        }
    }

    /// <summary>The window's oldest end moved over the event; the window goes on to the tail.</summary>
    public static void Remove(in EntityView view, SpanPlan span, int place, int tail)
    {
        var flags = view.Flags(place);
        foreach (var cell in span.Cells)
        {
            if ((flags & cell.FilterMask) != cell.FilterMask)
                continue;
            Count(view, cell, place, flags, -1);
            if (cell.IsOrdered)
                RemoveOrdered(view, cell, place, tail);
        }
    }

    /// <summary>Adds an event to all but the ordered aggregates, at either end.</summary>
    public static void Put(in EntityView view, SpanPlan span, int place) => Count(view, span, place, 1);

    /// <summary>Removes an event from all but the ordered aggregates, at either end.</summary>
    public static void Take(in EntityView view, SpanPlan span, int place) => Count(view, span, place, -1);

    /// <summary>Computes the ordered aggregates of the window from its events.</summary>
    public static void RebuildOrdered(in EntityView view, SpanPlan span, int head, int tail)
    {
        foreach (var cell in span.Cells)
        {
            if (cell.EdgeSlot >= 0)
                view.Slots[cell.EdgeSlot] = 0;
            if (cell.MinQueue >= 0)
                view.Entity.Queues![cell.MinQueue].Clear();
            if (cell.MaxQueue >= 0)
                view.Entity.Queues![cell.MaxQueue].Clear();
            for (var place = head; place < tail && cell.IsOrdered; place++)
            {
                if ((view.Flags(place) & cell.FilterMask) == cell.FilterMask)
                    AddOrdered(view, cell, place);
            }
        }
    }

    /// <summary>Corrects the window's count of events labelled true.</summary>
    public static void Relabel(in EntityView view, SpanPlan span, int place, int by)
    {
        foreach (var cell in span.Cells)
        {
            if ((view.Flags(place) & cell.FilterMask) == cell.FilterMask)
                Half(view, cell.CountSlot, 1) += by;
        }
    }

    public static ref int Half(in EntityView view, int slot, int half) => ref view.Halves[(2 * slot) + half];

    public static Int128 Wide(in EntityView view, int slot) => new((ulong)view.Slots[slot + 1], (ulong)view.Slots[slot]);

    private static void Count(in EntityView view, SpanPlan span, int place, int by)
    {
        var flags = view.Flags(place);
        foreach (var cell in span.Cells)
        {
            if ((flags & cell.FilterMask) == cell.FilterMask)
                Count(view, cell, place, flags, by);
        }
    }

    private static void Count(in EntityView view, CellPlan cell, int place, uint flags, int by)
    {
        // Both halves at once: the events below, those labelled true above.
        view.Slots[cell.CountSlot] += by * (1L + ((long)(flags & 1) << 32));
        if (cell.SumSlot >= 0)
        {
            var amount = view.Amount(place);
            AddAmount(view, cell.SumSlot, by * amount);
            if (cell.SquareSlot >= 0)
                AddSquare(view, cell.SquareSlot, amount, by);
        }

        foreach (var distinct in cell.Distincts)
        {
            var code = view.Code(distinct.Table, place);
            if (code == 0)
                continue;
            var table = view.Entity.Tables![distinct.Table];
            if (by > 0 ? table.Increment(code, distinct.Counter) : table.Decrement(code, distinct.Counter))
                view.Slots[distinct.Slot] += by;
        }
    }

    private static void AddAmount(in EntityView view, int slot, long value)
    {
        // The sum's low half with its carry, then the value's sign and the carry into the high half.
        ref var low = ref view.Slots[slot];
        var sum = (ulong)low + (ulong)value;
        view.Slots[slot + 1] += (value >> 63) + (sum < (ulong)value ? 1 : 0);
        low = (long)sum;
    }

    private static void AddSquare(in EntityView view, int slot, long amount, int by)
    {
        var high = Math.BigMul(amount, amount, out var low);
        var sum = Wide(view, slot) + (by * new Int128((ulong)high, (ulong)low));
        view.Slots[slot] = (long)(ulong)sum;
        view.Slots[slot + 1] = (long)(ulong)(sum >> 64);
    }

    private static void AddOrdered(in EntityView view, CellPlan cell, int place)
    {
        if (cell.EdgeSlot >= 0)
        {
            ref var first = ref Half(view, cell.EdgeSlot, 0);
            first = first == 0 ? place + 1 : first;
            Half(view, cell.EdgeSlot, 1) = place + 1;
        }

        if (cell.MinQueue >= 0)
            Push(view, view.Entity.Queues![cell.MinQueue], place, 1);
        if (cell.MaxQueue >= 0)
            Push(view, view.Entity.Queues![cell.MaxQueue], place, -1);
    }

    private static void Push(in EntityView view, MonotonicQueue queue, int place, int sign)
    {
        var amount = sign * view.Amount(place);
        while (queue.Count > 0 && sign * view.Amount(queue.Back) >= amount)
            queue.PopBack();
        queue.PushBack(place);
    }

    private static void RemoveOrdered(in EntityView view, CellPlan cell, int place, int tail)
    {
        if (cell.EdgeSlot >= 0)
        {
            ref var first = ref Half(view, cell.EdgeSlot, 0);
            ref var last = ref Half(view, cell.EdgeSlot, 1);
            if (last == place + 1)
                first = last = 0;
            else
                first = NextMatch(view, cell, place + 1, tail) + 1;
        }

        if (cell.MinQueue >= 0 && view.Entity.Queues![cell.MinQueue] is { } lows && lows.Front == place)
            lows.PopFront();
        if (cell.MaxQueue >= 0 && view.Entity.Queues![cell.MaxQueue] is { } highs && highs.Front == place)
            highs.PopFront();
    }

    private static int NextMatch(in EntityView view, CellPlan cell, int place, int tail)
    {
        while (place < tail && (view.Flags(place) & cell.FilterMask) != cell.FilterMask)
            place++;
        return place;
    }
}
