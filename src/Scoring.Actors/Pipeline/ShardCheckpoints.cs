using System.Buffers;
using Scoring.Actors.Entities;
using Scoring.Actors.State;
using Scoring.Models.Features;

namespace Scoring.Actors.Pipeline;

/// <summary>
/// When a shard's checkpoints are taken and how far the current one is. At a batch boundary the changed entities are
/// frozen, with the offset that the state is exactly before; they are written out a slice at a time between batches,
/// and the checkpoint goes to the store once the group has committed that offset. So C never passes K, and no batch
/// waits for a checkpoint. Owned by its shard's loop.
/// </summary>
internal sealed class ShardCheckpoints(StateOptions options, TimeProvider time)
{
    // A slice costs about as much as a small batch.
    private const int SliceEntities = 64;

    private readonly ArrayBufferWriter<byte> markBytes = new();
    private CheckpointRows rows = new();
    private EntityStage? stage;
    private byte[] marks = [];
    private EntityPurge[] purges = [];
    private long offset;
    private long committed = -1;
    private long logBytes;
    private long frozenAt = time.GetTimestamp();
    private bool forced;

    /// <summary>What the current checkpoint waits for.</summary>
    internal CheckpointPhase Phase { get; private set; }

    /// <summary>The offset of the last durable checkpoint.</summary>
    internal long DurableOffset { get; private set; }

    /// <summary>The marks of the last durable checkpoint.</summary>
    internal byte[] DurableMarks { get; private set; } = [];

    /// <summary>The offset that the group has acknowledged; -1 before the first.</summary>
    internal long CommittedOffset => committed;

    /// <summary>Whether the store has a checkpoint at <see cref="DurableOffset"/>; if not, the state there is empty.</summary>
    internal bool IsDurable { get; private set; }

    /// <summary>Takes over where a shard begins: with a checkpoint, or with nothing at an offset.</summary>
    internal void Begin(long durableOffset, byte[] durableMarks, bool isDurable)
    {
        Drop();
        DurableOffset = durableOffset;
        DurableMarks = durableMarks;
        IsDurable = isDurable;
        forced = !isDurable;
        logBytes = 0;
        frozenAt = time.GetTimestamp();
    }

    /// <summary>Notes that the group has acknowledged a commit.</summary>
    internal void Committed(long acknowledged) => committed = Math.Max(committed, acknowledged);

    /// <summary>Notes how much of the log was applied.</summary>
    internal void Applied(long logRecordBytes) => logBytes += logRecordBytes;

    /// <summary>Asks for a checkpoint as soon as there can be one.</summary>
    internal void Force() => forced = true;

    /// <summary>Whether a checkpoint should be begun now, at a batch boundary.</summary>
    /// <param name="entityStage">The shard's entities.</param>
    /// <param name="nextOffset">The offset that their state is exactly before.</param>
    internal bool IsDue(EntityStage entityStage, long nextOffset) =>
        Phase == CheckpointPhase.None
        && (nextOffset > DurableOffset || !IsDurable)
        && (forced
            || logBytes >= options.CheckpointBytes
            || entityStage.Engine.ChangedEntities >= options.MaxDirtyEntities
            || time.GetElapsedTime(frozenAt) >= options.CheckpointInterval);

    /// <summary>
    /// Whether so much came since the current checkpoint was frozen that the shard has to wait for it: a store that is slow or
    /// away must not let what a recovery reads again outgrow what the log keeps.
    /// </summary>
    /// <param name="engine">The shard's entities.</param>
    internal bool IsOverdue(FeatureEngine engine) =>
        Phase != CheckpointPhase.None
        && (engine.ChangedEntities >= 2L * options.MaxDirtyEntities || logBytes >= 2L * options.CheckpointBytes);

    /// <summary>Freezes what changed.</summary>
    internal void Freeze(EntityStage entityStage, long nextOffset)
    {
        stage = entityStage;
        offset = nextOffset;
        markBytes.ResetWrittenCount();
        entityStage.SaveMarks(markBytes);
        marks = markBytes.WrittenSpan.ToArray();
        // As of the offset too: what a later record makes forgettable, a replay from here still needs.
        purges = [.. entityStage.Engine.Expiries().Select(e => new EntityPurge(e.Kind, e.BeforeMicros))];
        rows = new CheckpointRows();
        entityStage.Engine.Freeze();
        logBytes = 0;
        forced = false;
        frozenAt = time.GetTimestamp();
        Phase = CheckpointPhase.Writing;
    }

    /// <summary>Writes out more of what is frozen.</summary>
    internal void WriteSlice()
    {
        if (stage!.Engine.WriteFrozen(SliceEntities, rows.Add))
            Phase = CheckpointPhase.AwaitsCommit;
    }

    /// <summary>Whether the checkpoint is whole and may go to the store.</summary>
    internal bool IsReady => Phase == CheckpointPhase.AwaitsCommit && committed >= offset;

    /// <summary>Hands out the checkpoint; it is valid until <see cref="Stored"/> or <see cref="Drop"/>.</summary>
    internal Checkpoint Take(int partition, long epoch)
    {
        Phase = CheckpointPhase.Storing;
        return new Checkpoint
        {
            Partition = partition,
            Epoch = epoch,
            Offset = offset,
            Marks = marks,
            Entities = rows,
            Purges = purges,
        };
    }

    /// <summary>Notes that the store has the checkpoint.</summary>
    internal void Stored()
    {
        stage!.Engine.FrozenIsDurable();
        DurableOffset = offset;
        DurableMarks = marks;
        IsDurable = true;
        rows.Return();
        End();
    }

    /// <summary>Gives the current checkpoint up: what it holds counts as changed again. Its rows are left to the store, which may be at them.</summary>
    internal void Drop()
    {
        stage?.Engine.FrozenIsLost();
        End();
    }

    private void End()
    {
        stage = null;
        Phase = CheckpointPhase.None;
    }
}

/// <summary>What a checkpoint waits for.</summary>
internal enum CheckpointPhase
{
    /// <summary>There is none.</summary>
    None,

    /// <summary>The rest of its entities to be written out.</summary>
    Writing,

    /// <summary>The group's commit of its offset.</summary>
    AwaitsCommit,

    /// <summary>The store.</summary>
    Storing,
}
