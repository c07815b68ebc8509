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
/// without a shard's knowing. Bounded by the shards' unacknowledged batches.
/// </summary>
public sealed partial class TransactionalLog : IOutputSessions, ITransactions, IDisposable
{
    // More than a transaction may live: whatever is still refused by then has expired.
    private const int MaxTriesOfACall = 20;

    // A cause that lasts so long is none that an abort mends.
    private const int MaxRewritesInARow = 100;

    private readonly Func<ITransactionalClient> connect;
    private readonly ILogger<TransactionalLog> logger;
    private readonly Counter<long> commits;
    private readonly Counter<long> aborts;
    private readonly Counter<long> restarts;
    private readonly Lock gate = new();
    private readonly HashSet<Session> ended = [];
    private List<Entry> entries = [];
    private ITransactionalClient? client;
    private int appending;
    private int rewrites;
    private bool isClosed;
    private bool isOpen;
    private bool mustAbort;
    private bool isRewriting;
    private volatile bool isLost;

    /// <summary>Makes the log; the first commit connects it.</summary>
    /// <param name="connect">Makes a client; called again after a failure that a client does not survive.</param>
    /// <param name="meters">Where its metrics are counted.</param>
    /// <param name="logger">Where aborts are logged.</param>
    public TransactionalLog(Func<ITransactionalClient> connect, IMeterFactory meters, ILogger<TransactionalLog> logger)
    {
        ArgumentNullException.ThrowIfNull(meters);
        this.connect = connect;
        this.logger = logger;
        var meter = meters.Create(ScoringMeter.Name);
        commits = meter.CreateCounter<long>("scoring.transactions.commits", "{transaction}", "Transactions committed");
        aborts = meter.CreateCounter<long>("scoring.transactions.aborts", "{transaction}", "Transactions aborted and sent again");
        restarts = meter.CreateCounter<long>("scoring.transactions.restarts", "{restart}", "Times that the transactional client was fenced or expired and every shard recovered");
    }

    /// <inheritdoc/>
    public bool IsLost => isLost;

    /// <inheritdoc/>
    public IOutputSession Open(int partition) => new Session(this, partition);

    /// <inheritdoc/>
    public bool TryCommit(IReadOnlyCollection<int> owned, out IReadOnlyList<(int Partition, long Offset)> committed)
    {
        ArgumentNullException.ThrowIfNull(owned);
        committed = [];
        lock (gate)
        {
            if (isLost)
                return true;
            foreach (var session in ended)
            {
                if (!owned.Contains(session.Partition))
                    session.IsClosed = true;
            }

            isClosed = entries.Count > 0 || mustAbort || !isOpen || ended.Any(s => !s.IsClosed);
            if (!isClosed)
                return true;
            if (appending > 0)
                return false;
        }

        try
        {
            if (!CommitClosed(out committed))
                return false;
            EnsureOpen();
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
            isOpen = mustAbort = isClosed = false;
            rewrites = 0;
            isLost = false;
        }

        restarts.Add(1);
    }

    /// <summary>Leaves an open transaction to be aborted: its shards have ended without committing it.</summary>
    public void Dispose() => client?.Dispose();

    // Nobody appends meanwhile: the gate is closed.
    private bool CommitClosed(out IReadOnlyList<(int Partition, long Offset)> committed)
    {
        committed = [];
        if (!TryDecide(out var offsets))
        {
            Rewrite();
            if (!TryDecide(out offsets))
                return false;
        }

        if (entries.Count == 0 && offsets.Count == 0)
        {
            rewrites = 0;
            return true;
        }

        try
        {
            EnsureOpen();
            if (offsets.Count > 0)
                Try(c => c.SendOffsets(offsets));
            Try(c => c.Commit());
        }
        catch (TransactionException e) when (e.Failure == TransactionFailure.Abortable)
        {
            LogAborted(e.Message);
            mustAbort = true;
            return false;
        }

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
        committed = offsets;
        return true;
    }

    // A shard may be given up at any time, by its own thread too. Whether it is in is decided at one instant, so that its
    // outputs and its offset are both in the transaction or neither is.
    private bool TryDecide(out List<(int Partition, long Offset)> offsets)
    {
        lock (gate)
        {
            offsets = [.. ended.Where(s => !s.IsClosed).Select(s => (s.Partition, s.NextOffset))];
            return !mustAbort && !entries.Exists(e => e.Session.IsClosed || e.HasFailed);
        }
    }

    // Aborts, and sends again what is still wanted, in order.
    private void Rewrite()
    {
        if (++rewrites > MaxRewritesInARow)
            throw new TransactionException(TransactionFailure.Fatal, $"a transaction was sent {MaxRewritesInARow} times in vain", null);
        if (isOpen)
        {
            Try(c => c.Abort());
            isOpen = false;
            aborts.Add(1);
        }

        var again = StillWanted();
        if (again.Length > 0)
            EnsureOpen();
        foreach (var entry in again)
        {
            while (!client!.TryProduce(entry.Record, entry.Fail))
                client.Flush();
        }
    }

    private Entry[] StillWanted()
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
            return [.. entries];
        }
    }

    private void EnsureOpen()
    {
        if (isOpen)
            return;
        if (client is null)
        {
            client = connect();
            Try(c => c.Start());
        }

        Try(c => c.Begin());
        isOpen = true;
    }

    private void Try(Action<ITransactionalClient> call)
    {
        for (var tries = 1; ; tries++)
        {
            try
            {
                call(client!);
                return;
            }
            catch (TransactionException e) when (e.Failure == TransactionFailure.Retriable && tries < MaxTriesOfACall)
            {
                LogTriedAgain(e.Message);
            }
        }
    }

    private void GiveUp(TransactionException reason)
    {
        isLost = true;
        LogLost(reason.Message);
    }

    private bool TryBegin(Session session)
    {
        lock (gate)
        {
            // A closed session's batch goes nowhere, so it need not wait.
            if (session.IsClosed)
                return true;
            if (isClosed || isLost || !isOpen)
                return false;
            session.IsAppending = true;
            appending++;
            return true;
        }
    }

    private bool TryAppend(Session session, in OutputRecord record, AppendObserver observer)
    {
        var entry = new Entry(session, record, observer);
        lock (gate)
        {
            // Nobody waits for what a closed session says.
            if (session.IsClosed || isLost)
                return true;
            if (!isRewriting && !client!.TryProduce(record, entry.Fail))
                return false;
            entries.Add(entry);
            return true;
        }
    }

    private void End(Session session, long? nextOffset)
    {
        lock (gate)
        {
            appending -= session.IsAppending ? 1 : 0;
            session.IsAppending = false;
            if (session.IsClosed || nextOffset is null)
                return;
            session.NextOffset = nextOffset.Value;
            ended.Add(session);
        }
    }

    private void Close(Session session)
    {
        lock (gate)
        {
            if (session.IsClosed)
                return;
            session.IsClosed = true;
            // Half a batch, or batches whose offsets nobody will commit.
            mustAbort |= entries.Exists(e => e.Session == session);
            appending -= session.IsAppending ? 1 : 0;
            session.IsAppending = false;
        }
    }

    private sealed class Session(TransactionalLog log, int partition) : IOutputSession
    {
        internal int Partition => partition;

        internal long NextOffset { get; set; }

        internal bool IsAppending { get; set; }

        internal bool IsClosed { get; set; }

        public bool TryBeginBatch() => log.TryBegin(this);

        public bool TryAppend(in OutputRecord record, AppendObserver observer) => log.TryAppend(this, record, observer);

        public void EndBatch(long nextOffset) => log.End(this, nextOffset);

        public void Close() => log.Close(this);
    }

    private sealed class Entry(Session session, OutputRecord record, AppendObserver observer)
    {
        private volatile string? tooLarge;
        private volatile bool hasFailed;

        internal Session Session => session;

        internal OutputRecord Record => record;

        internal AppendObserver Observer => observer;

        /// <summary>Why the log will never take the record; what other failures there are, an abort and a new try mend.</summary>
        internal string? TooLarge => tooLarge;

        /// <summary>Whether the transaction lacks the record. The client itself does not refuse to commit without one that it never took.</summary>
        internal bool HasFailed => hasFailed;

        internal void Fail(AppendFailure kind, string detail)
        {
            if (kind == AppendFailure.TooLarge)
                tooLarge = detail;
            hasFailed = true;
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "A transaction was aborted and is sent again ({Reason})")]
    private partial void LogAborted(string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "A transaction's call is tried again ({Reason})")]
    private partial void LogTriedAgain(string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "The transactional client can't go on; every shard is dropped and recovered ({Reason})")]
    private partial void LogLost(string reason);
}
