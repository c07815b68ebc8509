namespace Scoring.Actors.Snapshots;

/// <summary>How much a lane holds, and how much of it goes together.</summary>
internal sealed record LaneBounds
{
    /// <summary>Rows accepted and not answered.</summary>
    public required int Rows { get; init; }

    /// <summary>What is said to be full where <see cref="Rows"/> are.</summary>
    public required WaitingBound RowsAre { get; init; }

    /// <summary>Bytes accepted and not answered.</summary>
    public long Bytes { get; init; } = long.MaxValue;

    /// <summary>Rows of a group.</summary>
    public required int GroupRows { get; init; }

    /// <summary>Bytes of a group.</summary>
    public long GroupBytes { get; init; } = long.MaxValue;

    /// <summary>Groups under way at once.</summary>
    public required int Groups { get; init; }

    /// <summary>How long the first of a group waits for others. Zero takes what has been sent already.</summary>
    public TimeSpan Window { get; init; }
}

/// <summary>
/// A bounded queue of calls that leave it in groups, in the order in which they came. A group starts when its first call has
/// waited for the window or the group is full, and not more groups than may be are under way. Owned by one actor.
/// </summary>
internal sealed class Lane(LaneName name, LaneBounds bounds, SnapshotMetrics metrics)
{
    private readonly Queue<StoreCall> waiting = new();
    private readonly List<StoreCall[]> underWay = [];
    private int rows;
    private long bytes;
    private int queuedRows;
    private long queuedBytes;
    private bool isDue;

    internal TimeSpan Window => bounds.Window;

    /// <summary>What was accepted and not answered.</summary>
    internal IEnumerable<StoreCall> Calls => underWay.SelectMany(g => g).Concat(waiting);

    /// <summary>Takes a call in, unless it does not fit.</summary>
    /// <param name="call">The call.</param>
    /// <param name="isFirst">Whether a group's window begins with it.</param>
    /// <returns>The bound that it would break; null if it was taken.</returns>
    internal WaitingBound? Accept(StoreCall call, out bool isFirst)
    {
        isFirst = waiting.Count == 0;
        if (rows + (long)call.Rows > bounds.Rows)
            return bounds.RowsAre;
        if (bytes + call.Bytes > bounds.Bytes)
            return WaitingBound.Bytes;
        waiting.Enqueue(call);
        Count(call, 1);
        queuedRows += call.Rows;
        queuedBytes += call.Bytes;
        return null;
    }

    /// <summary>Whether a call is more than this lane ever takes.</summary>
    /// <param name="call">The call.</param>
    internal bool NeverFits(StoreCall call) => call.Rows > bounds.Rows || call.Bytes > bounds.Bytes;

    /// <summary>The window of the first call that waits is over.</summary>
    internal void Due() => isDue = waiting.Count > 0;

    /// <summary>Takes the next group out, if one may start.</summary>
    /// <returns>The group; null if none may start.</returns>
    internal StoreCall[]? TryStart()
    {
        var isFull = queuedRows >= bounds.GroupRows || queuedBytes >= bounds.GroupBytes;
        if (underWay.Count >= bounds.Groups || waiting.Count == 0 || !(isDue || isFull))
            return null;
        var group = Take();
        underWay.Add(group);
        // What is left has waited as long as its window already, or its window's end is still to come.
        isDue &= waiting.Count > 0;
        return group;
    }

    /// <summary>A group is done.</summary>
    /// <param name="group">The group.</param>
    internal void Done(StoreCall[] group)
    {
        underWay.Remove(group);
        foreach (var call in group)
            Count(call, -1);
    }

    /// <summary>Forgets all calls.</summary>
    internal void Clear()
    {
        foreach (var call in Calls)
            Count(call, -1);
        waiting.Clear();
        underWay.Clear();
    }

    private StoreCall[] Take()
    {
        var (group, groupRows, groupBytes) = (new List<StoreCall>(), 0, 0L);
        do
        {
            var call = waiting.Dequeue();
            group.Add(call);
            groupRows += call.Rows;
            groupBytes += call.Bytes;
        }
        while (waiting.TryPeek(out var next) && next.IsGrouped && next.GetType() == group[0].GetType()
            && groupRows + next.Rows <= bounds.GroupRows && groupBytes + next.Bytes <= bounds.GroupBytes);
        queuedRows -= groupRows;
        queuedBytes -= groupBytes;
        if (group[0].IsGrouped && groupRows >= bounds.GroupRows)
            metrics.FullGroup(isRows: true);
        else if (waiting.TryPeek(out var left) && left.IsGrouped && left.GetType() == group[0].GetType())
            metrics.FullGroup(isRows: false);
        return [.. group];
    }

    private void Count(StoreCall call, int sign)
    {
        rows += sign * call.Rows;
        bytes += sign * call.Bytes;
        metrics.Wait(name, sign * call.Rows, sign * call.Bytes);
    }
}
