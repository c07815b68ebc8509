using Scoring.Actors.Log;

namespace Scoring.Actors.Sink;

/// <summary>The shards' side: what they append, from any of their threads, while a transaction is open.</summary>
public sealed partial class TransactionalLog
{
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
}
