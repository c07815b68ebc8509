using Microsoft.Extensions.Logging;

namespace Scoring.Actors.Source;

/// <summary>What happens when partitions come, leave and are lost: on the thread that polls, inside a call of the client's.</summary>
public sealed partial class GroupMember
{
    // A client takes an exception in a handler as a wish to give everything up, so nothing may escape:
    // what goes wrong is kept and ends the poll loop.
    IReadOnlyList<long>? IGroupListener.Assigned(IReadOnlyList<int> partitions)
    {
        try
        {
            var committed = CommittedOf(partitions);
            var starts = partitions.Select((p, i) => committed[i] ?? client.FirstStartOf(p)).ToArray();
            lock (ownership)
            {
                for (var i = 0; i < partitions.Count; i++)
                    owned[partitions[i]] = new OwnedPartition(partitions[i], shards.Open(partitions[i]), starts[i]) { Committed = committed[i] };
                unbegun += partitions.Count;
                Show();
            }

            joined.TrySetResult();
            LogAssigned(string.Join(", ", partitions));
            return starts;
        }
#pragma warning disable CA1031
        catch (Exception e)
#pragma warning restore CA1031
        {
            failure ??= e;
            return null;
        }
    }

    void IGroupListener.Revoked(IReadOnlyList<int> partitions)
    {
        try
        {
            LogRevoked(string.Join(", ", partitions));
            revoking = true;
            var started = time.GetTimestamp();
            var gone = Owned(partitions);
            foreach (var partition in gone)
                partition.Shard.RequestStop();
            // Blocks the poll thread, as a handler must: the group waits for its end before it moves the partitions.
            var undrained = FinishDrained(gone, started);
            AbandonUnfinished(gone, undrained, started);
            CheckShards();
            lock (ownership)
            {
                if (transactions is null)
                    TryCommit(undrained);
                Forget(gone);
            }
        }
#pragma warning disable CA1031
        catch (Exception e)
#pragma warning restore CA1031
        {
            failure ??= e;
        }
        finally
        {
            revoking = false;
        }
    }

    void IGroupListener.Lost(IReadOnlyList<int> partitions)
    {
        try
        {
            LogLost(string.Join(", ", partitions));
            lock (ownership)
            {
                var gone = Owned(partitions);
                foreach (var partition in gone)
                    partition.Shard.Abandon();
                Forget(gone);
            }
        }
#pragma warning disable CA1031
        catch (Exception e)
#pragma warning restore CA1031
        {
            failure ??= e;
        }
    }

    private IReadOnlyList<long?> CommittedOf(IReadOnlyList<int> partitions)
    {
        for (var tries = 1; ; tries++)
        {
            try
            {
                return client.Committed(partitions);
            }
            catch (GroupException e) when (tries < CommittedTries && e.IsRetriable && !leaving)
            {
                LogCommittedUnknown(e.Message);
            }
        }
    }

    // Each shard by itself, so that a slow one costs the others nothing: what it has done is committed, and while the
    // others finish it writes its last checkpoint.
    private List<OwnedPartition> FinishDrained(List<OwnedPartition> gone, long started)
    {
        var left = gone.ToList();
        do
        {
            var drained = left.FindAll(p => p.Shard.Drained.IsCompleted);
            if (drained.Count > 0)
                CommitLast(drained, started);
            foreach (var partition in drained)
                partition.Shard.Finish();
            left.RemoveAll(drained.Contains);
        }
        while (left.Count > 0 && HasEnded(Task.WhenAny(left.Select(p => p.Shard.Drained)), TransactionTurn, started));
        return left;
    }

    // In transactions a shard has nothing more under way only once they are committed; and the shards that stay go on
    // meanwhile. This thread commits them itself: another's turn could last longer than it may wait.
    private bool HasEnded(Task task, TimeSpan turn, long started)
    {
        if (transactions is null)
            return wait(task, Remaining(started));
        while (!wait(task, Remaining(started) < turn ? Remaining(started) : turn))
        {
            if (Remaining(started) == TimeSpan.Zero || transactions.IsLost)
                return false;
            lock (ownership)
                TryCommitTransaction(Remaining(started));
        }

        return true;
    }

    private void AbandonUnfinished(List<OwnedPartition> gone, List<OwnedPartition> undrained, long started)
    {
        HasEnded(Task.WhenAll(gone.Except(undrained).Select(p => p.Shard.Completion)), options.CommitInterval, started);
        var late = gone.FindAll(p => !p.Shard.Completion.IsCompleted);
        if (late.Count == 0)
            return;
        LogRevocationTimeout(string.Join(", ", late.Select(p => p.Partition)), options.RevocationTimeout);
        foreach (var partition in late)
            partition.Shard.Abandon();
    }

    private List<OwnedPartition> Owned(IReadOnlyList<int> partitions) => [.. partitions.Where(owned.ContainsKey).Select(p => owned[p])];

    private void Forget(List<OwnedPartition> partitions)
    {
        foreach (var partition in partitions)
        {
            pausedPartitions -= partition.Paused ? 1 : 0;
            unbegun -= partition.Begun ? 0 : 1;
            owned.Remove(partition.Partition);
            shards.Closed(partition.Partition);
        }

        Show();
    }

    private TimeSpan Remaining(long started)
    {
        var left = options.RevocationTimeout - time.GetElapsedTime(started);
        return left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Partitions {Partitions} have come to this node")]
    private partial void LogAssigned(string partitions);

    [LoggerMessage(Level = LogLevel.Information, Message = "Partitions {Partitions} leave this node")]
    private partial void LogRevoked(string partitions);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Partitions {Partitions} were lost: another node may own them already")]
    private partial void LogLost(string partitions);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The shards of the revoked partitions {Partitions} did not finish within {Timeout}; the next owner reads again what they had begun")]
    private partial void LogRevocationTimeout(string partitions, TimeSpan timeout);
}
