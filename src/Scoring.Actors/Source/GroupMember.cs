using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;
using Scoring.Actors.Log;
using Scoring.Actors.Telemetry;

namespace Scoring.Actors.Source;

/// <summary>
/// This node as a member of the consumer group: hands each record to its partition's shard and commits what the
/// shards have finished.
/// <list type="bullet">
/// <item>A partition is paused when its shard's mailbox is full and resumed when half of it is free.</item>
/// <item>A shard begins once it has read its checkpoint, with the offset that the group has committed by then.</item>
/// <item>Only the partitions that this node owns at that moment are committed: the group would accept a
/// commit of a living member for a partition that has moved to another.</item>
/// <item>A revoked partition's shard finishes what it has begun, is committed, and writes its last checkpoint before
/// the partition goes; a lost one is given up.</item>
/// </list>
/// One thread polls (<see cref="Turn"/>, <see cref="Leave"/>), another commits (<see cref="Commit"/>), so that a slow
/// commit holds up no record.
/// </summary>
public sealed partial class GroupMember : IGroupListener
{
    /// <summary>With transactions, the least that <see cref="SourceOptions.RevocationTimeout"/> may be: half of it is what a turn waits for the brokers.</summary>
    public static readonly TimeSpan LeastTransactionalRevocation = TimeSpan.FromSeconds(1);

    private const int CommittedTries = 6;
    private const int LastCommitTries = 3;
    private const int MaxLosses = 10;
    private static readonly TimeSpan TransactionTurn = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan CommitRetryDelay = TimeSpan.FromMilliseconds(100);

    private readonly SourceOptions options;
    private readonly int mailboxRecords;
    private readonly IShardSet shards;
    private readonly IGroupClient client;
    private readonly ITransactions? transactions;
    private readonly Func<Task, TimeSpan, bool> wait;
    private readonly TimeProvider time;
    private readonly ILogger<GroupMember> logger;
    private readonly Counter<long> commitFailures;
    private readonly Counter<long> foreign;
    private readonly Counter<long> pauses;
    private readonly TaskCompletionSource joined = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // Guards `owned` and every commit: a partition must not be committed once its revocation has begun.
    private readonly Lock ownership = new();
    private readonly Dictionary<int, OwnedPartition> owned = [];

    // What `owned` holds, for those who only look: a commit may take as long as the brokers are away.
    private volatile OwnedPartition[] view = [];
    private int pausedPartitions;
    private int unbegun;
    private int losses;

    // Whether the group keeps the offsets of committed transactions, as every Kafka does; the embedded broker forgets them.
    // Null until it was asked, after the first. Guarded by `ownership`, as what it is asked about.
    private bool? keepsOffsets;
    private IReadOnlyList<(int Partition, long Offset)>? doubted;
    private volatile Exception? failure;
    private volatile bool leaving;

    // While partitions are revoked their handler commits by itself: it must not wait for another's turn as well.
    private volatile bool revoking;

    /// <summary>Makes the member; <see cref="Join"/> joins the group.</summary>
    /// <param name="options">How it reads.</param>
    /// <param name="mailboxRecords">Records in a shard's mailbox at which its partition is paused.</param>
    /// <param name="shards">Where the records go.</param>
    /// <param name="client">The group.</param>
    /// <param name="transactions">Commits offsets with their outputs; null commits them by themselves, once the outputs are acknowledged.</param>
    /// <param name="wait">Waits for a task's end, at most so long, and says whether it ended: a rebalance handler must block.</param>
    /// <param name="time">Times the handlers.</param>
    /// <param name="meters">Where its metrics are counted.</param>
    /// <param name="logger">Where rebalances and errors are logged.</param>
    public GroupMember(
        SourceOptions options,
        int mailboxRecords,
        IShardSet shards,
        IGroupClient client,
        ITransactions? transactions,
        Func<Task, TimeSpan, bool> wait,
        TimeProvider time,
        IMeterFactory meters,
        ILogger<GroupMember> logger)
    {
        ArgumentNullException.ThrowIfNull(meters);
        this.options = options;
        this.mailboxRecords = mailboxRecords;
        this.shards = shards;
        this.client = client;
        this.transactions = transactions;
        this.wait = wait;
        this.time = time;
        this.logger = logger;
        var meter = meters.Create(ScoringMeter.Name);
        commitFailures = meter.CreateCounter<long>("scoring.source.commit_failures", "{commit}", "Commits that the group refused or did not answer");
        foreign = meter.CreateCounter<long>("scoring.source.foreign_records", "{record}", "Records of partitions that had been revoked or are to be read again, dropped");
        pauses = meter.CreateCounter<long>("scoring.source.pauses", "{pause}", "Times that a partition was paused because its mailbox was full");
    }

    /// <summary>Ends when the group has given this node its share of the partitions for the first time; faulted if it never will.</summary>
    public Task Joined => joined.Task;

    /// <summary>Why the member can't go on; null while it can.</summary>
    public Exception? Failure => failure;

    /// <summary>Whether a partition waits for its shard, so that the next turn should come soon.</summary>
    public bool IsImpatient => pausedPartitions > 0 || unbegun > 0;

    /// <summary>Joins the group.</summary>
    public void Join() => client.Join(this);

    /// <summary>The partitions of this node. Never waits.</summary>
    public IReadOnlyList<PartitionState> Partitions() => [.. view.Select(StateOf)];

    /// <summary>One turn of the poll loop: begins shards, resumes what has room, and routes at most one record.</summary>
    /// <param name="timeout">How long to wait for a record.</param>
    public void Turn(TimeSpan timeout)
    {
        if (transactions is { IsLost: true })
            RecoverAll();
        if (unbegun > 0)
            BeginShards();
        if (pausedPartitions > 0)
            ResumeDrained();
        try
        {
            if (client.Poll(timeout, out var partition, out var record))
                Route(partition, record);
        }
        catch (LogGapException e)
        {
            TakeDown(e.Partition, e.Message);
        }

        CheckShards();
        ReopenEnded();
    }

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

    /// <summary>Stops the member with the reason.</summary>
    /// <param name="reason">What went wrong.</param>
    public void Fail(Exception reason) => failure ??= reason;

    /// <summary>Finishes, commits and leaves the group: closing revokes what is owned.</summary>
    public void Leave()
    {
        leaving = true;
        try
        {
            client.Close();
        }
        catch (GroupException e)
        {
            failure ??= e;
        }

        if (failure is { } reason)
            joined.TrySetException(reason);
        else
            joined.TrySetCanceled();
    }

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

    // K is read after the shard has its epoch and its checkpoint: from then on no earlier owner's checkpoint can pass it.
    private void BeginShards()
    {
        var ready = owned.Values.Where(p => !p.Begun && p.Shard.AwaitsBegin).ToList();
        if (ready.Count == 0)
            return;
        try
        {
            var committed = client.Committed([.. ready.Select(p => p.Partition)]);
            for (var i = 0; i < ready.Count; i++)
            {
                if (ready[i].IsReadAgain)
                    client.Seek(ready[i].Partition, committed[i] ?? ready[i].Start);
                // More than at the assignment where the owner before was still committing; a reopened shard must not set it back.
                ready[i].Committed = committed[i];
                ready[i].Shard.Begin(committed[i], ready[i].Start);
                ready[i].Begun = true;
                unbegun--;
            }
        }
        catch (GroupException e) when (e.IsRetriable)
        {
            LogCommittedUnknown(e.Message);
        }
    }

    private void Route(int number, in InputRecord record)
    {
        // A partition that is opened again is read again too, from where its shard begins: what comes before that was
        // fetched for the shard that is gone, and would make the new one skip what it lacks.
        if (!owned.TryGetValue(number, out var partition) || partition is { IsReadAgain: true, Begun: false })
        {
            foreign.Add(1);
            return;
        }

        partition.Shard.Enqueue(record);
        if (!partition.Paused && partition.Shard.Waiting >= mailboxRecords)
        {
            client.Pause(number);
            partition.Paused = true;
            pausedPartitions++;
            pauses.Add(1);
        }
    }

    private void ResumeDrained()
    {
        foreach (var partition in owned.Values)
        {
            if (!partition.Paused || partition.Shard.Waiting > mailboxRecords / 2)
                continue;
            client.Resume(partition.Partition);
            partition.Paused = false;
            pausedPartitions--;
        }
    }

    private void CheckShards()
    {
        foreach (var partition in view)
        {
            if (!partition.Shard.Completion.IsCompleted)
                continue;
            if (partition.Shard.Completion.Exception is { } error)
                failure ??= error.GetBaseException();
            else
                partition.EndedAt ??= time.GetTimestamp();
        }
    }

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

    private void TakeDown(int number, string why)
    {
        LogLogGap(number, why);
        lock (ownership)
        {
            if (owned.TryGetValue(number, out var partition))
                partition.Down = PartitionState.LogGap;
        }
    }

    // Each shard by itself, so that a slow one costs the others nothing: what it has done is committed, and while the
    // others finish it writes its last checkpoint.
    private List<OwnedPartition> FinishDrained(List<OwnedPartition> gone, long started)
    {
        revoking = true;
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
        while (left.Count > 0 && IsOneDrained(left, started));
        revoking = false;
        return left;
    }

    // In transactions a shard has nothing more under way only once they are committed.
    private bool IsOneDrained(List<OwnedPartition> left, long started)
    {
        var one = Task.WhenAny(left.Select(p => p.Shard.Drained));
        if (transactions is null)
            return wait(one, Remaining(started));
        while (!wait(one, TransactionTurn))
        {
            if (Remaining(started) == TimeSpan.Zero || transactions.IsLost)
                return false;
            lock (ownership)
                TryCommitTransaction(Remaining(started));
        }

        return true;
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

    private void AbandonUnfinished(List<OwnedPartition> gone, List<OwnedPartition> undrained, long started)
    {
        wait(Task.WhenAll(gone.Except(undrained).Select(p => p.Shard.Completion)), Remaining(started));
        var late = gone.FindAll(p => !p.Shard.Completion.IsCompleted);
        if (late.Count == 0)
            return;
        LogRevocationTimeout(string.Join(", ", late.Select(p => p.Partition)), options.RevocationTimeout);
        foreach (var partition in late)
            partition.Shard.Abandon();
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

    private TimeSpan Remaining(long started)
    {
        var left = options.RevocationTimeout - time.GetElapsedTime(started);
        return left > TimeSpan.Zero ? left : TimeSpan.Zero;
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

    private void Show() => view = [.. owned.Values.OrderBy(p => p.Partition)];

    private PartitionState StateOf(OwnedPartition partition) =>
        new(partition.Partition, partition.Committed, client.EndOffset(partition.Partition), partition.Paused, partition.Down);

    [LoggerMessage(Level = LogLevel.Information, Message = "Partitions {Partitions} have come to this node")]
    private partial void LogAssigned(string partitions);

    [LoggerMessage(Level = LogLevel.Information, Message = "Partitions {Partitions} leave this node")]
    private partial void LogRevoked(string partitions);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Partitions {Partitions} were lost: another node may own them already")]
    private partial void LogLost(string partitions);

    [LoggerMessage(Level = LogLevel.Error, Message = "The transactions of this node were lost ({Losses} times so far); its shards are recovered")]
    private partial void LogTransactionsLost(int losses);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The shards of the revoked partitions {Partitions} did not finish within {Timeout}; the next owner reads again what they had begun")]
    private partial void LogRevocationTimeout(string partitions, TimeSpan timeout);

    [LoggerMessage(Level = LogLevel.Critical, Message = "Partition {Partition} is down (state_log_gap): {Why}. Set the group's offset explicitly to go on")]
    private partial void LogLogGap(int partition, string why);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The brokers do not keep the offsets of transactions, as the embedded broker does not; they are committed by themselves, and exactly_once does not hold there")]
    private partial void LogForgetsOffsets();

    [LoggerMessage(Level = LogLevel.Warning, Message = "The group's offsets could not be read ({Reason}); trying again")]
    private partial void LogCommittedUnknown(string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "A commit failed ({Reason}); it is repeated with the next")]
    private partial void LogCommitFailed(string reason);
}
