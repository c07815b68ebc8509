namespace Scoring.Producer.Load;

/// <summary>
/// Keeps the bytes of each partition that the scoring group has not committed below a bound, so that a log
/// of bounded length loses nothing that is unread. Bytes count from the moment a record is sent; they leave
/// when an offset behind them is committed. Called by the sender, the delivery reports and the poller of
/// commits; each call holds a lock for a moment.
/// </summary>
/// <param name="partitions">The partitions of the input log.</param>
/// <param name="maxBytes">The bound for each partition, above 0.</param>
public sealed class CommitBound(int partitions, long maxBytes)
{
    /// <summary>What a record takes in the log beyond its key and value, at most: batch and record headers.</summary>
    public const int OverheadBytes = 100;

    private readonly Lock gate = new();
    private readonly Ahead[] ahead = [.. Enumerable.Range(0, partitions).Select(_ => new Ahead())];

    /// <summary>Takes room for a record about to be sent.</summary>
    /// <param name="partition">Where it will go.</param>
    /// <param name="bytes">Its key's and value's bytes.</param>
    /// <returns>False if the bound has no room now; a record larger than the bound is let through alone.</returns>
    public bool TryTake(int partition, int bytes)
    {
        lock (gate)
        {
            var state = ahead[partition];
            var size = bytes + OverheadBytes;
            if (state.Bytes > 0 && state.Bytes + size > maxBytes)
                return false;
            state.Bytes += size;
            state.Records++;
            state.MostBytes = Math.Max(state.MostBytes, state.Bytes);
            return true;
        }
    }

    /// <summary>A record that took room was stored.</summary>
    /// <param name="partition">Where.</param>
    /// <param name="offset">At which offset.</param>
    /// <param name="bytes">Its key's and value's bytes.</param>
    public void Deliver(int partition, long offset, int bytes)
    {
        lock (gate)
        {
            var state = ahead[partition];
            if (offset < state.Committed)
                state.Leave(bytes + OverheadBytes);
            else
                state.Stored.Enqueue((offset, bytes + OverheadBytes), offset);
        }
    }

    /// <summary>A record that took room was not stored.</summary>
    /// <param name="partition">Where it would have gone.</param>
    /// <param name="bytes">Its key's and value's bytes.</param>
    public void Fail(int partition, int bytes)
    {
        lock (gate)
            ahead[partition].Leave(bytes + OverheadBytes);
    }

    /// <summary>The group has committed.</summary>
    /// <param name="partition">The partition.</param>
    /// <param name="offset">The next offset that it would read.</param>
    public void Commit(int partition, long offset)
    {
        lock (gate)
        {
            var state = ahead[partition];
            state.Committed = Math.Max(state.Committed, offset);
            while (state.Stored.TryPeek(out var record, out _) && record.Offset < state.Committed)
            {
                state.Stored.Dequeue();
                state.Leave(record.Bytes);
            }
        }
    }

    /// <summary>The bytes of a partition that are sent and not known to be committed.</summary>
    /// <param name="partition">The partition.</param>
    public long BytesAhead(int partition)
    {
        lock (gate)
            return ahead[partition].Bytes;
    }

    /// <summary>The records of a partition that are sent and not known to be committed.</summary>
    /// <param name="partition">The partition.</param>
    public long RecordsAhead(int partition)
    {
        lock (gate)
            return ahead[partition].Records;
    }

    /// <summary>The most that any partition has been ahead, in bytes.</summary>
    public long MostBytesAhead()
    {
        lock (gate)
            return ahead.Max(a => a.MostBytes);
    }

    private sealed class Ahead
    {
        // Reports come in order of offset but for retries, so the queue is ordered rather than first-in first-out.
        public PriorityQueue<(long Offset, int Bytes), long> Stored { get; } = new();

        public long Committed { get; set; }

        public long Bytes { get; set; }

        public long Records { get; set; }

        public long MostBytes { get; set; }

        public void Leave(int bytes)
        {
            Bytes -= bytes;
            Records--;
        }
    }
}
