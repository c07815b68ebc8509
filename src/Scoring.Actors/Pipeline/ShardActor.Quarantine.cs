using Microsoft.Extensions.Logging;
using Scoring.Actors.Log;
using Scoring.Actors.State;
using Scoring.Models.Wire;

namespace Scoring.Actors.Pipeline;

/// <summary>
/// What a shard does about a record at which something throws: while it is applied, while the model scores it, while its
/// score is written. Its state is made anew, and the record set aside if it throws again. Of a batch that fails as a whole
/// the records are taken one by one, until the one at fault is found.
/// </summary>
public sealed partial class ShardActor
{
    private readonly QuarantineNotes quarantined = new();

    // Of batches that were taken back, before what waits.
    private readonly List<InputRecord> takenBack = [];
    private Suspect? suspect;

    // Nothing may be under way to the store: its answer would be of the state before. `loading` has it in its hands until it is loaded.
    private bool MayRebuild =>
        !IsStateWhole && !stopping && IsIdle && checkpoints.Phase != CheckpointPhase.Storing && loading is null or { Loaded: not null };

    // Takes back a record that threw, with what follows it in its batch; the state it left is not to be trusted.
    private void PutBack(Batch batch, int index, Exception thrown)
    {
        if (batch.Rows > batch.Scored.Count)
            batch.RemoveLastRow();
        var records = batch.Decoded[index..];
        foreach (ref readonly var decoded in records)
            takenBack.Add(decoded.Record);
        progress.AddWaiting(records.Length);
        suspect = SuspectAt(records[0].Record.Offset, thrown);
        batch.EndBefore(index);
    }

    // A batch of which nothing was emitted yet. The state has it and what came after it, so none of that may be emitted either.
    private void TakeBack(Batch batch, Exception thrown)
    {
        suspect = batch.Records == 1
            ? SuspectAt(batch.FirstOffset, thrown)
            : new Suspect(batch.FirstOffset, 0, false, ReasonOf(thrown));
        aloneBefore = Math.Max(aloneBefore, batch.NextOffset);
        if (batch.Records > 1)
            LogBatchFailed(Partition, batch.FirstOffset, batch.NextOffset, thrown);
        Return(batch);
    }

    private bool IsAfterSuspect(Batch batch) => suspect is { IsRebuilt: false } && batch.Records > 0 && batch.FirstOffset >= suspect.Offset;

    private void Return(Batch batch)
    {
        foreach (ref readonly var decoded in batch.Decoded)
            takenBack.Add(decoded.Record);
        progress.AddWaiting(batch.Records);
        batch.Reset();
        idleBatches.Push(batch);
    }

    private void Requeue()
    {
        if (loading is { } batch)
        {
            // An owner that was overtaken wrote no notes; it will hear of it soon enough.
            if (!batch.Loaded!.IsOvertaken)
                TakeNotes(batch);
            loading = null;
            Return(batch);
        }

        // A batch may be taken back after one that came later.
        waiting = new Queue<InputRecord>(takenBack.OrderBy(r => r.Offset).Concat(waiting));
        takenBack.Clear();
    }

    private Suspect SuspectAt(long offset, Exception thrown)
    {
        context.Metrics.EntityFailures.Add(1);
        LogSpoiled(Partition, offset, thrown);
        return suspect?.Offset == offset
            ? suspect with { Failures = suspect.Failures + 1, IsRebuilt = false }
            : new Suspect(offset, 1, false, ReasonOf(thrown));
    }

    private static string ReasonOf(Exception thrown) => $"{thrown.GetType().Name}: {thrown.Message}";

    private Task<bool> NoteAsync(IReadOnlyList<QuarantinedRecord> records) =>
        context.Store.CallAsync((store, cancel) => store.QuarantineAsync(Partition, epoch, records, cancel), life.Token);

    // The second time a record throws it is set aside for good, in the store before its dead letter's commit.
    private async Task NoteAsync(Suspect failed)
    {
        suspect = failed;
        if (failed.Failures < 2)
            return;
        var rejection = new Rejection(RejectReason.Poison, failed.Reason);
        if (!await NoteAsync([QuarantineNotes.Note(failed.Offset, rejection)]))
        {
            Fenced();
            throw new OperationCanceledException(life.Token);
        }

        quarantined.Add(failed.Offset, rejection, checkpoints.DurableOffset);
        context.Metrics.Quarantined.Add(1);
        LogQuarantined(Partition, failed.Offset, failed.Reason);
    }

    private async Task RebuildForSuspectAsync()
    {
        try
        {
            Requeue();
            await NoteAsync(suspect!);
            checkpoints.Drop();
            var offset = suspect!.Offset;
            await RebuildAsync(offset, recovery.Token);
            // A rebuild may have met another record that throws; the one that was asked about is next in any case.
            suspect = new Suspect(offset, suspect?.Offset == offset ? suspect.Failures : 1, true, suspect?.Reason ?? "");
            checkpoints.Force();
        }
        catch (OperationCanceledException)
        {
            // Asked to stop: the state stays spoiled, so nothing more of it is applied or stored, a checkpoint of the
            // replay that was on its way to the store included.
            checkpoints.Drop();
        }
    }

    /// <summary>A record at which something threw.</summary>
    /// <param name="Offset">Its offset.</param>
    /// <param name="Failures">How often by itself; 0 for the first of a batch that threw as a whole.</param>
    /// <param name="IsRebuilt">Whether the state has been made anew since.</param>
    /// <param name="Reason">What it threw.</param>
    private sealed record Suspect(long Offset, int Failures, bool IsRebuilt, string Reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "The record at offset {Offset} of partition {Partition} failed")]
    private partial void LogSpoiled(int partition, long offset, Exception thrown);

    [LoggerMessage(Level = LogLevel.Error, Message = "A batch of partition {Partition}, from offset {From} to before {To}, failed; its records are tried one by one")]
    private partial void LogBatchFailed(int partition, long from, long to, Exception thrown);

    [LoggerMessage(Level = LogLevel.Error, Message = "The record at offset {Offset} of partition {Partition} failed again and is set aside: {Reason}")]
    private partial void LogQuarantined(int partition, long offset, string reason);
}
