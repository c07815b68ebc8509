namespace Scoring.Kafka.Consumers;

/// <summary>
/// Up to where a partition may be committed: the end of the unbroken row of batches, from the first that was handed out, of
/// which each is done. Whatever the order in which they are done, it only rises, and never passes one that is not.
/// </summary>
internal sealed class CommitPrefix
{
    private readonly Lock gate = new();
    private readonly Queue<PartitionBatch> issued = new();
    private long end;

    /// <param name="start">Where the partition was assigned.</param>
    internal CommitPrefix(long start) => end = start;

    /// <summary>The offset behind the row. Any thread may ask.</summary>
    internal long End => Volatile.Read(ref end);

    /// <summary>Batches that were handed out and are not in the row yet.</summary>
    internal int Open
    {
        get
        {
            lock (gate)
                return issued.Count;
        }
    }

    /// <summary>A batch was handed out; in the order of the log.</summary>
    /// <param name="batch">The batch.</param>
    internal void Issue(PartitionBatch batch)
    {
        // Once a batch, and held for nothing that waits.
        lock (gate)
            issued.Enqueue(batch);
    }

    /// <summary>All that a batch causes is done; any order, any thread, and again without effect.</summary>
    /// <param name="batch">The batch.</param>
    internal void Complete(PartitionBatch batch)
    {
        lock (gate)
        {
            batch.IsDone = true;
            while (issued.TryPeek(out var first) && first.IsDone)
                Volatile.Write(ref end, issued.Dequeue().Next);
        }
    }
}
