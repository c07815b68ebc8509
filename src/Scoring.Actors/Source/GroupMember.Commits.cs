using Microsoft.Extensions.Logging;

namespace Scoring.Actors.Source;

/// <summary>What is committed, by which way, and when the shards hear of it.</summary>
public sealed partial class GroupMember
{
    /// <summary>Commits what the shards have finished. Nothing is lost if it fails: the next one commits it too.</summary>
    /// <returns>False if it should be called again at once: a transaction waits for its last batch.</returns>
    public bool Commit()
    {
        if (transactions is not null && revoking)
            return true;
        bool isDone;
        lock (ownership)
            isDone = transactions is null ? TryCommit([.. owned.Values]) || true : TryCommitTransaction(options.RevocationTimeout / 2);
        if (doubted is { } offsets)
            AskFor(offsets);
        return isDone;
    }

    private void CommitLast(List<OwnedPartition> drained, long started)
    {
        for (var tries = 1; !IsCommitted(drained) && tries < LastCommitTries && Remaining(started) > CommitRetryDelay; tries++)
            wait(Task.Delay(CommitRetryDelay, time), CommitRetryDelay);
    }

    // What is drained was committed with its transaction, and once the lock is had its shard has heard of that.
    private bool IsCommitted(List<OwnedPartition> drained)
    {
        lock (ownership)
            return (transactions is not null && keepsOffsets != false) || TryCommit(drained);
    }

    // Called under `ownership`.
    private bool TryCommitTransaction(TimeSpan patience)
    {
        var isDone = transactions!.TryCommit(owned.Keys, patience, out var committed);
        if (keepsOffsets == false)
        {
            TryCommit([.. owned.Values]);
            return isDone;
        }

        if (keepsOffsets is null && committed.Count > 0)
            doubted = committed;
        foreach (var (partition, offset) in committed)
        {
            if (!owned.TryGetValue(partition, out var its))
                continue;
            its.Committed = offset;
            its.Shard.Committed(offset);
        }

        return isDone;
    }

    // On a broker that forgets the offsets of transactions they are committed by themselves, after their transaction.
    private void AskFor(IReadOnlyList<(int Partition, long Offset)> committed)
    {
        try
        {
            var known = client.Committed([.. committed.Select(c => c.Partition)]);
            lock (ownership)
            {
                doubted = null;
                keepsOffsets = committed.Zip(known).All(c => c.Second >= c.First.Offset);
                for (var i = 0; i < known.Count && keepsOffsets == false; i++)
                {
                    if (owned.TryGetValue(committed[i].Partition, out var its))
                        its.Committed = known[i];
                }
            }

            if (keepsOffsets == false)
                LogForgetsOffsets();
        }
        catch (GroupException e)
        {
            LogCommittedUnknown(e.Message);
        }
    }

    // Called under `ownership`.
    private bool TryCommit(List<OwnedPartition> partitions)
    {
        var offsets = new List<(int Partition, long Offset)>();
        foreach (var partition in partitions)
        {
            if (partition.Shard.CommittableOffset is { } offset && offset != partition.Committed)
                offsets.Add((partition.Partition, offset));
        }

        if (offsets.Count == 0)
            return true;
        try
        {
            client.Commit(offsets);
        }
        catch (GroupException e)
        {
            // Nothing is lost: what is not committed now is committed next time, or read again by the next owner.
            commitFailures.Add(1);
            LogCommitFailed(e.Message);
            return false;
        }

        foreach (var (partition, offset) in offsets)
        {
            owned[partition].Committed = offset;
            owned[partition].Shard.Committed(offset);
        }

        return true;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The brokers do not keep the offsets of transactions, as the embedded broker does not; they are committed by themselves, and exactly_once does not hold there")]
    private partial void LogForgetsOffsets();

    [LoggerMessage(Level = LogLevel.Warning, Message = "A commit failed ({Reason}); it is repeated with the next")]
    private partial void LogCommitFailed(string reason);
}
