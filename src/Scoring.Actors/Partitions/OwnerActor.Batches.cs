using Akka.Actor;
using Scoring.Actors.Cardholders;
using Scoring.Actors.Checkpoints;
using Scoring.Actors.Entities;
using Scoring.Actors.Log;
using Scoring.Actors.Messages;
using Scoring.Actors.Snapshots;
using Scoring.Models.Features;
using Scoring.Models.Wire;

namespace Scoring.Actors.Partitions;

/// <summary>The second step of the graph: batches are handed to cardholders, in order, and come back in order.</summary>
public sealed partial class OwnerActor
{
    // What a record costs in the log beside its key and value, roughly.
    private const int RecordOverheadBytes = 70;

    // Looked at for eviction, at one time.
    private const int MaxEvictionSteps = 512;

    private readonly Queue<TransactionBatch> arrived = new();
    private readonly Queue<TransactionBatch> handed = new();
    private readonly HashSet<TransactionBatch> answeredEarly = [];
    private Props? cardholderProps;
    private bool mayBeStored;
    private bool awaitsNotes;
    private long tried = -1;
    private long handedTo;
    private long eventsDropped;
    private long? lastRecordAt;

    private void HandOverArrived()
    {
        while (failed is null && !awaitsNotes && arrived.TryPeek(out var batch))
        {
            if (IsNoteNeeded(batch))
            {
                awaitsNotes = true;
                SaveNotes(() =>
                {
                    awaitsNotes = false;
                    HandOverArrived();
                });
                return;
            }

            if (!HasRoom())
                return;
            arrived.Dequeue();
            HandOver(batch);
            FreezeIfDue();
            GoLiveIfThere();
        }
    }

    // What the moment refuses is noted before anything follows from it, and so is a record that may end the process.
    private bool IsNoteNeeded(TransactionBatch batch)
    {
        var isNeeded = false;
        foreach (var (row, rejection) in batch.Refused)
        {
            var decoded = batch.InOrder[row].Decoded;
            var offset = decoded.Record.Offset;
            if (!IsLive(offset) || notes.IsSetAside(offset, out _))
                continue;
            notes.SetAside(offset, decoded.Rejection is null && decoded.Record.Kind == RecordKind.Transaction ? decoded.Transaction.UserId.ToArray() : [], rejection);
            isNeeded = true;
        }

        batch.Refused.Clear();
        if (!notes.IsCareful || batch.Records == 0 || tried == batch.From || batch.From >= liveAt + CarefulRecords)
            return isNeeded;
        tried = batch.From;
        notes.Try(tried);
        return true;
    }

    private void HandOver(TransactionBatch batch)
    {
        // Until the last record is on its way the batch can't be complete.
        batch.Expect();
        batch.ReserveVectors(CountVectors(batch));
        handed.Enqueue(batch);
        var vectors = 0;
        for (var i = 0; i < batch.Records; i++)
        {
            var row = batch.InOrder[i];
            row.IsLive = IsLive(row.Decoded.Record.Offset);
            logBytes += RecordOverheadBytes + (row.Decoded.Record.Key?.Length ?? 0) + (row.Decoded.Record.Value?.Length ?? 0);
            batch.Slots.Add(HandOver(batch, row, ref vectors));
            CloseSessions(batch, i, row.Decoded.Record.Offset);
        }

        if (batch.Records > 0)
            lastRecordAt = context.Time.GetTimestamp();
        if (state == OwnerState.Replaying)
            context.Metrics.Replayed.Add(batch.Records);
        handedTo = batch.Next;
        if (marks.Time.WatermarkMicros != long.MinValue)
            progress.MovedTo(marks.Time.WatermarkMicros, lastRecordAt ?? 0, eventsDropped);
        batch.Answered();
    }

    private int CountVectors(TransactionBatch batch)
    {
        var count = 0;
        foreach (var row in batch.InOrder)
            count += IsLive(row.Decoded.Record.Offset) && row.Decoded.Rejection is null && row.Decoded.Record.Kind == RecordKind.Transaction ? 1 : 0;
        return count;
    }

    /// <returns>Whom the record was handed to; null if to nobody.</returns>
    private CardholderSlot? HandOver(TransactionBatch batch, CardholderRow row, ref int vectors)
    {
        var record = row.Decoded.Record;
        if (notes.IsSetAside(record.Offset, out var noted))
        {
            if (record.Origin is { } itsOrigin && !origins.IsRepeat(itsOrigin) && origins.HasRoomFor(itsOrigin))
                origins.Note(itsOrigin);
            AddDead(batch, row, noted.SetAside!, noted.IsBare);
            return null;
        }

        if (record.Origin is { } origin)
        {
            if (origins.IsRepeat(origin))
            {
                row.Outcome = EntityOutcome.RelayedBefore;
                return null;
            }

            if (!origins.HasRoomFor(origin))
            {
                AddDead(batch, row, OriginMarks.TooMany(origin), false);
                return null;
            }

            origins.Note(origin);
        }

        if (row.Decoded.Rejection is { } rejection)
        {
            AddDead(batch, row, rejection, false);
            return null;
        }

        switch (record.Kind)
        {
            case RecordKind.Transaction:
                var time = row.Decoded.Transaction.EventTimeMicros;
                marks.Begin(time);
                var slot = directory.Of(row.Decoded.Transaction.UserId);
                row.Vector = row.IsLive ? vectors++ : -1;
                Send(batch, slot, row);
                openSessions.Handed(slot, time, record.Offset);
                marks.Advance(time);
                return slot;
            case RecordKind.Label:
                var labelled = directory.Of(row.Decoded.Label.UserId);
                Send(batch, labelled, row);
                return labelled;
            case RecordKind.Tick:
                marks.Tick(row.Decoded.EventTimeMicros.GetValueOrDefault());
                row.Outcome = EntityOutcome.Ticked;
                return null;
            default:
                row.Outcome = EntityOutcome.Ignored;
                return null;
        }
    }

    private static void AddDead(TransactionBatch batch, CardholderRow row, Rejection rejection, bool isBare)
    {
        row.Outcome = EntityOutcome.Rejected;
        if (row.IsLive)
            batch.Dead.Add((new DeadRecord(row.Decoded.Record, rejection), isBare));
    }

    private void Send(TransactionBatch batch, CardholderSlot slot, CardholderRow row)
    {
        row.Marks = new RecordMarks(row.Decoded.Record.Offset, marks.Time.ExpiryMicros, marks.History);
        var actor = ActorOf(slot);
        Change(slot);
        batch.Expect();
        slot.Outstanding++;
        actor.Tell(row, ActorRefs.NoSender);
    }

    // Whoever has a session that the record has ended is told between the record's neighbours.
    private void CloseSessions(TransactionBatch batch, int row, long offset)
    {
        var watermark = marks.Time.WatermarkMicros;
        while (openSessions.TryTake(watermark, out var slot))
        {
            var actor = ActorOf(slot);
            Change(slot);
            var close = new CloseSessions(batch, row, offset, watermark, slot.Hash);
            batch.Closes.Add((slot, close));
            batch.Expect();
            slot.Outstanding++;
            actor.Tell(close, ActorRefs.NoSender);
        }
    }

    // Before it gets a record, what the checkpoint under way wants of it is as of before that record.
    private void Change(CardholderSlot slot)
    {
        slot.IsVisitor = false;
        if (slot.AwaitsBarrier)
            SendBarrier(slot);
        if (slot.IsChanged)
            return;
        slot.IsChanged = true;
        changed.Add(slot);
    }

    private IActorRef ActorOf(CardholderSlot slot)
    {
        if (slot.Actor is { } actor)
        {
            directory.Used(slot);
            return actor;
        }

        cardholderProps ??= Akka.Actor.Props.CreateBy(new CardholderProducer(cardholders));
        actor = Context.ActorOf(cardholderProps);
        slot.Actor = actor;
        slot.IsChanged = false;
        directory.Added(slot);
        actor.Tell(Begin(slot), ActorRefs.NoSender);
        return actor;
    }

    private BeginCardholder Begin(CardholderSlot slot)
    {
        var begin = new BeginCardholder(slot.Key, mayBeStored) { WatermarkMicros = marks.Time.WatermarkMicros };
        if (notes.Records.Count > 0)
            begin = begin with { SetAside = [.. notes.SetAsideOf(slot.Key)] };
        foreach (var sick in notes.Sick)
        {
            if (sick.Key.AsSpan().SequenceEqual(slot.Key))
                begin = begin with { SickFrom = sick.From, WatermarkMicros = sick.WatermarkMicros };
        }

        return begin;
    }

    // The last of its cardholders has answered; batches behind one that waits wait too.
    private void Answered(TransactionBatch batch)
    {
        answeredEarly.Add(batch);
        while (failed is null && handed.TryPeek(out var first) && answeredEarly.Remove(first))
            Complete(handed.Dequeue());

        if (running is not null)
            HandOverArrived();
    }

    private void Complete(TransactionBatch batch)
    {
        var watermark = marks.Time.WatermarkMicros;
        BatchFailed? failure = null;
        for (var i = 0; i < batch.Records; i++)
        {
            var row = batch.InOrder[i];
            if (batch.Slots[i] is { } slot)
            {
                slot.Outstanding--;
                if (row.Failure is { } thrown)
                {
                    failure ??= new BatchFailed(batch, row.Decoded.Record.Offset, thrown);
                    continue;
                }

                directory.Has(slot, row.Bytes, row.Events);
                slot.NewestMicros = row.NewestMicros;
                openSessions.Answered(slot, row.Decoded.Record.Offset, row.NextDueMicros, row.Dues, watermark);
            }

            Count(batch, row);
        }

        foreach (var (slot, close) in batch.Closes)
        {
            slot.Outstanding--;
            directory.Has(slot, close.Bytes, close.Events);
            slot.NewestMicros = Math.Max(slot.NewestMicros, close.NewestMicros);
            if (close.Failure is { } thrown)
                failure ??= new BatchFailed(batch, close.Offset, thrown);
        }

        progress.Holds(directory.InMemory, directory.Bytes);
        progress.HoldsEvents(directory.Events);
        if (failure is not null)
        {
            Failed(failure);
            return;
        }

        batch.Gather();
        batch.CompleteEnriched();
    }

    private void Count(TransactionBatch batch, CardholderRow row)
    {
        if (!row.IsLive)
            return;
        var waiter = row.Decoded.Record.ReplyTo;
        switch (row.Outcome)
        {
            case EntityOutcome.Scored or EntityOutcome.Rejected:
                break;
            case EntityOutcome.Repeated:
                context.Metrics.Repeated.Add(1);
                if (!waiter.IsNobody)
                    batch.Replies.Add((waiter, null));
                break;
            case EntityOutcome.Conflicting:
                context.Metrics.Conflicts.Add(1);
                if (!waiter.IsNobody)
                    batch.Refusals.Add((waiter, Rejection.Conflict));
                break;
            default:
                context.Metrics.Applied(row.Outcome);
                break;
        }
    }

    // 7. The group has the offset behind the batch: now it may be told elsewhere.
    private void Committed(TransactionBatch batch)
    {
        committed = Math.Max(committed, batch.Next);
        foreach (var (waiter, score) in batch.Replies)
            context.Replies.Scored(waiter, score);
        foreach (var (waiter, rejection) in batch.Refusals)
            context.Replies.Rejected(waiter, rejection);
        progress.Finished(committed, batch.Records);
        graph!.Return(batch);
        SaveIfCommitted();
        if (failed is not null && committed >= failed.Batch.Source.From)
            EndFailed();
    }

    // Room for the next batch's cardholders and changes. Where only a checkpoint can make it, the partition waits for one: full means wait.
    private bool HasRoom()
    {
        // What is left to hand over is bounded then.
        if (state == OwnerState.Draining)
            return true;
        if (IsOverdue)
            return WaitForCheckpoint();
        Evict();
        return directory.InMemory < context.State.MaxEntitiesInMemory || (changed.Count == 0 && checkpoint is null) || WaitForCheckpoint();
    }

    private bool WaitForCheckpoint()
    {
        context.Metrics.StateWaits.Add(1);
        isForced = true;
        FreezeIfDue();
        return false;
    }

    private void Evict()
    {
        for (var step = 0; step < MaxEvictionSteps && directory.InMemory >= context.State.MaxEntitiesInMemory && directory.Oldest is { } oldest; step++)
        {
            if (!oldest.IsIdle)
            {
                directory.Used(oldest);
                continue;
            }

            Leave(oldest);
            mayBeStored = true;
            context.Metrics.Evicted.Add(1);
        }
    }

    // Who was idle for so long that no record finds anything of it goes, with its row: as of the checkpoint before the last, since an owner
    // may still begin there.
    private void Expire()
    {
        if (earlier.Length <= PartitionManifest.MaxEarlier)
            return;
        var rows = new List<SnapshotKey>();
        for (var step = 0; step < MaxEvictionSteps && directory.Oldest is { IsIdle: true } oldest; step++)
        {
            if (oldest.HasDues || oldest.NewestMicros == long.MinValue)
            {
                // It waits for the watermark, or holds nothing and makes room for those behind it.
                if (oldest.HasDues)
                    directory.Used(oldest);
                else
                    Leave(oldest);
                continue;
            }

            if (earlier[^1].ExpiryMicros - context.Features.CardholderIdleMicros < oldest.NewestMicros)
                break;
            if (oldest.StoredNumber >= 0)
                rows.Add(new SnapshotKey(ids.Cardholder(oldest.Key), oldest.StoredNumber));
            Leave(oldest);
            expired++;
        }

        if (rows.Count > 0)
            context.Store.Tell(new DeleteSnapshotRows(rows), ActorRefs.NoSender);
    }

    private void Leave(CardholderSlot slot)
    {
        slot.Actor!.Tell(PoisonPill.Instance, ActorRefs.NoSender);
        directory.Left(slot);
    }

    private sealed class CardholderProducer(CardholderContext cardholders) : IIndirectActorProducer
    {
        public Type ActorType => typeof(CardholderActor);

        public ActorBase Produce() => new CardholderActor(cardholders);

        public void Release(ActorBase actor)
        {
            // It holds nothing but memory.
        }
    }
}
