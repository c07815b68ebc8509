using Microsoft.Extensions.Logging;

namespace Scoring.Actors.Source;

/// <summary>How a partition that this node still owns gets a new shard in the place of one that was fenced or dropped.</summary>
public sealed partial class GroupMember
{
    // Not while partitions are being revoked: the group still takes their commits then, and a new shard's epoch would
    // fence the next owner.
    private void ReopenEnded()
    {
        foreach (var partition in view)
        {
            if (partition.EndedAt is { } at && time.GetElapsedTime(at) >= options.ReopenDelay)
                ReopenIfOwned(partition);
        }
    }

    // A shard that ended by itself was fenced. Most likely the partition has moved and this node is about to hear of
    // it; but a late answer of the store may have fenced the rightful owner, which then has to begin again. A commit
    // tells them apart: the group takes it from the owner alone. It is of what the group has anyway: what this node knows
    // to be committed may lie before where a later owner has come.
    private void ReopenIfOwned(OwnedPartition partition)
    {
        partition.EndedAt = time.GetTimestamp();
        try
        {
            var committed = client.Committed([partition.Partition])[0];
            lock (ownership)
            {
                // The other thread may have committed more of the shard that is gone since the question.
                if (partition.Committed > (committed ?? -1))
                    committed = partition.Committed;
                client.Commit([(partition.Partition, committed ?? partition.Start)]);
                partition.Committed = committed;
                Reopen(partition);
                Show();
            }
        }
        catch (GroupException e)
        {
            LogCommitFailed(e.Message);
        }
    }

    // Called under `ownership`.
    private void Reopen(OwnedPartition partition)
    {
        shards.Closed(partition.Partition);
        unbegun += partition.Begun ? 1 : 0;
        owned[partition.Partition] = new OwnedPartition(partition.Partition, shards.Open(partition.Partition), partition.Start)
        {
            Committed = partition.Committed,
            Paused = partition.Paused,
            Down = partition.Down,
            IsReadAgain = true,
        };
    }

    // The transactions are another's, or expired: what the shards applied since the last commit is in doubt.
    private void RecoverAll()
    {
        LogTransactionsLost(++losses);
        if (losses > MaxLosses)
        {
            failure ??= new GroupException($"the transactions of this node were lost {losses} times; does another process run with its NodeId?", false, null);
            return;
        }

        lock (ownership)
        {
            foreach (var partition in owned.Values)
                partition.Shard.Abandon();
            transactions!.Restart();
            foreach (var partition in view)
                Reopen(partition);
            Show();
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "The transactions of this node were lost ({Losses} times so far); its shards are recovered")]
    private partial void LogTransactionsLost(int losses);
}
