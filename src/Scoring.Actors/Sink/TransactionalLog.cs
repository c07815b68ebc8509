using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;
using Scoring.Actors.Log;
using Scoring.Actors.Telemetry;

namespace Scoring.Actors.Sink;

/// <summary>
/// The outputs and offsets of all shards of a node in one transaction after another.
/// <list type="number">
/// <item>A transaction is open. Shards append batch by batch; a batch lies within one transaction.</item>
/// <item>To commit, the gate is closed; batches that are being appended end, others wait.</item>
/// <item>The offsets behind the ended batches join the transaction, and it is committed.</item>
/// <item>The observers are told, the next transaction is opened, and so is the gate.</item>
/// </list>
/// What was appended is kept until its transaction is committed, so that an aborted one is sent again as it was,
/// without a shard's knowing. Bounded by the shards' unacknowledged batches. A call to the brokers that has no answer when
/// the caller's patience ends is made again in the next turn, and the gate stays closed until then.
/// </summary>
public sealed partial class TransactionalLog : IOutputSessions, ITransactions, IDisposable
{
    /// <summary>
    /// The least patience that ever ends a transaction. An unanswered sending of offsets may still reach the group later,
    /// so it is given its time or not begun.
    /// </summary>
    public static readonly TimeSpan LeastPatience = TimeSpan.FromMilliseconds(400);

    // With less, an answer could not come in time.
    private static readonly TimeSpan ShortestCall = TimeSpan.FromMilliseconds(50);

    private static readonly TimeSpan FlushTimeout = TimeSpan.FromMilliseconds(100);

    // Longer than a transaction may live: what is still refused by then will not be taken.
    private static readonly TimeSpan LongestRefusal = TimeSpan.FromSeconds(60);

    // A cause that lasts so long is none that an abort mends.
    private const int MaxRewritesInARow = 100;

    private readonly Func<ITransactionalClient> connect;
    private readonly TimeProvider time;
    private readonly ILogger<TransactionalLog> logger;
    private readonly Counter<long> commits;
    private readonly Counter<long> aborts;
    private readonly Counter<long> restarts;
    private readonly Lock gate = new();
    private readonly HashSet<Session> ended = [];
    private readonly Queue<Entry> again = new();
    private List<Entry> entries = [];
    private ITransactionalClient? client;
    private int appending;
    private int rewrites;
    private bool isClosed;
    private bool isOpen;
    private bool mustAbort;
    private bool isRewriting;
    private volatile bool isLost;

    // How far the end of a transaction has come, from one call of TryCommit to the next.
    private Step step;
    private bool hasStarted;
    private IReadOnlyList<(int Partition, long Offset)> offsets = [];
    private IReadOnlyList<(int Partition, long Offset)>? unanswered;
    private long? refusedSince;
    private long turnBegan;
    private TimeSpan turnPatience;

    /// <summary>Makes the log; the first commit connects it.</summary>
    /// <param name="connect">Makes a client; called again after a failure that a client does not survive.</param>
    /// <param name="time">Times the calls to the brokers.</param>
    /// <param name="meters">Where its metrics are counted.</param>
    /// <param name="logger">Where aborts are logged.</param>
    public TransactionalLog(Func<ITransactionalClient> connect, TimeProvider time, IMeterFactory meters, ILogger<TransactionalLog> logger)
    {
        ArgumentNullException.ThrowIfNull(meters);
        this.connect = connect;
        this.time = time;
        this.logger = logger;
        var meter = meters.Create(ScoringMeter.Name);
        commits = meter.CreateCounterAtZero("scoring.transactions.commits", "{transaction}", "Transactions committed");
        aborts = meter.CreateCounterAtZero("scoring.transactions.aborts", "{transaction}", "Transactions aborted and sent again");
        restarts = meter.CreateCounterAtZero("scoring.transactions.restarts", "{restart}", "Times that the transactional client was fenced or expired and every shard recovered");
    }

    private enum Step
    {
        /// <summary>Nothing has begun that could not be taken back.</summary>
        Open,

        /// <summary>An abort may be under way.</summary>
        Aborting,

        /// <summary>What is still wanted of an aborted transaction is being produced again.</summary>
        Resending,

        /// <summary>A commit may be under way: only its answer tells what has become of it.</summary>
        Committing,
    }

    /// <inheritdoc/>
    public bool IsLost => isLost;

    private TimeSpan Left => turnPatience - time.GetElapsedTime(turnBegan);

    /// <inheritdoc/>
    public IOutputSession Open(int partition) => new Session(this, partition);

    /// <inheritdoc/>
    public bool TryCommit(IReadOnlyCollection<int> owned, TimeSpan patience, out IReadOnlyList<(int Partition, long Offset)> committed)
    {
        ArgumentNullException.ThrowIfNull(owned);
        committed = [];
        lock (gate)
        {
            if (isLost)
                return true;
            if (step == Step.Open)
                Disown(owned);
            isClosed = step != Step.Open || entries.Count > 0 || mustAbort || !isOpen || ended.Any(s => !s.IsClosed);
            if (!isClosed)
                return true;
            if (appending > 0)
                return false;
        }

        (turnBegan, turnPatience) = (time.GetTimestamp(), patience);
        try
        {
            if (!CommitClosed(out committed))
                return false;
            EnsureOpen();
        }
        catch (TransactionException e) when (e.Failure == TransactionFailure.Retriable)
        {
            return false;
        }
        catch (TransactionException e)
        {
            GiveUp(e);
        }

        lock (gate)
            isClosed = false;
        return true;
    }

    /// <inheritdoc/>
    public void Restart()
    {
        lock (gate)
        {
            client?.Dispose();
            client = null;
            entries.Clear();
            ended.Clear();
            again.Clear();
            isOpen = mustAbort = isClosed = hasStarted = false;
            step = Step.Open;
            unanswered = null;
            refusedSince = null;
            rewrites = 0;
            isLost = false;
        }

        restarts.Add(1);
    }

    /// <summary>Leaves an open transaction to be aborted: its shards have ended without committing it.</summary>
    public void Dispose() => client?.Dispose();

    private void Disown(IReadOnlyCollection<int> owned)
    {
        foreach (var session in ended)
        {
            if (!owned.Contains(session.Partition))
                session.IsClosed = true;
        }
    }

    // Nobody appends meanwhile: the gate is closed.
    private bool CommitClosed(out IReadOnlyList<(int Partition, long Offset)> committed)
    {
        committed = [];
        if (step == Step.Open && !TryDecide())
            BeginRewrite();
        if (step is Step.Aborting or Step.Resending && !(TryRewrite() && TryDecide()))
            return false;
        if (step == Step.Open && entries.Count == 0 && offsets.Count == 0)
        {
            rewrites = 0;
            return true;
        }

        try
        {
            if (step == Step.Open)
                SendOffsets();
            step = Step.Committing;
            Call(c => c.Commit(Left));
        }
        catch (TransactionException e) when (e.Failure == TransactionFailure.Abortable)
        {
            LogAborted(e.Message);
            mustAbort = true;
            step = Step.Open;
            return false;
        }

        committed = offsets;
        Committed();
        return true;
    }

    private void SendOffsets()
    {
        EnsureOpen();
        if (offsets.Count == 0)
            return;
        if (Left < LeastPatience)
            throw new TransactionException(TransactionFailure.Retriable, "too little time is left in this turn", null);
        unanswered = offsets;
        Call(c => c.SendOffsets(offsets, Left));
        unanswered = null;
    }

    private void Committed()
    {
        step = Step.Open;
        isOpen = false;
        rewrites = 0;
        commits.Add(1);
        List<Entry> done;
        lock (gate)
        {
            done = entries;
            entries = [];
            ended.Clear();
            // For a session that closed since it was decided on: what it appended is committed, its offset with it.
            mustAbort = false;
        }

        foreach (var entry in done)
            entry.Observer.Appended();
    }

    // A shard may be given up at any time, by its own thread too. Whether it is in is decided at one instant, so that its
    // outputs and its offset are both in the transaction or neither is.
    private bool TryDecide()
    {
        lock (gate)
        {
            offsets = [.. ended.Where(s => !s.IsClosed).Select(s => (s.Partition, s.NextOffset)).OrderBy(o => o.Partition)];
            if (unanswered is not null && !unanswered.SequenceEqual(offsets))
                throw new TransactionException(TransactionFailure.Fatal, "offsets of a shard that is gone were sent without an answer, and only a new epoch keeps them out", null);
            return !mustAbort && !entries.Exists(e => e.Session.IsClosed || e.HasFailed);
        }
    }

    private void BeginRewrite()
    {
        if (++rewrites > MaxRewritesInARow)
            throw new TransactionException(TransactionFailure.Fatal, $"a transaction was sent {MaxRewritesInARow} times in vain", null);
        step = Step.Aborting;
    }

    // Aborts, and sends again what is still wanted, in order. False if the client's queue is full.
    private bool TryRewrite()
    {
        if (step == Step.Aborting)
        {
            if (isOpen)
                Abort();
            CollectWanted();
            step = Step.Resending;
        }

        if (again.Count > 0)
            EnsureOpen();
        while (again.TryPeek(out var entry))
        {
            if (client!.TryProduce(entry.Record, entry.Fail))
                again.Dequeue();
            else if (Left < ShortestCall)
                return false;
            else
                client.Flush(Left < FlushTimeout ? Left : FlushTimeout);
        }

        step = Step.Open;
        return true;
    }

    private void Abort()
    {
        Call(c => c.Abort(Left));
        isOpen = false;
        aborts.Add(1);
    }

    private void CollectWanted()
    {
        lock (gate)
        {
            mustAbort = false;
            var before = entries;
            entries = [];
            // An observer whose record is too large may append a smaller one in its place.
            isRewriting = true;
            foreach (var entry in before.Where(e => !e.Session.IsClosed))
            {
                if (entry.TooLarge is { } detail)
                    entry.Observer.Failed(AppendFailure.TooLarge, detail);
                else
                    entries.Add(new Entry(entry.Session, entry.Record, entry.Observer));
            }

            isRewriting = false;
            ended.RemoveWhere(s => s.IsClosed);
            foreach (var entry in entries)
                again.Enqueue(entry);
        }
    }

    private void EnsureOpen()
    {
        if (isOpen)
            return;
        client ??= connect();
        if (!hasStarted)
        {
            Call(c => c.Start(Left));
            hasStarted = true;
        }

        Call(c => c.Begin());
        isOpen = true;
    }

    // Before the first start nothing is in doubt, and the brokers are waited for as long as it takes.
    private void Call(Action<ITransactionalClient> call)
    {
        if (Left < ShortestCall)
            throw new TransactionException(TransactionFailure.Retriable, "no time is left in this turn", null);
        try
        {
            call(client!);
            refusedSince = null;
        }
        catch (TransactionException e) when (e.Failure == TransactionFailure.Retriable)
        {
            if (refusedSince is null)
                LogTriedAgain(e.Message);
            refusedSince ??= time.GetTimestamp();
            if (hasStarted && time.GetElapsedTime(refusedSince.Value) > LongestRefusal)
                throw new TransactionException(TransactionFailure.Fatal, $"for {LongestRefusal.TotalSeconds:N0} s: {e.Message}", e);
            throw;
        }
    }

    private void GiveUp(TransactionException reason)
    {
        isLost = true;
        LogLost(reason.Message);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "A transaction was aborted and is sent again ({Reason})")]
    private partial void LogAborted(string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The brokers did not take a transaction's call; it is made again until they do ({Reason})")]
    private partial void LogTriedAgain(string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "The transactional client can't go on; every shard is dropped and recovered ({Reason})")]
    private partial void LogLost(string reason);
}
