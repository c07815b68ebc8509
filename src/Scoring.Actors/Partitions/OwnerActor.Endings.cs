using Akka.Actor;
using Microsoft.Extensions.Logging;
using Scoring.Actors.Cardholders;
using Scoring.Actors.Log;
using Scoring.Actors.Messages;
using Scoring.Kafka.Clients;
using Scoring.Kafka.Consumers;
using Scoring.Kafka.Producers;
using Scoring.Models.Wire;

namespace Scoring.Actors.Partitions;

/// <summary>How an owner ends: asked to, by a record that failed, or by what it works with. And what it looks after meanwhile.</summary>
public sealed partial class OwnerActor
{
    private BatchFailed? failed;
    private bool isDrained;
    private long fenceReadAt;

    /// <summary>
    /// Something failed at a record, or at a batch. What is noted of it makes the next generation take it alone, and at the second
    /// failure set it aside; batches before it may still be committed, so that they are not emitted again.
    /// </summary>
    private void Failed(BatchFailed failure)
    {
        if (failed is not null && failed.Batch.From <= failure.Batch.From)
            return;
        // The model has stopped with the node.
        if (failure.Cause is OperationCanceledException)
        {
            End(new Lost(generation, LossCause.Unavailable, failure.Cause.Message));
            return;
        }

        failed = failure;
        context.Metrics.EntityFailures.Add(1);
        LogFailed(partition, failure.Batch.From, failure.Batch.Next, failure.Cause);
        if (committed >= failure.Batch.Source.From || !IsLive(failure.Batch.From))
            EndFailed();
        else
            Timers.StartSingleTimer(nameof(GaveUpSettling), GaveUpSettling.Instance, SettlePatience);
    }

    private void EndFailed()
    {
        if (failed is not { } its || state == OwnerState.Stopped || isEndingFailed)
            return;
        isEndingFailed = true;
        Timers.Cancel(nameof(GaveUpSettling));
        // What is read from here on is another generation's.
        running?.Abort(new OperationCanceledException("a record failed"));
        Note(its);
        Overdue();
        SaveNotes(() => End(new Lost(generation, LossCause.Failed, $"{its.Cause.GetType().Name} at offset {(its.Offset >= 0 ? its.Offset : its.Batch.From)}: {its.Cause.Message}")));
    }

    private bool isEndingFailed;

    // A cardholder that can't be written down, or contradicts its row: nothing of the log is to blame.
    private void EndFor(CardholderFailed cardholder)
    {
        if (isEndingFailed)
            return;
        isEndingFailed = true;
        LogCardholderFailed(partition, cardholder.Cause);
        running?.Abort(new OperationCanceledException("a cardholder failed"));
        notes.Sicken(cardholder.Key, handedTo, marks.Time.WatermarkMicros);
        Overdue();
        SaveNotes(() => End(new Lost(generation, LossCause.Failed, $"a cardholder failed: {cardholder.Cause.Message}")));
    }

    private void Note(BatchFailed its)
    {
        var offset = its.Offset >= 0 ? its.Offset : its.Batch.Records == 1 ? its.Batch.From : -1;
        if (offset < 0)
        {
            notes.BatchFailed(its.Batch.From, its.Batch.Next);
            return;
        }

        foreach (var (dead, _) in its.Batch.Dead)
        {
            // The log does not take its dead letter, which has to go without its value.
            if (dead.Record.Offset != offset)
                continue;
            notes.SetAside(offset, KeyOf(its.Batch, offset), dead.Rejection, isBare: true);
            return;
        }

        if (!notes.Failed(offset, KeyOf(its.Batch, offset), $"{its.Cause.GetType().Name}: {its.Cause.Message}", durable, marks.Time.WatermarkMicros))
            return;
        context.Metrics.Quarantined.Add(1);
        LogQuarantined(partition, offset, its.Cause.Message);
    }

    private static byte[] KeyOf(TransactionBatch batch, long offset)
    {
        for (var i = 0; i < batch.Records; i++)
        {
            if (batch.InOrder[i].Decoded.Record.Offset == offset)
                return i < batch.Slots.Count ? batch.Slots[i]?.Key ?? [] : [];
        }

        return [];
    }

    private void GraphEnded(Exception? failure)
    {
        if (state == OwnerState.Draining || isEndingFailed)
            return;
        if (failed is not null)
        {
            EndFailed();
            return;
        }

        switch (failure)
        {
            case TransactionFailedException { PassThrough: TransactionBatch batch, RecordIndex: { } index } refused:
                Failed(new BatchFailed(batch, batch.Origins[index].Offset, refused));
                EndFailed();
                break;
            case TransactionFailedException { Failure.Class: FailureClass.Fenced } fenced:
                context.Metrics.Fenced.Add(1);
                End(new Lost(generation, LossCause.Fenced, fenced.Message));
                break;
            case Kafka.Consumers.LogGapException gap:
                context.Metrics.Lost.Add(Math.Max(0, gap.Low - gap.Needed));
                GoDown("state_log_gap", gap.Message);
                break;
            default:
                LogGraphFailed(partition, failure);
                End(new Lost(generation, LossCause.Unavailable, failure?.Message ?? "the graph ended by itself"));
                break;
        }
    }

    private void BeginDrain()
    {
        // What failed is noted first; the report that follows is the last word too.
        if (state == OwnerState.Draining || isEndingFailed)
            return;
        if (running is null)
        {
            End(new GaveBack(generation));
            return;
        }

        Enter(OwnerState.Draining);
        RefuseReaders();
        Timers.StartSingleTimer(nameof(DrainOverdue), DrainOverdue.Instance, context.Consumer.DrainTimeout);
        running.Control.DrainAndShutdown(running.Completion).PipeTo(Self, success: static _ => new Drained(), failure: static _ => new Drained());
    }

    // What is frozen is saved, as far as the time allows.
    private void FinishDrain()
    {
        isDrained |= running is { } its && its.Completion.IsCompleted;
        if (!isDrained || (checkpoint is { IsSpoiled: false } frozen && committed >= frozen.Offset))
            return;
        End(new GaveBack(generation));
    }

    // Once a nudge interval.
    private void LookAround()
    {
        if (context.Time.GetElapsedTime(fenceReadAt) >= FenceInterval)
        {
            fenceReadAt = context.Time.GetTimestamp();
            AskFence();
            Ask(context.Consumer.BoundsAsync(Place), static its => new Bounds(its));
        }

        FreezeIfDue();
        HandOverArrived();
        Evict();
        TickIfQuiet();
        eventsDropped = cardholders.EventsDropped;
    }

    // A quiet partition's watermark moves on by a tick in its log: the clock decides only when one is written.
    private void TickIfQuiet()
    {
        if (state != OwnerState.Live || arrived.Count > 0 || handed.Count > 0 || lastRecordAt is not { } last || marks.Time.WatermarkMicros == long.MinValue)
            return;
        var quiet = context.Time.GetElapsedTime(last);
        if (quiet < context.Options.TickInterval)
            return;
        // No further than a tick is believed: the watermark may be another node's whose clock was ahead of this one's.
        var furthest = EventTime.Add(EventTime.Of(context.Time.GetUtcNow()), context.Limits.MaxTimeAhead);
        var time = Math.Min(EventTime.Add(marks.Time.WatermarkMicros, quiet), furthest);
        if (time <= marks.Time.WatermarkMicros)
            return;
        var tick = new OutputRecord(
            context.Topics.Transactions, null, Tick.Write(time), [new OutputHeader(RecordHeaders.Kind, RecordKind.Tick.Header()!)], partition);
        if (!context.Log.TryAppend(tick, new Unwatched()))
            return;
        lastRecordAt = context.Time.GetTimestamp();
        context.Metrics.Ticks.Add(1);
    }

    // A tick that is lost is followed by another.
    private sealed class Unwatched : AppendObserver
    {
        public override void Appended()
        {
        }

        public override void Failed(AppendFailure failure, string detail)
        {
        }
    }

    private sealed record GaveUpSettling : INoSerializationVerificationNeeded
    {
        internal static readonly GaveUpSettling Instance = new();
    }

    private sealed record Drained : INoSerializationVerificationNeeded;

    private sealed record DrainOverdue : INoSerializationVerificationNeeded
    {
        internal static readonly DrainOverdue Instance = new();
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Something failed in partition {Partition}, from offset {From} to before {To}; another take-over tries its records alone")]
    private partial void LogFailed(int partition, long from, long to, Exception cause);

    [LoggerMessage(Level = LogLevel.Error, Message = "A cardholder of partition {Partition} failed, and begins anew")]
    private partial void LogCardholderFailed(int partition, Exception cause);

    [LoggerMessage(Level = LogLevel.Error, Message = "The record at offset {Offset} of partition {Partition} failed again and is set aside: {Reason}")]
    private partial void LogQuarantined(int partition, long offset, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "The graph of partition {Partition} has failed; it is taken over again")]
    private partial void LogGraphFailed(int partition, Exception? failure);
}
