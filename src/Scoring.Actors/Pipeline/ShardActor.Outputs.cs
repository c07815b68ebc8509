using Scoring.Actors.Entities;
using Scoring.Actors.Log;
using Scoring.Models.Features;
using Scoring.Models.Wire;

namespace Scoring.Actors.Pipeline;

/// <summary>How what a shard has decided leaves it, and when the offset behind it may be committed.</summary>
public sealed partial class ShardActor
{
    // 6. Write and append the scores, late copies, sessions and dead letters.
    private ValueTask FinishAsync(Batch batch)
    {
        if (IsAfterSuspect(batch))
            Return(batch);
        else if (TryWrite(batch))
            return AppendAsync(batch);
        return ValueTask.CompletedTask;
    }

    // All that can fail for what a record holds comes before anything of the batch leaves: it can still be taken back whole.
    private bool TryWrite(Batch batch)
    {
        try
        {
            if (batch.Failure is { } failure)
                throw new ShardException($"the model failed: {failure.Message}", failure);
            for (var row = 0; row < batch.Scored.Count; row++)
                batch.Scores.Add(WriteScore(batch, row));
            foreach (var session in batch.Sessions)
                batch.SessionRecords.Add(new OutputRecord(context.Topics.Sessions, SessionRecord.Key(session), SessionRecord.Value(session), null));
            return true;
        }
#pragma warning disable CA1031 // Whatever it throws: the record is found, tried again alone, then set aside.
        catch (Exception e)
#pragma warning restore CA1031
        {
            TakeBack(batch, e);
            return false;
        }
    }

    private async ValueTask AppendAsync(Batch batch)
    {
        await BeginOutputsAsync();
        var emission = idleEmissions.TryPop(out var idle) ? idle : new Emission(this);
        emission.Begin(batch.NextOffset, batch.Records);
        unacknowledged.Enqueue(emission);
        for (var row = 0; row < batch.Scored.Count && !abandoned; row++)
        {
            var output = batch.Scores[row];
            Count(batch, row, emission);
            if (!TryAppend(output, emission))
                await AppendWhenRoomAsync(output, emission);
            if (batch.Scored[row].Late)
                await AppendWhenRoomAsync(OriginCopy.Late(context.Topics.Late, context.Topics.Transactions, Partition, batch.Scored[row].Record), emission);
        }

        foreach (var session in batch.SessionRecords)
            await AppendWhenRoomAsync(session, emission);
        foreach (var dead in batch.Dead)
            await AppendDeadLetterAsync(dead, emission);
        foreach (var waiter in batch.RepeatedReplies)
            emission.Replies.Add((waiter, null));
        foreach (var waiter in batch.ConflictingReplies)
            context.Replies.Rejected(waiter, Rejection.Conflict);
        outputs.EndBatch(batch.NextOffset);
        emission.Seal();
        // It has come through.
        if (suspect is { IsRebuilt: true } behind && behind.Offset < batch.NextOffset)
            suspect = null;
        batch.Reset();
        idleBatches.Push(batch);
    }

    private async ValueTask BeginOutputsAsync()
    {
        while (!abandoned && !outputs.TryBeginBatch())
            await Task.Delay(context.Options.QueueFullDelay, context.Time);
    }

    private OutputRecord WriteScore(Batch batch, int row)
    {
        var scored = batch.Scored[row];
        context.Probe?.Invoke(RecordStep.Write, scored.Record);
        var score = writer.Write(
            scored.Transaction,
            batch.Score(row),
            batch.Decision(row),
            batch.ReasonsOf(row),
            scored.Degraded,
            scored.Late,
            context.Options.RecordFeatures ? batch.Features(row) : default);
        OutputHeader[]? headers = scored.Record.TraceParent is { } trace ? [new OutputHeader(RecordHeaders.TraceParent, trace)] : null;
        return new OutputRecord(context.Topics.Scores, scored.Record.Key, score, headers);
    }

    private void Count(Batch batch, int row, Emission emission)
    {
        var scored = batch.Scored[row];
        if (!scored.Record.ReplyTo.IsNobody)
            emission.Replies.Add((scored.Record.ReplyTo, batch.Scores[row].Value));
        context.Metrics.Scored(batch.Decision(row), scored.Late, scored.Degraded.Count > 0, context.Time.GetElapsedTime(scored.Record.ReceivedAt));
    }

    private async ValueTask AppendDeadLetterAsync(DeadRecord dead, Emission emission)
    {
        context.Metrics.Dead(dead.Rejection.Reason);
        if (!dead.Record.ReplyTo.IsNobody)
            context.Replies.Rejected(dead.Record.ReplyTo, dead.Rejection);
        var output = OriginCopy.DeadLetter(context.Topics.DeadLetters, context.Topics.Transactions, Partition, dead.Record, dead.Rejection);
        emission.Expect();
        var watch = new DeadLetterAppend(outputs, output, emission);
        while (!abandoned && !outputs.TryAppend(output, watch))
            await Task.Delay(context.Options.QueueFullDelay, context.Time);
    }

    private bool TryAppend(in OutputRecord output, Emission emission)
    {
        // Counted first: the acknowledgement may come before the call returns.
        emission.Expect();
        if (outputs.TryAppend(output, emission))
            return true;
        emission.Unexpect();
        return false;
    }

    private async ValueTask AppendWhenRoomAsync(OutputRecord output, Emission emission)
    {
        while (!abandoned && !TryAppend(output, emission))
            await Task.Delay(context.Options.QueueFullDelay, context.Time);
    }

    // 7. Commit, in the log's order.
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
}
