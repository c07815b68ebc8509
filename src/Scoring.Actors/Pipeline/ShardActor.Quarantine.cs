using Microsoft.Extensions.Logging;
using Scoring.Actors.Log;
using Scoring.Actors.State;

namespace Scoring.Actors.Pipeline;

/// <summary>What a shard does about a record that throws while it is applied: its state is made anew, and the record set aside if it throws again.</summary>
public sealed partial class ShardActor
{
    private readonly QuarantineNotes quarantined = new();
    private Suspect? suspect;

    // Takes back a record that threw, with what follows it in its batch; the state it left is not to be trusted.
    private void PutBack(Batch batch, int index, Exception thrown)
    {
        if (batch.Rows > batch.Scored.Count)
            batch.RemoveLastRow();
        var records = batch.Decoded[index..];
        var again = new Queue<InputRecord>(records.Length + waiting.Count);
        foreach (ref readonly var decoded in records)
            again.Enqueue(decoded.Record);
        foreach (var record in waiting)
            again.Enqueue(record);
        progress.AddWaiting(records.Length);
        waiting = again;
        suspect = SuspectAt(records[0].Record.Offset, thrown);
        batch.EndBefore(index);
    }

    private Suspect SuspectAt(long offset, Exception thrown)
    {
        context.Metrics.EntityFailures.Add(1);
        LogSpoiled(Partition, offset, thrown);
        return suspect?.Offset == offset
            ? suspect with { Failures = suspect.Failures + 1, IsRebuilt = false }
            : new Suspect(offset, 1, false, $"{thrown.GetType().Name}: {thrown.Message}");
    }

    // The second time a record throws it is set aside for good, in the store before its dead letter's commit.
    private async Task NoteAsync(Suspect failed)
    {
        suspect = failed;
        if (failed.Failures < 2)
            return;
        var record = new QuarantinedRecord(failed.Offset, failed.Reason);
        if (!await context.Store.CallAsync((store, cancel) => store.QuarantineAsync(Partition, epoch, record, cancel), life.Token))
        {
            Fenced();
            throw new OperationCanceledException(life.Token);
        }

        quarantined.Add(failed.Offset, failed.Reason, checkpoints.DurableOffset);
        context.Metrics.Quarantined.Add(1);
        LogQuarantined(Partition, failed.Offset, failed.Reason);
    }

    private async Task RebuildForSuspectAsync()
    {
        try
        {
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

    /// <summary>A record that threw while it was applied.</summary>
    /// <param name="Offset">Its offset.</param>
    /// <param name="Failures">How often.</param>
    /// <param name="IsRebuilt">Whether the state has been made anew since.</param>
    /// <param name="Reason">What it threw.</param>
    private sealed record Suspect(long Offset, int Failures, bool IsRebuilt, string Reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "The record at offset {Offset} of partition {Partition} made an entity fail")]
    private partial void LogSpoiled(int partition, long offset, Exception thrown);

    [LoggerMessage(Level = LogLevel.Error, Message = "The record at offset {Offset} of partition {Partition} failed again and is set aside: {Reason}")]
    private partial void LogQuarantined(int partition, long offset, string reason);
}
