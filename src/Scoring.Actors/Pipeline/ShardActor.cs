using System.Threading.Channels;
using Scoring.Actors.Entities;
using Scoring.Actors.Model;
using Scoring.Actors.Source;
using Scoring.Actors.Log;
using Scoring.Models.Features;
using Scoring.Models.Wire;

namespace Scoring.Actors.Pipeline;

/// <summary>
/// One partition of the input log: the entities in it, and the way of each of its records from the mailbox
/// to the committed offset.
/// <list type="number">
/// <item>Take what waits: a batch is whatever is there when the loop comes round; no timer delays a record.</item>
/// <item>Decode each record; what is not valid becomes a dead letter.</item>
/// <item>Apply each transaction to its entities, which gives its features.</item>
/// <item>Score the batch; the model actor does, while the loop goes on with the next batch.</item>
/// <item>Append the scores, late copies, sessions and dead letters, batch by batch in the log's order.</item>
/// <item>When the log has acknowledged all of a batch and of those before it, its offset may be committed.</item>
/// </list>
/// One loop runs all but the model, so the state has one writer and needs no lock.
/// </summary>
public sealed class ShardActor : IShard
{
    private readonly ShardContext context;
    private readonly EntityStage entities;
    private readonly ScoreWriter writer;
    private readonly Channel<Message> mailbox = Channel.CreateUnbounded<Message>(new UnboundedChannelOptions { SingleReader = true });
    private readonly Queue<InputRecord> waiting = new();
    private readonly Queue<Batch> inFlight = new();
    private readonly Queue<Emission> unacknowledged = new();
    private readonly Stack<Batch> idleBatches = new();
    private readonly Stack<Emission> idleEmissions = new();
    private readonly ShardProgress progress = new();
    private long nextExpectedOffset;
    private bool stopping;
    private volatile bool abandoned;
    private int queries;

    /// <summary>Starts a shard.</summary>
    /// <param name="partition">The partition it is.</param>
    /// <param name="context">What it works with.</param>
    public ShardActor(int partition, ShardContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        Partition = partition;
        this.context = context;
        entities = new EntityStage(context.FeatureSet, context.Limits, context.Entities);
        writer = new ScoreWriter(context.Origin);
        Completion = Task.Factory.StartNew(RunAsync, CancellationToken.None, TaskCreationOptions.DenyChildAttach, context.Scheduler).Unwrap();
    }

    /// <summary>The partition that the shard is.</summary>
    public int Partition { get; }

    /// <summary>Ends when the shard has stopped; faulted if it could not go on.</summary>
    public Task Completion { get; }

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

    /// <summary>
    /// Asks the shard to stop: records that wait are dropped, since the partition's next owner reads them
    /// again; batches that have started are finished. <see cref="Completion"/> tells when that is done.
    /// </summary>
    public void RequestStop() => mailbox.Writer.TryWrite(new Message(MessageKind.Stop, null, default));

    /// <inheritdoc/>
    public bool AwaitsBegin => true;

    /// <inheritdoc/>
    public Task Drained => Completion.ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.None, context.Scheduler);

    /// <inheritdoc/>
    public void Begin(long? committed, long firstStart)
    {
    }

    /// <inheritdoc/>
    public void Committed(long offset)
    {
    }

    /// <inheritdoc/>
    public void Finish()
    {
    }

    /// <inheritdoc/>
    public void Abandon()
    {
        abandoned = true;
        RequestStop();
    }

    /// <summary>Puts a question to the shard, which answers it between two batches, or refuses it when it stops or too many wait.</summary>
    /// <param name="query">The question.</param>
    public void Ask(ShardQuery query)
    {
        ArgumentNullException.ThrowIfNull(query);
        if (Interlocked.Increment(ref queries) <= context.Options.MaxWaitingQueries && mailbox.Writer.TryWrite(new Message(MessageKind.Query, query, default)))
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
            while (!IsOver)
            {
                while (mailbox.Reader.TryRead(out var message))
                    Handle(message);
                CommitAcknowledged();
                if (inFlight.TryPeek(out var head) && head.IsScored)
                    await AppendAsync(inFlight.Dequeue());
                else if (MayStart)
                    StartBatch();
                else if (!IsOver)
                    await mailbox.Reader.WaitToReadAsync();
            }
        }
        finally
        {
            mailbox.Writer.TryComplete();
            while (mailbox.Reader.TryRead(out var message))
                (message.Subject as ShardQuery)?.Refuse();
        }
    }

    private bool IsOver => abandoned || (stopping && inFlight.Count == 0 && unacknowledged.Count == 0);

    private bool MayStart =>
        waiting.Count > 0
        && !stopping
        && inFlight.Count < context.Options.MaxInFlightBatches
        && inFlight.Count + unacknowledged.Count < context.Options.MaxUnacknowledgedBatches;

    private void Handle(in Message message)
    {
        switch (message.Kind)
        {
            case MessageKind.Record:
                TakeRecord(message.Record);
                break;
            case MessageKind.Scored:
                ((Batch)message.Subject!).IsScored = true;
                break;
            case MessageKind.Settled:
                ((Emission)message.Subject!).IsAcknowledged = true;
                break;
            case MessageKind.Query:
                Interlocked.Decrement(ref queries);
                ((ShardQuery)message.Subject!).Answer(entities);
                break;
            case MessageKind.Stop:
                stopping = true;
                progress.AddWaiting(-waiting.Count);
                waiting.Clear();
                break;
        }
    }

    private void TakeRecord(in InputRecord record)
    {
        // After a quick loss and return of the partition the client may still hand out what it had fetched before.
        if (stopping || record.Offset < nextExpectedOffset)
        {
            progress.AddWaiting(-1);
            context.Metrics.Stale.Add(1);
            return;
        }

        nextExpectedOffset = record.Offset + 1;
        waiting.Enqueue(record);
    }

    private void StartBatch()
    {
        // 1. Take what waits.
        var batch = idleBatches.TryPop(out var idle) ? idle : new Batch(this, context.Origin.FeatureNames.Count);
        while (batch.Records < context.Options.MaxBatchRecords && waiting.TryDequeue(out var record))
        {
            batch.Records++;
            batch.NextOffset = record.Offset + 1;
            Apply(record, batch);
        }

        progress.AddWaiting(-batch.Records);
        progress.MovedTo(entities.WatermarkMicros, context.Time.GetTimestamp(), entities.EventsDropped);
        inFlight.Enqueue(batch);

        // 4. Score the batch.
        if (batch.Rows > 0)
            context.Model.Post(batch);
        else
            batch.IsScored = true;
    }

    private void Apply(in InputRecord record, Batch batch)
    {
        // 2. and 3. Decode the record and apply it to its entities.
        var applied = entities.Apply(record, batch.AddRow(), out var transaction);
        if (applied.Outcome != EntityOutcome.Scored)
            batch.RemoveLastRow();
        if (applied.Outcome is EntityOutcome.Scored or EntityOutcome.Ticked)
            batch.Sessions.AddRange(entities.SessionsClosed);
        switch (applied.Outcome)
        {
            case EntityOutcome.Scored:
                batch.Scored.Add(new ScoredRow(record, transaction, applied.Late, applied.Degraded));
                break;
            case EntityOutcome.Rejected:
                batch.Dead.Add(new DeadRecord(record, applied.Rejection!));
                break;
            case EntityOutcome.Repeated:
                context.Metrics.Repeated.Add(1);
                if (record.ReplyTo != 0)
                    batch.RepeatedReplies.Add(record.ReplyTo);
                break;
            default:
                context.Metrics.Applied(applied.Outcome);
                break;
        }
    }

    // 5. Append the scores, late copies, sessions and dead letters.
    private async ValueTask AppendAsync(Batch batch)
    {
        if (batch.Failure is { } failure)
            throw new ShardException($"partition {Partition}: the model failed to score the batch before offset {batch.NextOffset}", failure);

        var emission = idleEmissions.TryPop(out var idle) ? idle : new Emission(this);
        emission.Begin(batch.NextOffset, batch.Records);
        unacknowledged.Enqueue(emission);
        for (var row = 0; row < batch.Scored.Count && !abandoned; row++)
        {
            var output = WriteScore(batch, row, emission);
            if (!TryAppend(output, emission))
                await AppendWhenRoomAsync(output, emission);
            if (batch.Scored[row].Late)
                await AppendWhenRoomAsync(OriginCopy.Late(context.Topics.Late, context.Topics.Transactions, Partition, batch.Scored[row].Record), emission);
        }

        foreach (var session in batch.Sessions)
            await AppendWhenRoomAsync(new OutputRecord(context.Topics.Sessions, SessionRecord.Key(session), SessionRecord.Value(session), null), emission);
        foreach (var dead in batch.Dead)
            await AppendDeadLetterAsync(dead, emission);
        foreach (var waiter in batch.RepeatedReplies)
            emission.Replies.Add((waiter, null));
        emission.Seal();
        batch.Reset();
        idleBatches.Push(batch);
    }

    private OutputRecord WriteScore(Batch batch, int row, Emission emission)
    {
        var scored = batch.Scored[row];
        var score = writer.Write(
            scored.Transaction,
            batch.Score(row),
            batch.Decision(row),
            batch.ReasonsOf(row),
            scored.Degraded,
            scored.Late,
            context.Options.RecordFeatures ? batch.Features(row) : default);
        if (scored.Record.ReplyTo != 0)
            emission.Replies.Add((scored.Record.ReplyTo, score));
        context.Metrics.Scored(batch.Decision(row), scored.Late, scored.Degraded.Count > 0, context.Time.GetElapsedTime(scored.Record.ReceivedAt));
        OutputHeader[]? headers = scored.Record.TraceParent is { } trace ? [new OutputHeader(RecordHeaders.TraceParent, trace)] : null;
        return new OutputRecord(context.Topics.Scores, scored.Record.Key, score, headers);
    }

    private async ValueTask AppendDeadLetterAsync(DeadRecord dead, Emission emission)
    {
        context.Metrics.Dead(dead.Rejection.Reason);
        if (dead.Record.ReplyTo != 0)
            context.Replies.Rejected(dead.Record.ReplyTo, dead.Rejection);
        var output = OriginCopy.DeadLetter(context.Topics.DeadLetters, context.Topics.Transactions, Partition, dead.Record, dead.Rejection);
        emission.Expect();
        var watch = new DeadLetterAppend(context.Log, output, emission);
        while (!abandoned && !context.Log.TryAppend(output, watch))
            await Task.Delay(context.Options.QueueFullDelay, context.Time);
    }

    private bool TryAppend(in OutputRecord output, Emission emission)
    {
        // Counted first: the acknowledgement may come before the call returns.
        emission.Expect();
        if (context.Log.TryAppend(output, emission))
            return true;
        emission.Unexpect();
        return false;
    }

    private async ValueTask AppendWhenRoomAsync(OutputRecord output, Emission emission)
    {
        while (!abandoned && !TryAppend(output, emission))
            await Task.Delay(context.Options.QueueFullDelay, context.Time);
    }

    // 6. Commit, in the log's order.
    private void CommitAcknowledged()
    {
        while (unacknowledged.TryPeek(out var emission) && emission.IsAcknowledged)
        {
            if (emission.Failure is { } failure)
                throw new ShardException($"partition {Partition}: an output of the batch before offset {emission.NextOffset} was not appended ({failure})", null);
            unacknowledged.Dequeue();
            progress.Finished(emission.NextOffset, emission.Records);
            foreach (var (waiter, score) in emission.Replies)
                context.Replies.Scored(waiter, score);
            idleEmissions.Push(emission);
        }
    }

    private enum MessageKind
    {
        Record,
        Scored,
        Settled,
        Query,
        Stop,
    }

    private readonly record struct Message(MessageKind Kind, object? Subject, InputRecord Record);
}
