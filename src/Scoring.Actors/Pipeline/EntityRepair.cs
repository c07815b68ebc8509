using System.Buffers;
using Scoring.Actors.Entities;
using Scoring.Actors.Log;
using Scoring.Actors.State;
using Scoring.Models.Features;

namespace Scoring.Actors.Pipeline;

/// <summary>
/// Rebuilds one entity whose row is damaged: its previous version, and the records of the log between the two
/// versions applied to it again.
/// </summary>
internal static class EntityRepair
{
    /// <summary>Rebuilds an entity as it was exactly before its row's offset.</summary>
    /// <param name="stage">An empty stage to work in.</param>
    /// <param name="context">The bounds, and the log.</param>
    /// <param name="partition">The shard.</param>
    /// <param name="row">The damaged row.</param>
    /// <param name="quarantined">The offsets of the records that were set aside, as far as they are known.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>The state; null if it can't be rebuilt exactly.</returns>
    internal static async Task<byte[]?> RebuildAsync(
        EntityStage stage,
        ShardContext context,
        int partition,
        EntityRow row,
        IReadOnlyCollection<long> quarantined,
        CancellationToken cancellation)
    {
        if (row.PreviousOffset is not { } from || row.Offset - from > context.Options.MaxRepairRecords)
            return null;
        try
        {
            stage.Engine.RestoreEntity(row.Kind, row.Key.Span, row.PreviousState.Span);
            var isExact = stage.Engine.KnowsRepeats(row.Kind);
            var newest = stage.Engine.NewestMicros(row.Kind, row.Key.Span);
            await foreach (var record in context.Reader.ReadAsync(partition, from, row.Offset, cancellation))
            {
                if (!quarantined.Contains(record.Offset) && !TryApply(stage, record, row, isExact ? long.MinValue : newest))
                    return null;
            }

            var state = new ArrayBufferWriter<byte>();
            return stage.Engine.TrySaveEntity(row.Kind, row.Key.Span, state) ? state.WrittenSpan.ToArray() : null;
        }
        catch (LogGapException)
        {
            return null;
        }
        catch (FormatException)
        {
            // The previous version is damaged too.
            return null;
        }
    }

    // An entity that does not know repeats itself relies on its card, whose past is not at hand: what is not newer
    // than the entity's newest event may be a repeat, so nothing exact can be said.
    private static bool TryApply(EntityStage stage, in InputRecord record, EntityRow row, long ambiguousThrough)
    {
        stage.Decode(record, out var decoded);
        if (decoded.Rejection is not null)
            return true;
        if (record.Kind == RecordKind.Tick)
        {
            stage.Apply(decoded, []);
            return true;
        }

        var keys = new EntityKeySet();
        stage.KeysOf(decoded, keys);
        if (!keys.Any(k => k.Kind == row.Kind && k.Key.Span.SequenceEqual(row.Key.Span)))
        {
            if (record.Kind == RecordKind.Transaction)
                stage.Engine.AdvanceWatermark(decoded.Transaction.EventTimeMicros);
            return true;
        }

        if (record.Kind == RecordKind.Transaction && decoded.Transaction.EventTimeMicros <= ambiguousThrough)
            return false;
        try
        {
            stage.Apply(decoded, new double[stage.Engine.Set.FeatureNames.Count]);
            return true;
        }
#pragma warning disable CA1031 // Whatever an entity throws: the record was set aside once, in a note that a later checkpoint has removed.
        catch (Exception)
#pragma warning restore CA1031
        {
            return false;
        }
    }
}
