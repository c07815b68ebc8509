using System.Threading.Channels;
using Scoring.Actors.Entities;
using Scoring.Actors.Log;
using Scoring.Actors.Model;
using Scoring.Actors.Source;
using Scoring.Models.Wire;

namespace Scoring.Actors.Pipeline;

/// <summary>
/// One partition of the input log: the entities in it, and the way of each of its records from the mailbox
/// to the committed offset. It begins with its last checkpoint and the log from there on (ShardActor.Recovery.cs), then:
/// <list type="number">
/// <item>Take what waits: a batch is whatever is there when the loop comes round; no timer delays a record.</item>
/// <item>Decode each record; what is not valid becomes a dead letter. What the node's clock alone refuses is noted in the
/// store first, so that a replay refuses it too.</item>
/// <item>Load the batch's entities that are not in memory, in one round trip.</item>
/// <item>Apply each transaction to its entities, which gives its features.</item>
/// <item>Score the batch; the model actor does, while the loop goes on with the next batch.</item>
/// <item>Append the scores, late copies, sessions and dead letters, batch by batch in the log's order.</item>
/// <item>When the log has acknowledged all of a batch and of those before it, its offset may be committed.</item>
/// <item>Between batches, write out what a checkpoint froze; store it once the group has committed its offset.</item>
/// </list>
/// One loop runs all but the model and the store, so the state has one writer and needs no lock. It lets others have its
/// thread whenever it has no batch to go on with, between two slices of a checkpoint too: the model may be waiting for it.
/// </summary>
[System.Diagnostics.CodeAnalysis.SuppressMessage("Design", "CA1001", Justification = "Cancellation sources without timers hold nothing to dispose of.")]
public sealed partial class ShardActor : IShard
{
    private readonly ShardContext context;
    private readonly ScoreWriter writer;
    private readonly Channel<Message> mailbox = Channel.CreateUnbounded<Message>(new UnboundedChannelOptions { SingleReader = true });
    private readonly Queue<Batch> inFlight = new();
    private readonly Queue<Emission> unacknowledged = new();
    private readonly Stack<Batch> idleBatches = new();
    private readonly Stack<Emission> idleEmissions = new();
    private readonly IOutputSession outputs;
    private readonly ShardProgress progress = new();
    private readonly ShardCheckpoints checkpoints;

    // Told on the loop itself: asynchronous continuations of a combined task would run on a thread of the pool.
    private readonly TaskCompletionSource drained = new();
    private EntityStage entities;
    private Queue<InputRecord> waiting = new();

    // Decoded, and not applied before its entities are in memory; no other batch begins meanwhile.
    private Batch? loading;

    // Up to here records are taken one by one, since a batch of them failed.
    private long aloneBefore;

    // What the state is exactly before.
    private long nextOffset;
    private long nextExpectedOffset;
    private bool stopping;
    private bool finishing;
    private volatile bool abandoned;
    private int queries;
    private bool isNudged;

    /// <summary>Starts a shard.</summary>
    /// <param name="partition">The partition it is.</param>
    /// <param name="context">What it works with.</param>
    public ShardActor(int partition, ShardContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        Partition = partition;
        this.context = context;
        logger = context.Logger;
        entities = NewStage();
        checkpoints = new ShardCheckpoints(context.State, context.Time);
        outputs = context.Outputs.Open(partition);
        writer = new ScoreWriter(context.Origin);
        Completion = Task.Factory.StartNew(RunAsync, CancellationToken.None, TaskCreationOptions.DenyChildAttach, context.Scheduler).Unwrap();
    }

    /// <summary>The partition that the shard is.</summary>
    public int Partition { get; }

    /// <summary>Ends when the shard has stopped; faulted if it could not go on.</summary>
    public Task Completion { get; }

    /// <inheritdoc/>
    public Task Drained => drained.Task;

    /// <summary>How far the shard has come; any thread may read it.</summary>
    public ShardProgress Progress => progress;

    /// <inheritdoc/>
    public int Waiting => progress.Waiting;

    /// <inheritdoc/>
    public long? CommittableOffset => progress.CommittableOffset;

    /// <summary>
    /// Hands a record over. Called by the source alone, which pauses the partition when the mailbox is full: that
    /// bounds the records in the channel. The shard's other messages are bounded by its batches.
    /// </summary>
    /// <param name="record">The next record of the partition.</param>
    public void Enqueue(in InputRecord record)
    {
        progress.AddWaiting(1);
        mailbox.Writer.TryWrite(new Message(MessageKind.Record, null, record));
    }

    /// <inheritdoc/>
    public void Committed(long offset) => mailbox.Writer.TryWrite(new Message(MessageKind.Committed, null, default) { Offset = offset });

    /// <summary>
    /// Asks the shard to stop: records that wait are dropped, since the partition's next owner reads them
    /// again; batches that have started are finished. <see cref="Drained"/> tells when that is done.
    /// </summary>
    public void RequestStop()
    {
        // In this order: what the cancellation ends may go on at once, on this thread, and has to find the wish to stop.
        mailbox.Writer.TryWrite(new Message(MessageKind.Stop, null, default));
        recovery.Cancel();
    }

    /// <inheritdoc/>
    public void Finish() => mailbox.Writer.TryWrite(new Message(MessageKind.Finish, null, default));

    /// <inheritdoc/>
    public void Abandon()
    {
        abandoned = true;
        outputs.Close();
        life.Cancel();
        RequestStop();
    }

    /// <summary>Lets the shard look at the clock: whether a checkpoint is due.</summary>
    /// <returns>False if it has not come to look since it was last asked to: a shard that waits for its store or its log must not collect these.</returns>
    public bool Nudge() => !Interlocked.Exchange(ref isNudged, true) && mailbox.Writer.TryWrite(new Message(MessageKind.Nudge, null, default));

    /// <summary>Puts a question to the shard, which answers it between two batches, or refuses it when it is not live or too many wait.</summary>
    /// <param name="query">The question.</param>
    public void Ask(ShardQuery query)
    {
        ArgumentNullException.ThrowIfNull(query);
        if (Interlocked.Increment(ref queries) <= context.Options.MaxWaitingQueries
            && progress.Phase is ShardPhase.Live or ShardPhase.Stopping
            && mailbox.Writer.TryWrite(new Message(MessageKind.Query, query, default)))
            return;
        Interlocked.Decrement(ref queries);
        query.Refuse();
    }

    internal void BatchScored(Batch batch) => mailbox.Writer.TryWrite(new Message(MessageKind.Scored, batch, default));

    internal void EmissionSettled(Emission emission) => mailbox.Writer.TryWrite(new Message(MessageKind.Settled, emission, default));

    private async Task RunAsync()
    {
        try
        {
            if (await RecoverAsync())
                await ServeAsync();
            else
                await StandDownAsync();
        }
        finally
        {
            progress.Enter(ShardPhase.Stopped);
            mailbox.Writer.TryComplete();
            while (mailbox.Reader.TryRead(out var message))
                (message.Subject as ShardQuery)?.Refuse();
            outputs.Close();
            drained.TrySetResult();
            // Not CancelAsync, which would run what is registered on a thread of the pool.
            life.Cancel();
        }
    }

    private async Task ServeAsync()
    {
        while (!IsOver)
        {
            while (mailbox.Reader.TryRead(out var message))
                Handle(message);
            CommitAcknowledged();
            AdvanceCheckpoint();
            if (stopping && IsIdle)
                drained.TrySetResult();
            if (inFlight.TryPeek(out var head) && head.IsScored)
                await FinishAsync(inFlight.Dequeue());
            else if (MayRebuild)
                await RebuildForSuspectAsync();
            else if (IsStateWhole && loading is { Loaded: not null })
                ApplyLoaded();
            else if (MayStart && HasRoom())
                StartBatch();
            else if (checkpoints.Phase == CheckpointPhase.Writing)
                await Task.Yield();
            else if (!IsOver && !MayFreeze)
                await mailbox.Reader.WaitToReadAsync();
        }
    }

    // Nothing is under way; what is stored is.
    private bool IsIdle => inFlight.Count == 0 && unacknowledged.Count == 0;

    private bool IsOver => abandoned || (finishing && IsIdle && checkpoints.Phase is CheckpointPhase.None && !IsLastCheckpointDue);

    // Nothing starts behind a suspect that is tried: its own failure would take the suspect's place, and neither would ever
    // have failed twice.
    private bool MayStart =>
        waiting.Count > 0
        && !stopping
        && loading is null
        && IsStateWhole
        && (inFlight.Count == 0 || (suspect is null && waiting.Peek().Offset >= aloneBefore))
        && inFlight.Count < context.Options.MaxInFlightBatches
        && inFlight.Count + unacknowledged.Count < context.Options.MaxUnacknowledgedBatches;

    private void StartBatch()
    {
        // 1. Take what waits.
        var batch = idleBatches.TryPop(out var idle) ? idle : new Batch(this, context.Origin.FeatureNames.Count);
        var now = EventTime.Of(context.Time.GetUtcNow());
        while (batch.Records < MaxBatchRecords && waiting.TryPeek(out var record) && !(IsAlone(record) && batch.Records > 0))
        {
            // 2. Decode each record.
            waiting.Dequeue();
            entities.Decode(record, out batch.AddRecord());
            Judge(batch, now);
            batch.NextOffset = record.Offset + 1;
            if (IsAlone(record))
                break;
        }

        progress.AddWaiting(-batch.Records);

        // 3. Load the batch's entities that are not in memory.
        if (mayBeStored)
            FindMissing(batch.Decoded, batch.Missing);
        if (batch.Missing.Count == 0 && batch.Refused.Count == 0)
        {
            ApplyBatch(batch);
            return;
        }

        loading = batch;
        _ = LoadAsync(batch);
    }

    // What it is tried again for, or what might be at fault for its batch.
    private bool IsAlone(in InputRecord record) => record.Offset == suspect?.Offset || record.Offset < aloneBefore;

    private void Judge(Batch batch, long nowMicros)
    {
        ref readonly var decoded = ref batch.Decoded[^1];
        if (entities.Judge(decoded, nowMicros) is { } verdict && !quarantined.Contains(decoded.Record.Offset))
            batch.Refused.Add((decoded.Record.Offset, verdict));
    }

    private void TakeNotes(Batch batch)
    {
        foreach (var (offset, rejection) in batch.Refused)
            quarantined.Add(offset, rejection, checkpoints.DurableOffset);
        batch.Refused.Clear();
    }

    private void ApplyLoaded()
    {
        var batch = loading!;
        if (batch.Loaded!.IsOvertaken)
        {
            Fenced();
            return;
        }

        TakeNotes(batch);
        var damaged = Restore(batch.Loaded!);
        batch.Loaded = null;
        if (damaged.Count > 0)
        {
            _ = RepairAsync(batch, damaged);
            return;
        }

        loading = null;
        ApplyBatch(batch);
    }

    // 4. Apply each transaction to its entities.
    private void ApplyBatch(Batch batch)
    {
        var records = batch.Decoded;
        for (var i = 0; i < records.Length; i++)
        {
            try
            {
                Apply(records[i], batch);
            }
#pragma warning disable CA1031 // Whatever an entity throws: its record is tried again alone, then set aside.
            catch (Exception e)
#pragma warning restore CA1031
            {
                PutBack(batch, i, e);
                break;
            }
        }

        nextOffset = batch.NextOffset;
        progress.MovedTo(entities.WatermarkMicros, context.Time.GetTimestamp(), entities.EventsDropped);
        progress.Holds(entities.Engine.EntitiesInMemory, entities.Engine.EntityBytes);
        inFlight.Enqueue(batch);

        // 5. Score the batch.
        if (batch.Rows > 0)
            context.Model.Post(batch);
        else
            batch.IsScored = true;
    }

    private void Apply(in DecodedRecord decoded, Batch batch)
    {
        checkpoints.Applied(LogBytes(decoded.Record));
        if (quarantined.TryGet(decoded.Record.Offset, out var rejection))
        {
            entities.PassOver(decoded.Record);
            batch.Dead.Add(new DeadRecord(decoded.Record, rejection));
            suspect = decoded.Record.Offset == suspect?.Offset ? null : suspect;
            return;
        }

        var applied = entities.Apply(decoded, batch.AddRow());
        if (applied.Outcome != EntityOutcome.Scored)
            batch.RemoveLastRow();
        if (applied.Outcome is EntityOutcome.Scored or EntityOutcome.Repeated or EntityOutcome.Conflicting or EntityOutcome.Ticked)
            batch.Sessions.AddRange(entities.SessionsClosed);
        switch (applied.Outcome)
        {
            case EntityOutcome.Scored:
                batch.Scored.Add(new ScoredRow(decoded.Record, decoded.Transaction, applied.Late, applied.Degraded));
                break;
            case EntityOutcome.Rejected:
                batch.Dead.Add(new DeadRecord(decoded.Record, applied.Rejection!));
                break;
            case EntityOutcome.Repeated:
                context.Metrics.Repeated.Add(1);
                if (!decoded.Record.ReplyTo.IsNobody)
                    batch.RepeatedReplies.Add(decoded.Record.ReplyTo);
                break;
            case EntityOutcome.Conflicting:
                context.Metrics.Conflicts.Add(1);
                if (!decoded.Record.ReplyTo.IsNobody)
                    batch.ConflictingReplies.Add(decoded.Record.ReplyTo);
                break;
            default:
                context.Metrics.Applied(applied.Outcome);
                break;
        }
    }
}
