using Scoring.Actors.Entities;
using Scoring.Models.Features;

namespace Scoring.Actors.Pipeline;

/// <summary>How a shard answers what HTTP asks of its entities.</summary>
public sealed partial class ShardActor
{
    private void Answer(ShardQuery query)
    {
        var needed = new EntityKeySet();
        if (!IsStateWhole)
        {
            Interlocked.Decrement(ref queries);
            query.Refuse();
            return;
        }

        if (mayBeStored)
            query.FindMissing(entities, needed);
        if (needed.Count == 0)
        {
            Interlocked.Decrement(ref queries);
            query.Answer(entities);
            return;
        }

        _ = LoadForAsync(query, needed);
    }

    private async Task LoadForAsync(ShardQuery query, EntityKeySet needed)
    {
        try
        {
            var loaded = await LoadRowsAsync(needed, life.Token);
            if (mailbox.Writer.TryWrite(new Message(MessageKind.QueryLoaded, query, default) { Loaded = loaded }))
                return;
        }
        catch (OperationCanceledException) when (life.IsCancellationRequested)
        {
            // The shard is over; the question is refused below.
        }
#pragma warning disable CA1031 // Reported to the loop, which ends the shard.
        catch (Exception e)
#pragma warning restore CA1031
        {
            mailbox.Writer.TryWrite(new Message(MessageKind.Failed, e, default));
        }

        Interlocked.Decrement(ref queries);
        query.Refuse();
    }

    // A question must not bring entities into the shard's memory: they are read in a stage of their own, with
    // what the shard holds of the others.
    private void AnswerFrom(LoadedEntities loaded, ShardQuery query)
    {
        Interlocked.Decrement(ref queries);
        if (loaded.IsOvertaken)
            Fenced();
        if (loaded.IsOvertaken || !IsStateWhole)
        {
            query.Refuse();
            return;
        }

        var stage = NewStage();
        var all = new EntityKeySet();
        query.FindMissing(stage, all);
        var state = new System.Buffers.ArrayBufferWriter<byte>();
        foreach (var (kind, key) in all)
        {
            state.ResetWrittenCount();
            if (entities.Engine.TrySaveEntity(kind, key.Span, state))
                stage.Engine.RestoreEntity(kind, key.Span, state.WrittenSpan);
        }

        foreach (var row in loaded.Rows)
            RestoreForQuery(stage, row.Kind, row.Key.Span, row.State.Span);
        query.Answer(stage);
    }

    private static void RestoreForQuery(EntityStage stage, string kind, ReadOnlySpan<byte> key, ReadOnlySpan<byte> state)
    {
        try
        {
            if (!stage.Engine.Holds(kind, key))
                stage.Engine.RestoreEntity(kind, key, state);
        }
        catch (StateDamagedException)
        {
            // A damaged entity is mended when a transaction needs it; a question finds it empty.
        }
    }
}
