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
    private readonly Counter<long> lost;
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
    private volatile string? halted;
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
        commitFailures = meter.CreateCounterAtZero("scoring.source.commit_failures", "{commit}", "Commits that the group refused or did not answer");
        foreign = meter.CreateCounterAtZero("scoring.source.foreign_records", "{record}", "Records of partitions that had been revoked or are to be read again, dropped");
        pauses = meter.CreateCounterAtZero("scoring.source.pauses", "{pause}", "Times that a partition was paused because its mailbox was full");
        lost = meter.CreateCounterAtZero("scoring.source.lost", "{record}", "Records that left the input log before they were read");
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
        if (halted is { } code)
            HaltAll(code);
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
            lost.Add(e.Lost);
            LogLogGap(e.Partition, e.Message);
            TakeDown(e.Partition, PartitionState.LogGap);
        }

        CheckShards();
        ReopenEnded();
    }

    /// <summary>Reads nothing more of any partition, while the node goes on to live: the log is not what the state is made of. Any thread may call.</summary>
    /// <param name="code">Why, as a code.</param>
    public void Halt(string code) => halted ??= code;

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
            if (!partition.Paused || partition.Down is not null || partition.Shard.Waiting > mailboxRecords / 2)
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

    private void TakeDown(int number, string code)
    {
        lock (ownership)
        {
            if (owned.TryGetValue(number, out var partition))
                partition.Down = code;
        }
    }

    // Whatever comes to this node meanwhile too. What was read before is finished.
    private void HaltAll(string code)
    {
        foreach (var partition in view)
        {
            if (partition.Down is not null)
                continue;
            client.Pause(partition.Partition);
            TakeDown(partition.Partition, code);
        }
    }

    private void Show() => view = [.. owned.Values.OrderBy(p => p.Partition)];

    private PartitionState StateOf(OwnedPartition partition) =>
        new(partition.Partition, partition.Committed, client.EndOffset(partition.Partition), partition.Paused, partition.Down);

    [LoggerMessage(Level = LogLevel.Critical, Message = "Partition {Partition} is down (state_log_gap): {Why}. Set the group's offset explicitly to go on")]
    private partial void LogLogGap(int partition, string why);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The group's offsets could not be read ({Reason}); trying again")]
    private partial void LogCommittedUnknown(string reason);
}
