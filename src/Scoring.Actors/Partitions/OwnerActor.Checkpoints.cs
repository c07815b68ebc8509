using Akka.Actor;
using Scoring.Actors.Cardholders;
using Scoring.Actors.Checkpoints;
using Scoring.Actors.Snapshots;

namespace Scoring.Actors.Partitions;

/// <summary>
/// Checkpoints. At a batch boundary C each cardholder that changed is due to write its state down before it gets a record from C on:
/// barriers go out in slices between batches, and first to whoever is about to get a record. Once a commit K ≥ C is acknowledged
/// the states are saved, then the open sessions' dues, and when all are durable the manifest: only that makes it a checkpoint.
/// </summary>
public sealed partial class OwnerActor
{
    // A slice costs about as much as a batch.
    private const int SliceCardholders = 128;

    private List<CardholderSlot> changed = [];
    private PendingCheckpoint? checkpoint;
    private long durable;
    private bool isDurable;
    private EarlierCheckpoint[] earlier = [];
    private readonly Queue<(long Offset, List<CardholderSlot> Saved)> superseded = new();
    private long logBytes;
    private long frozenAt;
    private bool isForced;

    // So much came since the checkpoint under way was frozen that a replay would outgrow what the log keeps.
    private bool IsOverdue =>
        checkpoint is not null && (changed.Count >= 2L * context.State.MaxDirtyEntities || logBytes >= 2L * context.State.CheckpointBytes);

    private bool IsCheckpointDue =>
        checkpoint is null
        && running is not null
        && failed is null
        && state != OwnerState.Draining
        && (handedTo > durable || !isDurable)
        && (isForced
            || logBytes >= context.State.CheckpointBytes
            || changed.Count >= context.State.MaxDirtyEntities
            || context.Time.GetElapsedTime(frozenAt) >= context.State.CheckpointInterval);

    private void FreezeIfDue()
    {
        if (!IsCheckpointDue)
            return;
        checkpoint = new PendingCheckpoint(handedTo, MarkBytes(), OriginBytes(), marks.Time.ExpiryMicros, changed);
        foreach (var slot in changed)
        {
            slot.IsChanged = false;
            slot.AwaitsBarrier = slot.IsFrozen = true;
        }

        changed = [];
        openSessions.Freeze();
        logBytes = 0;
        isForced = false;
        frozenAt = context.Time.GetTimestamp();
        Self.Tell(CheckpointSlice.Instance, ActorRefs.NoSender);
    }

    private void WriteSlice()
    {
        if (checkpoint is not { } its)
            return;
        for (var sent = 0; sent < SliceCardholders && its.Told < its.Changed.Count; its.Told++)
        {
            if (!its.Changed[its.Told].AwaitsBarrier)
                continue;
            SendBarrier(its.Changed[its.Told]);
            sent++;
        }

        if (openSessions.WriteNext() || its.Told < its.Changed.Count)
            Self.Tell(CheckpointSlice.Instance, ActorRefs.NoSender);
        else
            SaveIfCommitted();
    }

    private void SendBarrier(CardholderSlot slot)
    {
        slot.AwaitsBarrier = false;
        checkpoint!.Awaited++;
        slot.Outstanding++;
        IReadOnlyList<long> setAside = notes.Records.Count == 0 ? [] : [.. notes.SetAsideOf(slot.Key).Where(o => o < checkpoint.Offset)];
        slot.Actor!.Tell(new CheckpointBarrier(slot, checkpoint.Offset, checkpoint.ExpiryMicros, setAside), ActorRefs.NoSender);
    }

    private void Written(CheckpointBarrier barrier)
    {
        var slot = (CardholderSlot)barrier.Subject;
        slot.Outstanding--;
        checkpoint!.Awaited--;
        // One that failed has nothing to save, and its failure is on its way.
        if (barrier.Row.Length == 0)
            checkpoint.IsSpoiled = true;
        checkpoint.Frozen.Add((slot, barrier.Row));
        SaveIfCommitted();
    }

    // C ≤ K, always.
    private void SaveIfCommitted()
    {
        if (checkpoint is not { IsSaving: false, IsSpoiled: false } its || its.Told < its.Changed.Count || its.Awaited > 0 || committed < its.Offset || openSessions.HasFrozen)
            return;
        its.IsSaving = true;
        var left = its.Frozen.Count + openSessions.Written.Count;
        if (left == 0)
        {
            AskForManifest();
            return;
        }

        foreach (var (slot, row) in its.Frozen)
            saves.Add(ids.Cardholder(slot.Key), its.Offset, new StoredState(StoredKind.Cardholder, row), () => Saved(slot));
        foreach (var (slice, row) in openSessions.Written)
            saves.Add(ids.Dues(slice), its.Offset, new StoredState(StoredKind.Dues, row), () => Saved(null));
        its.Unsaved = left;
        its.Frozen.Clear();

        void Saved(CardholderSlot? slot)
        {
            if (slot is not null)
                slot.StoredNumber = its.Offset;
            if (--its.Unsaved == 0)
                AskForManifest();
        }
    }

    // A former owner's manifest would take the place of a later one's: it looks at its fence first.
    private void AskForManifest()
    {
        AskFence();
        checkpoint!.ManifestFence = fencesAsked;
    }

    private void FenceHoldsForManifest(long asked)
    {
        if (checkpoint is not { } its || asked < its.ManifestFence)
            return;
        its.ManifestFence = long.MaxValue;
        saves.Add(ids.Manifest, its.Offset, new StoredState(StoredKind.Manifest, Manifest(its.Offset, its.Marks, its.Origins, its.ExpiryMicros).Write()), () => Completed(its));
    }

    private void Completed(PendingCheckpoint its)
    {
        checkpoint = null;
        foreach (var slot in its.Changed)
            slot.IsFrozen = false;
        (durable, isDurable) = (its.Offset, true);
        cardholders.NewestRow = Math.Max(cardholders.NewestRow, durable);
        earlier = [new EarlierCheckpoint(its.Offset, its.ExpiryMicros), .. earlier.Take(PartitionManifest.MaxEarlier)];
        context.Metrics.Checkpoints.Add(1);
        progress.Checkpointed(durable, context.Time.GetTimestamp());
        _ = notes.Prune(committed, earlier[^1].Offset);
        DeleteSuperseded(its);
        Expire();
        if (state == OwnerState.Draining)
            FinishDrain();
        else
            HandOverArrived();
    }

    // Of each cardholder the newest row up to the checkpoint before the last stays, and all later ones: a former owner, or the next
    // one, may still begin there.
    private void DeleteSuperseded(PendingCheckpoint its)
    {
        superseded.Enqueue((its.Offset, its.Changed));
        if (superseded.Count <= PartitionManifest.MaxEarlier)
            return;
        var (offset, saved) = superseded.Dequeue();
        var rows = new List<OlderSnapshots>(saved.Count + DueSlice.Count + 2);
        foreach (var slot in saved)
            rows.Add(new OlderSnapshots(ids.Cardholder(slot.Key), offset, offset));
        for (var slice = 0; slice < DueSlice.Count && context.Features.SessionGapMicros is not null; slice++)
            rows.Add(new OlderSnapshots(ids.Dues(slice), offset, offset));
        rows.Add(new OlderSnapshots(ids.Manifest, offset, offset));
        rows.Add(new OlderSnapshots(ids.Notes, notes.Number - 1, notes.Number - 1));
        // Not awaited: what is left is deleted with the next.
        foreach (var part in rows.Chunk(MaxDeletes))
            context.Store.Tell(new DeleteOlderSnapshots(part), ActorRefs.NoSender);
    }

    private const int MaxDeletes = 1_000;

    /// <summary>A checkpoint on its way.</summary>
    private sealed class PendingCheckpoint(long offset, byte[] marks, byte[] origins, long expiryMicros, List<CardholderSlot> changed)
    {
        internal long Offset => offset;

        internal byte[] Marks => marks;

        internal byte[] Origins => origins;

        internal long ExpiryMicros => expiryMicros;

        /// <summary>The cardholders that changed.</summary>
        internal List<CardholderSlot> Changed => changed;

        /// <summary>How many of them were looked at for their barrier.</summary>
        internal int Told { get; set; }

        /// <summary>Barriers that are not answered.</summary>
        internal int Awaited { get; set; }

        internal List<(CardholderSlot Slot, byte[] Row)> Frozen { get; } = [];

        internal int Unsaved { get; set; }

        internal bool IsSaving { get; set; }

        /// <summary>The question about the fence that the manifest waits for.</summary>
        internal long ManifestFence { get; set; } = long.MaxValue;

        internal bool IsSpoiled { get; set; }
    }

    private sealed record CheckpointSlice : INoSerializationVerificationNeeded
    {
        internal static readonly CheckpointSlice Instance = new();
    }
}
