using Scoring.Models.Features.Plan;

namespace Scoring.Models.Features.State;

/// <summary>
/// Moves an entity's windows through its events. Every event enters and leaves a window once as time goes on,
/// so a step is amortised O(1) per window. For a late event the windows move back to its time and, after it is
/// inserted, forward again: features as of any time come from one code path.
/// </summary>
internal static class WindowAdvance
{
    /// <summary>Moves every window forward to time t, which no held event that it already counts is after.</summary>
    public static void Forward(in EntityView view, long t)
    {
        var halves = view.Halves;
        foreach (var span in view.Plan.Spans)
        {
            ref var head = ref halves[2 * span.Slot];
            ref var tail = ref halves[(2 * span.Slot) + 1];
            var upper = span.Upper(t);
            while (tail < view.Entity.End && view.Times[tail] <= upper)
            {
                if (span.IsSession && tail > head && IsGap(view, span, tail - 1, view.Times[tail]))
                    Drop(view, span, ref head, tail);
                WindowCells.Add(view, span, tail);
                tail++;
            }

            if (span.IsSession && tail > head && IsGap(view, span, tail - 1, t))
                Drop(view, span, ref head, tail);
            var lower = span.Lower(t);
            while (head < tail && view.Times[head] <= lower)
            {
                WindowCells.Remove(view, span, head, tail);
                head++;
            }
        }
    }

    /// <summary>Moves every window to where it stood at time t, before the entity's newest event.</summary>
    public static void Back(in EntityView view, long t)
    {
        var halves = view.Halves;
        foreach (var span in view.Plan.Spans)
        {
            var tail = view.UpperBound(span.Upper(t));
            var head = Math.Min(tail, view.UpperBound(span.Lower(t)));
            if (span.IsSession)
                head = SessionStart(view, span, head, tail, t);
            MoveTo(view, span, ref halves[2 * span.Slot], ref halves[(2 * span.Slot) + 1], head, tail);
        }
    }

    /// <summary>Counts the event just inserted at the place in every window that ends now.</summary>
    public static void Admit(in EntityView view, int place)
    {
        var halves = view.Halves;
        foreach (var span in view.Plan.Spans)
        {
            if (span.Window.OffsetMicros != 0)
                continue;
            WindowCells.Add(view, span, place);
            halves[(2 * span.Slot) + 1]++;
        }
    }

    /// <summary>Takes back <see cref="Admit"/>.</summary>
    public static void Withdraw(in EntityView view, int place)
    {
        var halves = view.Halves;
        foreach (var span in view.Plan.Spans)
        {
            if (span.Window.OffsetMicros == 0)
                MoveTo(view, span, ref halves[2 * span.Slot], ref halves[(2 * span.Slot) + 1], Math.Min(place, halves[2 * span.Slot]), place);
        }
    }

    /// <summary>Lets the oldest held event go, from every window that still counts it.</summary>
    public static void DropOldest(in EntityView view)
    {
        var halves = view.Halves;
        var oldest = view.Entity.Start;
        foreach (var span in view.Plan.Spans)
        {
            ref var head = ref halves[2 * span.Slot];
            ref var tail = ref halves[(2 * span.Slot) + 1];
            if (head > oldest)
                continue;
            if (tail > head)
                WindowCells.Remove(view, span, head, tail);
            head++;
            tail = Math.Max(head, tail);
        }

        view.ReleaseCodes(oldest);
        view.Entity.Start++;
    }

    private static bool IsGap(in EntityView view, SpanPlan span, int previous, long t) => t - view.Times[previous] > span.Window.LengthMicros;

    private static void Drop(in EntityView view, SpanPlan span, ref int head, int tail)
    {
        for (; head < tail; head++)
            WindowCells.Remove(view, span, head, tail);
    }

    private static int SessionStart(in EntityView view, SpanPlan span, int reach, int tail, long t)
    {
        var start = tail;
        while (start > reach && !IsGap(view, span, start - 1, t))
            t = view.Times[--start];
        return start;
    }

    private static void MoveTo(in EntityView view, SpanPlan span, ref int head, ref int tail, int newHead, int newTail)
    {
        while (tail > newTail && tail > head)
            WindowCells.Take(view, span, --tail);
        if (tail <= head)
            head = tail = newTail;
        for (; head < newHead && head < tail; head++)
            WindowCells.Take(view, span, head);
        if (head == tail)
            head = tail = newTail;
        while (head > newHead)
            WindowCells.Put(view, span, --head);
        while (tail < newTail)
            WindowCells.Put(view, span, tail++);
        if (span.IsOrdered)
            WindowCells.RebuildOrdered(view, span, head, tail);
    }
}
