using System.Buffers;
using Scoring.Actors.Entities;
using Scoring.Actors.Log;
using Scoring.Actors.State;
using Scoring.Models.Features;

namespace Scoring.Actors.Pipeline;

/// <summary>
/// Rebuilds one entity whose row is damaged: its previous version, and the records of the log between the two versions
/// applied to it again. The shard knew more when it applied them: which were repeats of what came before. Where the log
/// and the store don't tell, nothing is rebuilt: an entity that says that it is incomplete is better than a wrong one.
/// </summary>
internal sealed class EntityRepair
{
    private readonly ShardContext context;
    private readonly int partition;
    private readonly EntityRow row;
    private readonly QuarantineNotes quarantined;
    private readonly bool areOriginsFull;
    private readonly EntityStage stage;

    // The cards of the transactions as they are stored, for a kind that does not know repeats by itself.
    private readonly EntityStage? witnesses;

    // Of the previous version. What is not newer may be known to the shard from before it.
    private long newestBefore;

    private EntityRepair(Func<EntityStage> newStage, ShardContext context, int partition, EntityRow row, QuarantineNotes quarantined, bool areOriginsFull)
    {
        this.context = context;
        this.partition = partition;
        this.row = row;
        this.quarantined = quarantined;
        this.areOriginsFull = areOriginsFull;
        stage = newStage();
        witnesses = stage.Engine.KnowsRepeats(row.Kind) ? null : newStage();
    }

    /// <summary>Rebuilds an entity as it was exactly before its row's offset.</summary>
    /// <param name="newStage">Makes an empty stage to work in.</param>
    /// <param name="context">The bounds, the log and the store.</param>
    /// <param name="partition">The shard.</param>
    /// <param name="row">The damaged row.</param>
    /// <param name="quarantined">The records that were set aside.</param>
    /// <param name="areOriginsFull">Whether the shard may have refused relayed records for the number of their origins.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>The state; null if it can't be rebuilt exactly.</returns>
    internal static async Task<byte[]?> RebuildAsync(
        Func<EntityStage> newStage,
        ShardContext context,
        int partition,
        EntityRow row,
        QuarantineNotes quarantined,
        bool areOriginsFull,
        CancellationToken cancellation)
    {
        if (row.PreviousOffset is not { } from || row.Offset - from > context.Options.MaxRepairRecords || from < quarantined.KnownFrom)
            return null;
        try
        {
            return await new EntityRepair(newStage, context, partition, row, quarantined, areOriginsFull).RebuildAsync(from, cancellation);
        }
        catch (LogGapException)
        {
            return null;
        }
        catch (FormatException)
        {
            // The previous version is damaged too, or a card that could tell repeats.
            return null;
        }
    }

    private async Task<byte[]?> RebuildAsync(long from, CancellationToken cancellation)
    {
        // 1. The version before.
        stage.Engine.RestoreEntity(row.Kind, row.Key.Span, row.PreviousState.Span);
        newestBefore = stage.Engine.NewestMicros(row.Kind, row.Key.Span);

        // 2. Who knows which of the transactions since were repeats.
        if (witnesses is not null)
            await LoadWitnessesAsync(witnesses, from, cancellation);

        // 3. The records since, without those that were set aside.
        await foreach (var record in context.Reader.ReadAsync(partition, from, row.Offset, cancellation))
        {
            if (quarantined.Contains(record.Offset))
                stage.PassOver(record);
            else if (!TryApply(record, quarantined.HasBefore(from)))
                return null;
        }

        return Saved();
    }

    private async Task LoadWitnessesAsync(EntityStage empty, long from, CancellationToken cancellation)
    {
        var cards = new EntityKeySet();
        await foreach (var record in context.Reader.ReadAsync(partition, from, row.Offset, cancellation))
        {
            if (Touches(record, out _) is { } keys && record.Kind == RecordKind.Transaction)
            {
                foreach (var (kind, key) in keys.Where(k => empty.Engine.KnowsRepeats(k.Kind)))
                    cards.Add(kind, key.Span);
            }
        }

        EntityKey[] wanted = [.. cards.Select(k => new EntityKey(k.Kind, k.Key))];
        var stored = await context.Store.CallAsync((store, cancel) => store.LoadAsync(partition, wanted, cancel), cancellation);
        foreach (var card in stored.Rows)
            empty.Engine.RestoreEntity(card.Kind, card.Key.Span, card.State.Span);
    }

    // The keys of the record's entities, if the damaged one is among them.
    private EntityKeySet? Touches(in InputRecord record, out DecodedRecord decoded)
    {
        stage.Decode(record, out decoded);
        var keys = new EntityKeySet();
        stage.KeysOf(decoded, keys);
        return keys.Any(k => k.Kind == row.Kind && k.Key.Span.SequenceEqual(row.Key.Span)) ? keys : null;
    }

    private bool TryApply(in InputRecord record, bool mayRepeatWhatWasSetAside)
    {
        var isTouched = Touches(record, out var decoded) is not null;
        if (decoded.Rejection is not null)
            return true;
        if (!isTouched)
            return Pass(decoded);
        // A relayed record may be a repeat of one that the shard saw, or set aside, before the first that is read here.
        var isRelayed = record.Origin is not null;
        if (isRelayed && (areOriginsFull || mayRepeatWhatWasSetAside))
            return false;
        try
        {
            return record.Kind == RecordKind.Transaction ? TryApplyTransaction(decoded) : TryApplyLabel(decoded, isRelayed);
        }
#pragma warning disable CA1031 // Whatever an entity throws: by a defect that the program had not when the record was applied.
        catch (Exception)
#pragma warning restore CA1031
        {
            return false;
        }
    }

    private bool Pass(in DecodedRecord decoded)
    {
        if (decoded.Record.Kind == RecordKind.Transaction)
            stage.Engine.AdvanceWatermark(decoded.Transaction.EventTimeMicros);
        else if (decoded.Record.Kind == RecordKind.Tick)
            stage.Apply(decoded, []);
        return true;
    }

    private bool TryApplyTransaction(in DecodedRecord decoded)
    {
        if (decoded.Transaction.EventTimeMicros <= newestBefore)
            return false;
        var isNew = witnesses is null ? true : witnesses.Engine.HasTaken(decoded.Transaction);
        if (isNew == true)
            stage.Apply(decoded, new double[stage.Engine.Set.FeatureNames.Count]);
        return isNew is not null;
    }

    // A label that is relayed again after another of the same transaction changes nothing in the shard.
    private bool TryApplyLabel(in DecodedRecord decoded, bool isRelayed)
    {
        var before = Saved();
        stage.Apply(decoded, []);
        return !isRelayed || before.AsSpan().SequenceEqual(Saved());
    }

    private byte[]? Saved()
    {
        var state = new ArrayBufferWriter<byte>();
        return stage.Engine.TrySaveEntity(row.Kind, row.Key.Span, state) ? state.WrittenSpan.ToArray() : null;
    }
}
