using Akka.Actor;
using Scoring.Actors.Cardholders;
using Scoring.Actors.Entities;
using Scoring.Actors.Log;
using Scoring.Actors.Messages;
using Scoring.Actors.Model;
using Scoring.Kafka.Clients;
using Scoring.Kafka.Consumers;
using Scoring.Models.Wire;

namespace Scoring.Actors.Partitions;

/// <summary>What one output of a batch is of.</summary>
/// <param name="Offset">The record that caused it.</param>
/// <param name="IsDeadLetter">Whether it is that record's dead letter.</param>
internal readonly record struct OutputOrigin(long Offset, bool IsDeadLetter);

/// <summary>
/// The records that waited when the graph asked, from the source to the commit: the element of the graph, the request to the model and the
/// place of the cardholders' answers. At each moment one of the graph, the owner, the cardholders and the model has it; it is used
/// again once it is committed.
/// </summary>
internal sealed class TransactionBatch : ScoreRequest, ICardholderBatch, INoSerializationVerificationNeeded
{
    private readonly IActorRef owner;
    private CardholderRow[] rows = [];
    private TaskCompletionSource<TransactionBatch> enriched = new();
    private TaskCompletionSource<TransactionBatch> scored = new();
    private int outstanding;

    internal TransactionBatch(IActorRef owner, int featureCount)
        : base(featureCount) => this.owner = owner;

    /// <summary>Where it came from.</summary>
    internal PartitionBatch Source { get; private set; } = null!;

    /// <summary>The offset of its first record; where it has none, that behind it.</summary>
    internal long From => Records == 0 ? Next : rows[0].Decoded.Record.Offset;

    /// <summary>The offset behind it.</summary>
    internal long Next => Source.Next;

    /// <summary>How many records it has.</summary>
    internal int Records { get; private set; }

    /// <summary>Its records.</summary>
    internal ReadOnlySpan<CardholderRow> InOrder => rows.AsSpan(0, Records);

    /// <summary>The rows to score, vector by vector.</summary>
    internal List<CardholderRow> Scored { get; } = [];

    /// <summary>The records that are not valid, in the log's order.</summary>
    internal List<(DeadRecord Record, bool IsBare)> Dead { get; } = [];

    /// <summary>The records that the moment refuses and no note names yet.</summary>
    internal List<(int Row, Rejection Rejection)> Refused { get; } = [];

    /// <summary>The cardholders that were told to close sessions.</summary>
    internal List<(CardholderSlot Slot, CloseSessions Close)> Closes { get; } = [];

    /// <summary>The cardholder of each record; null where it has none.</summary>
    internal List<CardholderSlot?> Slots { get; } = [];

    /// <summary>What it emits, in order.</summary>
    internal List<ProducerRecord> Outputs { get; } = [];

    /// <summary>What each of <see cref="Outputs"/> is of.</summary>
    internal List<OutputOrigin> Origins { get; } = [];

    /// <summary>Those who wait for a score, with the score; null where there was one before.</summary>
    internal List<(ReplyTo Waiter, byte[]? Score)> Replies { get; } = [];

    /// <summary>Those who wait and are refused.</summary>
    internal List<(ReplyTo Waiter, Rejection Rejection)> Refusals { get; } = [];

    /// <summary>Whether nothing of it goes on: it, or one before it, failed.</summary>
    internal bool IsHeldBack { get; set; }

    /// <summary>Completes when its cardholders have answered.</summary>
    internal Task<TransactionBatch> Enriched => enriched.Task;

    /// <summary>Completes when the model has scored it. If that fails it never does: the owner hears of it instead.</summary>
    internal Task<TransactionBatch> ScoredTask => scored.Task;

    /// <inheritdoc/>
    public Span<double> Vector(int vector) => Row(vector);

    /// <inheritdoc/>
    public void Answered()
    {
        if (Interlocked.Decrement(ref outstanding) == 0)
            owner.Tell(this, ActorRefs.NoSender);
    }

    /// <inheritdoc/>
    public override void Completed()
    {
        if (Failure is null)
            scored.TrySetResult(this);
        else
            owner.Tell(new BatchFailed(this, -1, Failure), ActorRefs.NoSender);
    }

    /// <summary>Begins with what the source hands out.</summary>
    /// <returns>Its rows, to be filled.</returns>
    internal ReadOnlySpan<CardholderRow> Begin(PartitionBatch source)
    {
        Source = source;
        Records = source.Records.Count;
        if (rows.Length < Records)
        {
            var before = rows.Length;
            Array.Resize(ref rows, Records);
            for (var i = before; i < rows.Length; i++)
                rows[i] = new CardholderRow(this);
        }

        return InOrder;
    }

    /// <summary>Makes room for vectors, before any cardholder fills one.</summary>
    internal void ReserveVectors(int vectors) => Reserve(vectors);

    /// <summary>One more answer is awaited. The first, before anything is sent, stands for the sender.</summary>
    internal void Expect() => Interlocked.Increment(ref outstanding);

    /// <summary>Closes the gaps that repeats have left among the vectors.</summary>
    internal void Gather()
    {
        Scored.Clear();
        foreach (var row in InOrder)
        {
            if (row.Vector < 0 || row.Outcome != EntityOutcome.Scored)
                continue;
            if (row.Vector != Scored.Count)
                Row(row.Vector).CopyTo(Row(Scored.Count));
            row.Vector = Scored.Count;
            Scored.Add(row);
        }

        Keep(Scored.Count);
    }

    /// <summary>Lets the graph go on with it.</summary>
    internal void CompleteEnriched() => enriched.TrySetResult(this);

    /// <summary>Makes it empty again.</summary>
    internal void Reset()
    {
        Clear();
        foreach (var row in InOrder)
            row.Clear();
        Records = 0;
        IsHeldBack = false;
        Source = null!;
        Scored.Clear();
        Dead.Clear();
        Refused.Clear();
        Closes.Clear();
        Slots.Clear();
        Outputs.Clear();
        Origins.Clear();
        Replies.Clear();
        Refusals.Clear();
        enriched = new TaskCompletionSource<TransactionBatch>();
        scored = new TaskCompletionSource<TransactionBatch>();
    }
}

/// <summary>Tells the owner that a batch, or a record of it, could not be scored or written; nothing behind it is emitted.</summary>
/// <param name="Batch">The batch.</param>
/// <param name="Offset">The record; -1 where it may be any.</param>
/// <param name="Cause">Why.</param>
internal sealed record BatchFailed(TransactionBatch Batch, long Offset, Exception Cause) : INoSerializationVerificationNeeded;
