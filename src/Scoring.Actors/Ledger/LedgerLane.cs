namespace Scoring.Actors.Ledger;

/// <summary>One owner's way into the ledger: where its partition is there. A later owner of the partition on this node has another.</summary>
internal sealed class LedgerLane
{
    private const long None = -1;

    private long position;
    private long end = None;
    private volatile bool isClosed;

    /// <param name="partition">The partition of the scores.</param>
    /// <param name="position">The offset behind what the ledger has of it; null if it has nothing.</param>
    internal LedgerLane(int partition, long? position)
    {
        Partition = partition;
        this.position = position ?? None;
    }

    internal int Partition { get; }

    /// <summary>The offset behind what the ledger has of the partition. The writer's thread moves it; whoever waits for a write sees it moved.</summary>
    internal long? Position => Known(ref position);

    /// <summary>The offset behind the topic's last record, as was last known; null before.</summary>
    internal long? End => Known(ref end);

    /// <summary>Whether its owner has ended: nothing of it is written any more.</summary>
    internal bool IsClosed => isClosed;

    internal void Close() => isClosed = true;

    internal void Move(long offset) => Volatile.Write(ref position, offset);

    internal void ShowEnd(long offset) => Volatile.Write(ref end, offset);

    private static long? Known(ref long offset) => Volatile.Read(ref offset) is var its and not None ? its : null;
}

/// <summary>Scores of one partition that wait to be written. Owned by the writer's thread once it is handed over.</summary>
/// <param name="lane">Whose they are.</param>
/// <param name="rows">The scores.</param>
/// <param name="ends">For each the offset behind its record.</param>
/// <param name="next">The offset behind all of them.</param>
internal sealed class LedgerWrite(LedgerLane lane, List<LedgerRow> rows, List<long> ends, long next)
{
    internal LedgerLane Lane => lane;

    internal List<LedgerRow> Rows => rows;

    internal long Next => next;

    /// <summary>Rows that are in the ledger, or set aside.</summary>
    internal int Done { get; set; }

    /// <summary>How many rows go at once; less than all after the database has refused some.</summary>
    internal int Chunk { get; set; } = rows.Count;

    /// <summary>Whether the rows go all at once.</summary>
    internal bool IsWhole => Done == 0 && Chunk == rows.Count;

    /// <summary>Whether a try of it had no answer, so that it may be in the ledger already.</summary>
    internal bool IsInDoubt { get; set; }

    /// <summary>Ends once all is written; fails with <see cref="LedgerOvertakenException"/>.</summary>
    internal TaskCompletionSource<bool> Written { get; } = new();

    /// <summary>Leaves out the first row that is not done. Its offset goes with the rows behind it; where it was the last, by itself.</summary>
    /// <returns>The offset of its record.</returns>
    internal long LeaveOut()
    {
        var offset = ends[Done] - 1;
        rows.RemoveAt(Done);
        ends.RemoveAt(Done);
        return offset;
    }

    /// <summary>The offset behind the first rows.</summary>
    /// <param name="count">How many.</param>
    internal long EndOf(int count) => count == rows.Count ? next : ends[count - 1];
}

/// <summary>The ledger is elsewhere with a partition than its owner has left it: another has moved it, and this one begins again from there.</summary>
/// <param name="message">Which, and where.</param>
internal sealed class LedgerOvertakenException(string message) : Exception(message);
