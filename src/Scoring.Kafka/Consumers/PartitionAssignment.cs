using Confluent.Kafka;
using Scoring.Kafka.Clients;
using Scoring.Kafka.Settings;
using Scoring.Kafka.Threads;

namespace Scoring.Kafka.Consumers;

/// <summary>How far an assignment has come, or shall come. It only rises.</summary>
internal enum AssignmentPhase
{
    /// <summary>Nothing was asked of the client yet.</summary>
    New,

    /// <summary>It is read.</summary>
    Assigned,

    /// <summary>It is not read any more, and its buffer is gone; what was handed out may still be committed.</summary>
    Stopped,

    /// <summary>Nothing of it counts any more.</summary>
    Ended,
}

/// <summary>
/// One assignment of a partition, from its start offset on: an epoch. Records, acknowledgements and callbacks that belong to
/// it reach this object and no other, so none can be taken for those of the next assignment of the same partition.
/// </summary>
/// <remarks>
/// Three threads know it. The poll thread alone writes what is read and how far it has come; one stage at a time takes
/// batches; the commit thread acknowledges. What they ask of the poll thread stands in <see cref="Wished"/>.
/// </remarks>
internal sealed class PartitionAssignment
{
    private const long None = -1;

    private readonly ConsumerSettings settings;
    private readonly Func<long, long>? endOfBatch;
    private readonly TaskCompletionSource stopped = new();
    private readonly TaskCompletionSource ended = new();
    private RecordBuffer? buffer = new();
    private readonly bool isCommitted;
    private Exception? failure;
    private LogGapException? gap;
    private long committed;
    private long next;
    private int wished;
    private int isAsked;
    private int isCommitAsked;

    internal PartitionAssignment(AssignmentWithOffset subscription, long epoch, ConsumerSettings settings)
    {
        this.settings = settings;
        Partition = subscription.Offset.TopicPartition;
        Epoch = epoch;
        Start = Position = next = subscription.Offset.Offset.Value;
        IsRefreshed = subscription.IsRefreshed;
        endOfBatch = subscription.EndOfBatch;
        isCommitted = subscription.IsCommitted;
        committed = subscription.Committed ?? None;
        Prefix = new CommitPrefix(Start);
    }

    internal TopicPartition Partition { get; }

    internal long Epoch { get; }

    internal long Start { get; }

    /// <summary>Whether its committed offset is committed again while nothing else is, so that it does not expire.</summary>
    internal bool IsRefreshed { get; }

    /// <summary>Up to where it may be committed.</summary>
    internal CommitPrefix Prefix { get; }

    /// <summary>Wakes the stage that takes.</summary>
    internal StageSignal Takers { get; } = new();

    /// <summary>Wakes the stage that waits for commits.</summary>
    internal StageSignal Committers { get; } = new();

    /// <summary>Ends once its stage has.</summary>
    internal Task Stopped => stopped.Task;

    /// <summary>Ends once the client has let go of it.</summary>
    internal Task Ended => ended.Task;

    /// <summary>Why it can't go on; null while it can.</summary>
    internal Exception? Failure => Volatile.Read(ref failure);

    /// <summary>What the log lacks behind the records that wait; null if nothing.</summary>
    internal LogGapException? Gap => Volatile.Read(ref gap);

    internal AssignmentPhase Wished => (AssignmentPhase)Volatile.Read(ref wished);

    /// <summary>The offset that the group has acknowledged; null before the first.</summary>
    internal long? Committed => Volatile.Read(ref committed) is var offset && offset == None ? null : offset;

    /// <summary>What need not be committed any more: what was, or where the assignment begins.</summary>
    internal long Settled => Committed ?? Start;

    internal long BufferedBytes => Volatile.Read(ref buffer)?.Bytes ?? 0;

    internal long BufferedRecords => Volatile.Read(ref buffer)?.Records ?? 0;

    /// <summary>When it was committed last, in the time provider's timestamp units. The commit thread's.</summary>
    internal long CommittedAt { get; set; }

    /// <summary>How far it has come. The poll thread's.</summary>
    internal AssignmentPhase Phase { get; set; }

    /// <summary>Whether the client hands out none of its records. Written by the poll thread.</summary>
    internal bool IsPaused { get; set; }

    /// <summary>The offset that is read next. Written by the poll thread.</summary>
    internal long Position { get; private set; }

    /// <summary>Why it can't be read now; null while it can. Written by the poll thread.</summary>
    internal string? Trouble { get; set; }

    /// <summary>Whether the log is being asked if it lacks what is to be read next. The poll thread's.</summary>
    internal bool IsGapAsked { get; set; }

    /// <summary>What the log answered; null while it has not.</summary>
    internal Task<LogBounds>? GapAnswer { get; set; }

    private bool IsEndTold { get; set; }

    /// <summary>Asks for a phase. Any thread.</summary>
    /// <param name="phase">The phase; an earlier one than was asked for already has no effect.</param>
    internal void Wish(AssignmentPhase phase)
    {
        for (var before = Volatile.Read(ref wished); before < (int)phase; before = Volatile.Read(ref wished))
            Interlocked.CompareExchange(ref wished, (int)phase, before);
    }

    /// <summary>Whether the poll thread has to be told, since it was not yet.</summary>
    internal bool TryAsk() => Interlocked.Exchange(ref isAsked, 1) == 0;

    /// <summary>The poll thread looks now.</summary>
    internal void Asked() => Interlocked.Exchange(ref isAsked, 0);

    /// <summary>Whether the commit thread has to be told, since it was not yet.</summary>
    internal bool TryAskCommit() => Interlocked.Exchange(ref isCommitAsked, 1) == 0;

    /// <summary>The commit thread looks now.</summary>
    internal void CommitAsked() => Interlocked.Exchange(ref isCommitAsked, 0);

    /// <summary>Called by the poll thread: a record has come.</summary>
    /// <returns>False if it lies before what is read next, and so belongs to an earlier assignment or was handed out already.</returns>
    internal bool TryAppend(in KafkaRecord record)
    {
        if (record.Offset < Position || buffer is not { } its)
            return false;
        its.Append(record);
        Position = record.Offset + 1;
        Trouble = null;
        Takers.IfWanted();
        return true;
    }

    /// <summary>
    /// Called by the poll thread: the partition was read to its end. Told where the end lies behind the last record, and the first
    /// time; else the last record has told it.
    /// </summary>
    internal void AppendEnd(long offset)
    {
        // A leader that has just changed may not know of all yet.
        if (offset < Position || (offset == Position && IsEndTold) || buffer is not { } its)
            return;
        IsEndTold = true;
        its.Append(KafkaRecord.End(offset));
        Position = offset;
        Trouble = null;
        Takers.IfWanted();
    }

    /// <summary>Called by the stage that takes.</summary>
    /// <returns>What waits, up to a batch's bounds; null if nothing does.</returns>
    internal PartitionBatch? Take()
    {
        if (Volatile.Read(ref buffer)?.Take(settings.MaxBatchRecords, settings.MaxBatchBytes, out var end, endOfBatch) is not { } records)
            return null;
        var from = next;
        next = end ?? records[^1].Offset + 1;
        var batch = new PartitionBatch(this, records, from, next, end is not null);
        if (isCommitted)
            Prefix.Issue(batch);
        return batch;
    }

    /// <summary>The group has acknowledged a commit; without effect once the assignment has ended. Any thread.</summary>
    internal void Acknowledge(long offset)
    {
        if (Wished == AssignmentPhase.Ended)
            return;
        for (var before = Volatile.Read(ref committed); before < offset; before = Volatile.Read(ref committed))
            Interlocked.CompareExchange(ref committed, offset, before);
        Committers.Now();
    }

    /// <summary>It can't go on. Any thread.</summary>
    internal void Fail(Exception reason)
    {
        if (Interlocked.CompareExchange(ref failure, reason, null) is not null)
            return;
        Takers.Now();
        Committers.Now();
    }

    /// <summary>Called by the poll thread: behind what waits it can't go on. What waits is still handed out.</summary>
    internal void FailBehind(LogGapException reason)
    {
        Volatile.Write(ref gap, reason);
        Takers.Now();
    }

    /// <summary>Called by the stage that takes, as the last.</summary>
    internal void StageEnded() => stopped.TrySetResult();

    /// <summary>Called by the poll thread: what waits is forgotten.</summary>
    internal void DropBuffer() => Volatile.Write(ref buffer, null);

    /// <summary>Called by the poll thread: the client has let go of it.</summary>
    internal void End()
    {
        Phase = AssignmentPhase.Ended;
        Wish(AssignmentPhase.Ended);
        Takers.Now();
        Committers.Now();
        ended.TrySetResult();
    }
}
