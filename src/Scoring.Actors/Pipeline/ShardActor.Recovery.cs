using Microsoft.Extensions.Logging;
using Scoring.Actors.Entities;
using Scoring.Actors.Log;
using Scoring.Actors.Source;
using Scoring.Actors.State;
using Scoring.Models.Features;

namespace Scoring.Actors.Pipeline;

/// <summary>
/// How a shard gets its state, at its start and when a record has spoiled it:
/// <list type="number">
/// <item>A new epoch, so that no earlier owner writes any more; with it the checkpoint's offset C.</item>
/// <item>What the group has committed, K. Read after C, it can't lie before a checkpoint that is still to come.</item>
/// <item>The records in [C, K) applied again, without emitting: what they caused is in the log.</item>
/// <item>Live from K on.</item>
/// </list>
/// </summary>
public sealed partial class ShardActor
{
    // Ended by a wish to stop; `life` only when the shard is given up or over.
    private readonly CancellationTokenSource recovery = new();
    private readonly CancellationTokenSource life = new();
    private readonly TaskCompletionSource<(long? Committed, long FirstStart)> begun = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly EntityKeySet missing = new();
    private volatile bool awaitsBegin;
    private readonly ILogger<ShardActor> logger;
    private long epoch;

    // Whether the store may hold entities that are not in memory.
    private bool mayBeStored;

    /// <inheritdoc/>
    public bool AwaitsBegin => awaitsBegin;

    /// <inheritdoc/>
    public void Begin(long? committed, long firstStart)
    {
        begun.TrySetResult((committed, firstStart));
    }

    private async Task<bool> RecoverAsync()
    {
        var started = context.Time.GetTimestamp();
        try
        {
            // 1. Epoch and C.
            var snapshot = await context.Store.CallAsync((store, cancel) => store.AcquireAsync(Partition, context.Owner, cancel), recovery.Token);
            epoch = snapshot.Epoch;
            quarantined.Begin(snapshot.Quarantined);
            progress.Acquired(epoch, snapshot.Offset);

            // 2. K.
            awaitsBegin = true;
            var (committed, firstStart) = await BegunAsync();
            awaitsBegin = false;
            if (GapBetween(snapshot.Offset, committed) is { } gap)
                return StandsDown(PartitionState.LogGap, gap);

            // 3. Replay.
            var live = committed ?? firstStart;
            var from = snapshot.Offset ?? (committed is null ? live : (await context.Reader.BoundsAsync(Partition, recovery.Token)).Low);
            checkpoints.Begin(from, snapshot.Marks.ToArray(), snapshot.Offset is not null);
            checkpoints.Committed(committed ?? -1);
            await RebuildAsync(live, recovery.Token);

            // 4. Live. A new shard's first checkpoint waits for the commit of its start, which no batch stands for.
            if (committed is null)
            {
                await BeginOutputsAsync();
                outputs.EndBatch(live);
            }

            nextOffset = nextExpectedOffset = live;
            progress.Finished(live, 0);
            progress.Enter(ShardPhase.Live);
            context.Metrics.Recovered(context.Time.GetElapsedTime(started));
            LogLive(Partition, epoch, snapshot.Offset ?? -1, live, context.Time.GetElapsedTime(started).TotalMilliseconds);
            return true;
        }
        catch (OperationCanceledException) when (recovery.IsCancellationRequested)
        {
            return false;
        }
        catch (LogGapException e)
        {
            return StandsDown(PartitionState.LogGap, e.Message);
        }
        catch (FormatException e)
        {
            return StandsDown("state_unreadable", e.Message);
        }
    }

    // Not WaitAsync, which would end on a thread of the pool.
    private async Task<(long? Committed, long FirstStart)> BegunAsync()
    {
        using var registration = recovery.Token.Register(() => begun.TrySetCanceled(recovery.Token));
        return await begun.Task;
    }

    private static string? GapBetween(long? checkpoint, long? committed)
    {
        if (checkpoint is null || committed >= checkpoint)
            return null;
        return committed is null
            ? $"there is a checkpoint at offset {checkpoint}, and the group has committed nothing: its offsets expired or it is another group"
            : $"the checkpoint is at offset {checkpoint}, ahead of the group's {committed}: the group was set back";
    }

    private bool StandsDown(string code, string why)
    {
        progress.GoDown(code);
        LogDown(Partition, code, why);
        return false;
    }

    // Down, or asked to stop before it was live: waits for its end.
    private async Task StandDownAsync()
    {
        while (!finishing && !abandoned)
        {
            await mailbox.Reader.WaitToReadAsync();
            while (mailbox.Reader.TryRead(out var message))
                Handle(message);
            if (stopping)
                drained.TrySetResult();
        }
    }

    private EntityStage NewStage() => new(context.FeatureSet, context.Limits, context.Entities, new LogPlace(Partition, context.Partitions), context.Probe);

    /// <summary>Makes the state as it is exactly before an offset, from the last durable checkpoint and the log.</summary>
    private async Task RebuildAsync(long to, CancellationToken cancellation)
    {
        while (true)
        {
            entities = NewStage();
            mayBeStored = checkpoints.IsDurable;
            nextOffset = checkpoints.DurableOffset;
            if (checkpoints.IsDurable)
            {
                entities.RestoreMarks(checkpoints.DurableMarks);
                var watched = await context.Store.CallAsync((store, cancel) => store.LoadWatchedAsync(Partition, cancel), cancellation);
                await RestoreAllAsync(Of(watched), cancellation);
            }
            else
            {
                entities.Engine.BeginHistory();
            }

            if (await ReplayAsync(to, cancellation))
                break;
        }

        progress.MovedTo(entities.WatermarkMicros, context.Time.GetTimestamp(), entities.EventsDropped);
        progress.Holds(entities.Engine.EntitiesInMemory, entities.Engine.EntityBytes);
    }

    // False if a record spoiled the state: the state is made anew, without that record if it does so again.
    private async Task<bool> ReplayAsync(long to, CancellationToken cancellation)
    {
        if (nextOffset >= to)
            return true;
        var records = new List<DecodedRecord>(context.Options.MaxBatchRecords);
        await foreach (var record in context.Reader.ReadAsync(Partition, nextOffset, to, cancellation))
        {
            entities.Decode(record, out var decoded);
            records.Add(decoded);
            if (records.Count < MaxBatchRecords)
                continue;
            if (!await ReplayBatchAsync(records, record.Offset + 1, cancellation))
                return false;
            records.Clear();
        }

        return await ReplayBatchAsync(records, to, cancellation);
    }

    private async Task<bool> ReplayBatchAsync(List<DecodedRecord> records, long next, CancellationToken cancellation)
    {
        missing.Clear();
        if (mayBeStored)
            FindMissing(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(records), missing);
        if (missing.Count > 0)
            await RestoreAllAsync(await LoadRowsAsync(missing, cancellation), cancellation);
        if (ApplySilently(records) is { } spoiler)
        {
            await NoteAsync(spoiler);
            return false;
        }

        nextOffset = next;
        context.Metrics.Replayed.Add(records.Count);
        if (checkpoints.IsDue(entities, nextOffset) && checkpoints.CommittedOffset >= nextOffset)
            await CheckpointInReplayAsync(cancellation);
        EvictTo(context.State.MaxEntitiesInMemory);
        return true;
    }

    private Suspect? ApplySilently(List<DecodedRecord> records)
    {
        var features = new double[context.Origin.FeatureNames.Count];
        foreach (ref readonly var decoded in System.Runtime.InteropServices.CollectionsMarshal.AsSpan(records))
        {
            checkpoints.Applied(LogBytes(decoded.Record));
            try
            {
                if (quarantined.Contains(decoded.Record.Offset))
                    entities.PassOver(decoded.Record);
                else
                    entities.Apply(decoded, features);
                // It is behind: a suspect that stayed would have the state rebuilt up to it once the shard is live.
                suspect = decoded.Record.Offset == suspect?.Offset ? null : suspect;
            }
#pragma warning disable CA1031 // Whatever an entity throws: its record is tried again, then set aside.
            catch (Exception e)
#pragma warning restore CA1031
            {
                return SuspectAt(decoded.Record.Offset, e);
            }
        }

        return null;
    }

    private async Task CheckpointInReplayAsync(CancellationToken cancellation)
    {
        checkpoints.Freeze(entities, nextOffset);
        while (checkpoints.Phase == CheckpointPhase.Writing)
        {
            checkpoints.WriteSlice();
            // Other shards of the node may be live.
            await Task.Yield();
        }

        var checkpoint = checkpoints.Take(Partition, epoch);
        if (!await context.Store.CallAsync((store, cancel) => store.WriteAsync(checkpoint, cancel), cancellation))
        {
            Fenced();
            throw new OperationCanceledException(life.Token);
        }

        checkpoints.Stored();
        progress.Checkpointed(checkpoints.DurableOffset, context.Time.GetTimestamp());
    }

    private void FindMissing(ReadOnlySpan<DecodedRecord> records, EntityKeySet keys)
    {
        foreach (ref readonly var decoded in records)
            entities.FindMissing(decoded, keys);
    }

    private async Task<LoadedEntities> LoadRowsAsync(EntityKeySet keys, CancellationToken cancellation)
    {
        context.Metrics.Loads.Add(1);
        EntityKey[] wanted = [.. keys.Select(k => new EntityKey(k.Kind, k.Key))];
        return Of(await context.Store.CallAsync((store, cancel) => store.LoadAsync(Partition, wanted, cancel), cancellation));
    }

    // A later owner may have changed rows or removed them as grown old, and is of a time that this one has not come to: no
    // write would tell, since nothing of what follows from it is written before it is emitted.
    private LoadedEntities Of(EntityRows stored) => new(stored.Rows, [], []) { IsOvertaken = stored.Epoch != epoch };

    // What the moment has refused is noted before anything follows from it.
    private async Task LoadAsync(Batch batch)
    {
        try
        {
            if (batch.Refused.Count > 0 && !await NoteAsync([.. batch.Refused.Select(r => QuarantineNotes.Note(r.Offset, r.Rejection))]))
                Post(batch, LoadedEntities.Overtaken);
            else
                Post(batch, batch.Missing.Count == 0 ? LoadedEntities.None : await LoadRowsAsync(batch.Missing, life.Token));
        }
        catch (OperationCanceledException) when (life.IsCancellationRequested)
        {
            // The shard is over.
        }
#pragma warning disable CA1031 // Reported to the loop, which ends the shard.
        catch (Exception e)
#pragma warning restore CA1031
        {
            mailbox.Writer.TryWrite(new Message(MessageKind.Failed, e, default));
        }
    }

    private async Task RepairAsync(Batch batch, IReadOnlyList<EntityRow> damaged)
    {
        try
        {
            Post(batch, await RepairAsync(damaged, life.Token));
        }
        catch (OperationCanceledException) when (life.IsCancellationRequested)
        {
            // The shard is over.
        }
#pragma warning disable CA1031 // Reported to the loop, which ends the shard.
        catch (Exception e)
#pragma warning restore CA1031
        {
            mailbox.Writer.TryWrite(new Message(MessageKind.Failed, e, default));
        }
    }

    private void Post(Batch batch, LoadedEntities loaded) =>
        mailbox.Writer.TryWrite(new Message(MessageKind.Loaded, batch, default) { Loaded = loaded });

    private async Task RestoreAllAsync(LoadedEntities loaded, CancellationToken cancellation)
    {
        if (loaded.IsOvertaken)
        {
            Fenced();
            throw new OperationCanceledException(life.Token);
        }

        var damaged = Restore(loaded);
        if (damaged.Count > 0)
            Restore(await RepairAsync(damaged, cancellation));
    }

    /// <returns>The rows that are damaged.</returns>
    private List<EntityRow> Restore(LoadedEntities loaded)
    {
        var damaged = new List<EntityRow>();
        foreach (var row in loaded.Rows)
        {
            // Of a kind that the feature set no longer has, or read twice.
            if (!entities.Engine.Keeps(row.Kind) || entities.Engine.Holds(row.Kind, row.Key.Span))
                continue;
            try
            {
                entities.Engine.RestoreEntity(row.Kind, row.Key.Span, row.State.Span);
            }
            catch (StateDamagedException e)
            {
                context.Metrics.Damaged.Add(1);
                LogDamaged(Partition, row.Kind, row.Offset, e.Message);
                damaged.Add(row);
            }
        }

        foreach (var (key, state) in loaded.Repaired)
            entities.Engine.RestoreEntity(key.Kind, key.Key.Span, state, changed: true);
        foreach (var key in loaded.Incomplete)
            entities.Engine.StartIncomplete(key.Kind, key.Key.Span);
        return damaged;
    }

    private async Task<LoadedEntities> RepairAsync(IReadOnlyList<EntityRow> damaged, CancellationToken cancellation)
    {
        var repaired = new List<(EntityKey, byte[])>();
        var incomplete = new List<EntityKey>();
        foreach (var row in damaged)
        {
            var key = new EntityKey(row.Kind, row.Key);
            if (await EntityRepair.RebuildAsync(NewStage, context, Partition, row, quarantined, entities.AreOriginsFull, cancellation) is { } state)
                repaired.Add((key, state));
            else
                incomplete.Add(key);
        }

        context.Metrics.Repaired.Add(repaired.Count);
        context.Metrics.Incomplete.Add(incomplete.Count);
        return new LoadedEntities([], repaired, incomplete);
    }

    private void Fenced()
    {
        context.Metrics.Fenced.Add(1);
        progress.GoDown("fenced");
        LogFenced(Partition, epoch);
        Abandon();
    }

    // A call of the engine's looks at a bounded number of entities, those touched lately twice, so it may take several.
    private void EvictTo(int most)
    {
        for (var call = 0; call < MaxEvictionCalls && entities.Engine.EntitiesInMemory > most; call++)
        {
            var evicted = entities.Engine.Evict(most);
            mayBeStored |= evicted > 0;
            context.Metrics.Evicted.Add(evicted);
        }
    }

    private const int MaxEvictionCalls = 64;

    private static long LogBytes(in InputRecord record) => RecordOverheadBytes + (record.Key?.Length ?? 0) + (record.Value?.Length ?? 0);

    // What a record costs in the log beside its key and value, roughly.
    private const int RecordOverheadBytes = 70;

    [LoggerMessage(Level = LogLevel.Information, Message = "Partition {Partition} is live with epoch {Epoch}: checkpoint at {Checkpoint}, live at {Live}, after {Millis:F0} ms")]
    private partial void LogLive(int partition, long epoch, long checkpoint, long live, double millis);

    [LoggerMessage(Level = LogLevel.Critical, Message = "Partition {Partition} is down ({Code}): {Why}")]
    private partial void LogDown(int partition, string code, string why);

    [LoggerMessage(Level = LogLevel.Error, Message = "Partition {Partition} was taken over by another node while this one, with epoch {Epoch}, was still writing: its shard is dropped")]
    private partial void LogFenced(int partition, long epoch);

    [LoggerMessage(Level = LogLevel.Error, Message = "The stored {Kind} of partition {Partition} at offset {Offset} is damaged: {Why}")]
    private partial void LogDamaged(int partition, string kind, long offset, string why);
}
