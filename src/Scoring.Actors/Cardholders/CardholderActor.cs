using System.Runtime.Serialization;
using Akka.Actor;
using Akka.Persistence;
using Scoring.Actors.Entities;
using Scoring.Actors.Log;
using Scoring.Actors.Checkpoints;
using Scoring.Models.Features;

namespace Scoring.Actors.Cardholders;

/// <summary>
/// A user and its cards, alone: the shell around a <see cref="Cardholder"/>, which is a value. All that reaches it comes from its owner, in one
/// order, and is answered in that order.
/// <list type="number">
/// <item>Told who it is, it asks the store for its row, if there may be one; what comes meanwhile waits.</item>
/// <item>A record is applied, and its features written into the batch.</item>
/// <item>A barrier makes it write its state down, for a checkpoint.</item>
/// </list>
/// It is never restarted, which would go on without its state: once something has thrown, nothing more of it counts.
/// </summary>
public sealed class CardholderActor : UntypedActor
{
    private readonly CardholderContext context;
    private BeginCardholder? its;
    private Cardholder? state;
    private Exception? failure;

    // Before this offset the state holds everything: what the row was written as. No record from before it comes.
    private long writtenAs;

    // A row was not to be trusted, and the one before may be gone.
    private bool isPassedOver;

    // A list of its own: a stash would need a deque for each mailbox.
    private List<(object Message, IActorRef Sender)>? waiting;

    /// <summary>Makes one that does not know yet who it is.</summary>
    /// <param name="context">What it shares with the others of its owner.</param>
    public CardholderActor(CardholderContext context) => this.context = context;

    /// <inheritdoc/>
    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case BeginCardholder begin:
                Begin(begin);
                break;
            case LoadSnapshotResult result:
                Loaded(result.Snapshot);
                break;
            case LoadSnapshotFailed { Cause: SerializationException unknown }:
                context.Owner.Tell(new StateUnreadable("state_unreadable", $"a cardholder's row: {unknown.Message}"), Self);
                break;
            case LoadSnapshotFailed failed:
                context.Owner.Tell(new LoadFailed(failed.Cause.Message), Self);
                break;
            case LoadFailed:
                Load(context.NewestRow);
                break;
            case NothingStored:
                BeginEmpty();
                break;
            default:
                if (waiting is null)
                    Handle(message, Sender);
                else
                    waiting.Add((message, Sender));
                break;
        }
    }

    private void Begin(BeginCardholder begin)
    {
        its = begin;
        if (begin.IsStored)
        {
            waiting = [];
            Load(context.NewestRow);
        }
        else
        {
            state = begin.SickFrom is null ? new Cardholder(context.Features, begin.Key) : Cardholder.Incomplete(context.Features, begin.Key, begin.WatermarkMicros);
        }
    }

    // 1. Ask the store.
    private void Load(long newest) =>
        context.Store.Tell(new LoadSnapshot(context.Ids.Cardholder(its!.Key), new SnapshotSelectionCriteria(newest), newest), Self);

    private void Loaded(SelectedSnapshot? snapshot)
    {
        if (snapshot is null || snapshot.Metadata.SequenceNr <= its!.SickFrom)
            context.Owner.Tell(NothingStored.Instance, Self);
        else if (TryRead(snapshot))
            HandleWaiting();
    }

    private void BeginEmpty()
    {
        state = its!.SickFrom is null && !isPassedOver ? new Cardholder(context.Features, its.Key) : Cardholder.Incomplete(context.Features, its.Key, its.WatermarkMicros);
        HandleWaiting();
    }

    private void HandleWaiting()
    {
        var waited = waiting!;
        waiting = null;
        foreach (var (message, sender) in waited)
            Handle(message, sender);
    }

    /// <returns>False if another row has to be read, or the partition can't go on.</returns>
    private bool TryRead(SelectedSnapshot snapshot)
    {
        var number = snapshot.Metadata.SequenceNr;
        try
        {
            var bytes = snapshot.Snapshot is StoredState { Kind: StoredKind.Cardholder } stored
                ? stored.Bytes
                : throw new StateDamagedException($"the row holds {snapshot.Snapshot?.GetType().Name ?? "nothing"}");
            var row = StoredCardholder.Read(bytes, out var setAside);
            // It was applied by an owner that did not know better.
            if (its!.SetAside.FirstOrDefault(o => o < number && !setAside.Contains(o), -1) is >= 0)
            {
                isPassedOver = true;
                Load(number - 1);
                return false;
            }

            state = Cardholder.Read(context.Features, context.Marks, its.Key, row);
            writtenAs = number;
            return true;
        }
        catch (StateDamagedException e)
        {
            return Lose(number, e);
        }
        catch (Exception e) when (e is StateNewerException or StateLayoutException)
        {
            context.Owner.Tell(new StateUnreadable(e is StateNewerException ? "state_newer" : "state_unreadable", e.Message), Self);
            return false;
        }
#pragma warning disable CA1031 // Whatever it throws: the row is not what it should be.
        catch (Exception e)
#pragma warning restore CA1031
        {
            return Lose(number, e);
        }
    }

    private bool Lose(long number, Exception cause)
    {
        state = Cardholder.Incomplete(context.Features, its!.Key, its.WatermarkMicros);
        context.Owner.Tell(new StateLost(number, cause.Message), Self);
        return true;
    }

    private void Handle(object message, IActorRef sender)
    {
        switch (message)
        {
            case CardholderRow row when row.Marks.Offset < writtenAs:
                // Not the record's fault, so it is not answered: the owner ends.
                context.Owner.Tell(new CardholderFailed(its!.Key, new InvalidOperationException($"the row was written as of offset {writtenAs}, and the record at {row.Marks.Offset} comes behind it")), Self);
                break;
            case CardholderRow row:
                Apply(row);
                row.Answered();
                break;
            case CloseSessions close:
                Close(close);
                close.Batch.Answered();
                break;
            case CheckpointBarrier barrier:
                Write(barrier);
                break;
            case ReadCardholder read:
                Read(read, sender);
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    // 2. Apply a record.
    private void Apply(CardholderRow row)
    {
        row.Failure = failure;
        if (failure is not null)
            return;
        try
        {
            ApplyTo(StateFor(row.Marks.Offset), row, context.Desk);
            Describe(row, context.Desk);
        }
#pragma warning disable CA1031 // Whatever an entity throws: the owner ends, and the record is tried again alone.
        catch (Exception e)
#pragma warning restore CA1031
        {
            row.Failure = e;
            failure = new InvalidOperationException($"the cardholder failed at offset {row.Marks.Offset}", e);
        }
    }

    // Before a sick cardholder begins anew, each of its records is taken for its first, so that it does not matter where a replay begins.
    private Cardholder StateFor(long offset) =>
        offset < its!.SickFrom ? Cardholder.Incomplete(context.Features, its.Key, its.WatermarkMicros) : state!;

    private void ApplyTo(Cardholder cardholder, CardholderRow row, CardholderDesk desk)
    {
        ref readonly var decoded = ref row.Decoded;
        if (decoded.Record.Kind == RecordKind.Label)
        {
            row.Outcome = cardholder.ApplyLabel(decoded.Label, row.Marks, desk.Scratch) ? EntityOutcome.LabelApplied : EntityOutcome.LabelUnmatched;
        }
        else
        {
            var result = cardholder.Apply(decoded.Transaction, row.Marks, desk.Scratch, row.Features(desk));
            row.Outcome = result.Conflict ? EntityOutcome.Conflicting : result.Duplicate ? EntityOutcome.Repeated : EntityOutcome.Scored;
            row.IsLate = result.Late;
            row.Degraded = result.Degraded;
            row.Sessions = desk.Scratch.SessionsClosed.Count > 0 ? [.. desk.Scratch.SessionsClosed] : [];
        }

        context.Probe?.Invoke(RecordStep.Apply, decoded.Record);
    }

    private void Describe(CardholderRow row, CardholderDesk desk)
    {
        row.Bytes = state!.Bytes;
        row.Events = state.Events;
        row.NewestMicros = state.NewestMicros;
        row.NextDueMicros = state.SessionDueMicros;
        if (row.NextDueMicros == long.MaxValue)
            return;
        desk.Dues.Clear();
        state.CopyDues(desk.Dues);
        // Mostly there is one.
        if (desk.Dues.Count > 1)
            row.Dues = [.. desk.Dues];
    }

    private void Close(CloseSessions close)
    {
        close.Failure = failure;
        if (failure is not null)
            return;
        try
        {
            var scratch = context.Desk.Scratch;
            close.DueMicros = state!.SessionDueMicros;
            if (state.CloseThrough(close.WatermarkMicros, close.Offset, scratch))
                close.Sessions = [.. scratch.SessionsClosed];
            (close.Bytes, close.Events, close.NewestMicros) = (state.Bytes, state.Events, state.NewestMicros);
        }
#pragma warning disable CA1031 // As above; the record is the one that moved the watermark.
        catch (Exception e)
#pragma warning restore CA1031
        {
            close.Failure = failure = e;
        }
    }

    // 3. Write the state down.
    private void Write(CheckpointBarrier barrier)
    {
        // Of one that failed nothing is ever stored: its owner ends, and the checkpoint with it.
        barrier.Row = failure is null ? Written(barrier) : [];
        context.Owner.Tell(barrier, Self);
    }

    private byte[] Written(CheckpointBarrier barrier)
    {
        try
        {
            state!.Expire(barrier.ExpiryMicros);
            return StoredCardholder.Write(state, barrier.SetAside, context.Desk.Scratch, context.Desk.Buffer);
        }
#pragma warning disable CA1031 // Told to the owner, which ends; the cardholder begins anew.
        catch (Exception e)
#pragma warning restore CA1031
        {
            failure = e;
            context.Owner.Tell(new CardholderFailed(its!.Key, e), Self);
            return [];
        }
    }

    private void Read(ReadCardholder read, IActorRef sender)
    {
        var features = new double[context.Features.Set.FeatureNames.Count];
        var (isKnown, asOf) = (false, 0L);
        try
        {
            isKnown = failure is null && state!.TryRead(read.CardId, read.ExpiryMicros, context.Desk.Scratch, features, out asOf);
        }
#pragma warning disable CA1031 // A question must not end what scores; a record that meets the same will tell.
        catch (Exception)
#pragma warning restore CA1031
        {
            isKnown = false;
        }

        sender.Tell(new CardholderRead(read.Asked, its!.Key, asOf, isKnown ? features : null), Self);
    }
}
