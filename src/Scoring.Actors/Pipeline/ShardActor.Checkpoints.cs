using Scoring.Actors.State;

namespace Scoring.Actors.Pipeline;

/// <summary>When a shard takes checkpoints, and what it does about the bounds of its memory.</summary>
public sealed partial class ShardActor
{
    private bool IsStateWhole => suspect is null or { IsRebuilt: true };

    private int MaxBatchRecords => Math.Clamp(context.State.MaxEntitiesInMemory / entities.Engine.Kinds, 1, context.Options.MaxBatchRecords);

    private bool MayFreeze =>
        checkpoints.Phase == CheckpointPhase.None && IsStateWhole && loading is null
        && (finishing ? IsLastCheckpointDue : checkpoints.IsDue(entities, nextOffset));

    // Handed over with everything that was done, so that the next owner replays nothing.
    private bool IsLastCheckpointDue =>
        IsStateWhole && progress.Phase == ShardPhase.Stopping && checkpoints.CommittedOffset >= nextOffset
        && nextOffset > 0 && (nextOffset > checkpoints.DurableOffset || !checkpoints.IsDurable);

    // 8. Write out what a checkpoint froze; store it once the group has committed its offset.
    private void AdvanceCheckpoint()
    {
        if (MayFreeze)
            checkpoints.Freeze(entities, nextOffset);
        if (checkpoints.Phase == CheckpointPhase.Writing)
            checkpoints.WriteSlice();
        if (checkpoints.IsReady)
            _ = StoreAsync(checkpoints.Take(Partition, epoch));
        else if (finishing && checkpoints.Phase == CheckpointPhase.AwaitsCommit)
            checkpoints.Drop();
    }

    private async Task StoreAsync(Checkpoint checkpoint)
    {
        try
        {
            var isWritten = await context.Store.CallAsync((store, cancel) => store.WriteAsync(checkpoint, cancel), life.Token);
            mailbox.Writer.TryWrite(new Message(MessageKind.CheckpointStored, isWritten ? StoreOutcome.Written : StoreOutcome.Fenced, default));
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

    private void CheckpointStored(StoreOutcome outcome)
    {
        if (outcome == StoreOutcome.Fenced)
        {
            Fenced();
            return;
        }

        checkpoints.Stored();
        context.Metrics.Checkpoints.Add(1);
        progress.Checkpointed(checkpoints.DurableOffset, context.Time.GetTimestamp());
    }

    // Room for the next batch's entities. Where only a checkpoint can make it, the shard waits for one: full means wait.
    private bool HasRoom()
    {
        if (!checkpoints.IsDurable)
            return Wait();
        var engine = entities.Engine;
        if (checkpoints.IsOverdue(engine))
            return Wait();
        var needed = engine.Kinds * Math.Min(MaxBatchRecords, waiting.Count);
        if (engine.EntitiesInMemory + needed <= context.State.MaxEntitiesInMemory)
            return true;
        // Somewhat more than is needed, so that not every batch has to look for some.
        EvictTo(Math.Max(0, context.State.MaxEntitiesInMemory - needed - (context.State.MaxEntitiesInMemory / 32)));
        // What is left over the bound and unchanged waits for the watermark (open sessions), and has to stay; so has what
        // was repaired and waits for a checkpoint that only a further record makes possible.
        return engine.EntitiesInMemory + needed <= context.State.MaxEntitiesInMemory
            || ((engine.ChangedEntities == 0 || nextOffset == checkpoints.DurableOffset) && checkpoints.Phase == CheckpointPhase.None)
            || Wait();
    }

    private bool Wait()
    {
        context.Metrics.StateWaits.Add(1);
        checkpoints.Force();
        return false;
    }
}
