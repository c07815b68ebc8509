namespace Scoring.Models.Features.State;

/// <summary>
/// The places of the events that are, or may yet become, the extreme of a sliding window: each is more
/// extreme than all before it were when it came, so the front is the extreme (the monotonic wedge of
/// Lemire, "Streaming maximum-minimum filter", 2006). Amortised O(1) per event.
/// </summary>
internal sealed class MonotonicQueue
{
    private int[] places = new int[4];
    private int front;

    public int Count { get; private set; }

    public int Bytes => 40 + 24 + (4 * places.Length);

    public int Front => places[front];

    public int Back => places[(front + Count - 1) & (places.Length - 1)];

    public void PushBack(int place)
    {
        if (Count == places.Length)
        {
            var grown = new int[2 * places.Length];
            for (var i = 0; i < Count; i++)
                grown[i] = places[(front + i) & (places.Length - 1)];
            places = grown;
            front = 0;
        }

        places[(front + Count++) & (places.Length - 1)] = place;
    }

    public void PopBack() => Count--;

    public void PopFront()
    {
        front = (front + 1) & (places.Length - 1);
        Count--;
    }

    public void Clear() => Count = 0;

    /// <summary>Follows the events when they move to lower places.</summary>
    public void Shift(int by)
    {
        for (var i = 0; i < Count; i++)
            places[(front + i) & (places.Length - 1)] -= by;
    }
}
