using System.Text;
using Scoring.Actors.Log;
using Scoring.Models.Features;
using Scoring.Models.Wire;

namespace Scoring.Actors.Entities;

/// <summary>What became of a record of the input log.</summary>
public enum EntityOutcome
{
    /// <summary>A transaction whose features were computed.</summary>
    Scored,

    /// <summary>A transaction seen before within the horizon: nothing changed.</summary>
    Repeated,

    /// <summary>Not valid.</summary>
    Rejected,

    /// <summary>A label that marked its transaction.</summary>
    LabelApplied,

    /// <summary>A label whose transaction no entity holds.</summary>
    LabelUnmatched,

    /// <summary>A tick, which moved the watermark.</summary>
    Ticked,

    /// <summary>A record that no feature uses.</summary>
    Ignored,
}

/// <summary>The result of applying a record to its entities.</summary>
/// <param name="Outcome">What became of it.</param>
/// <param name="Late">Whether an entity refused to insert it.</param>
/// <param name="Degraded">What was missing and why, as codes.</param>
/// <param name="Rejection">Why it was refused; null if it was not.</param>
public readonly record struct Applied(EntityOutcome Outcome, bool Late, IReadOnlyList<string> Degraded, Rejection? Rejection);

/// <summary>
/// The entities of one shard: decodes a record and applies it to its card and user. Owned by exactly one
/// shard, so it needs no lock.
/// </summary>
public sealed class EntityStage
{
    private readonly TransactionDecoder decoder;
    private readonly FeatureEngine engine;

    /// <summary>Makes a stage without entities.</summary>
    /// <param name="features">The features to compute.</param>
    /// <param name="limits">What a record may be at most.</param>
    /// <param name="options">The bounds of the entities.</param>
    public EntityStage(FeatureSet features, DecodeLimits limits, EntityOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        decoder = new TransactionDecoder(limits);
        engine = new FeatureEngine(features, new FeatureEngineOptions { DuplicateHorizon = options.DuplicateHorizon, LocalEntitiesOnly = true });
    }

    /// <summary>The newest event time applied, in microseconds since 1970; <see cref="long.MinValue"/> before the first.</summary>
    public long WatermarkMicros => engine.WatermarkMicros;

    /// <summary>Events that left because their entity held as many as it may.</summary>
    public long EventsDropped => engine.EventsDropped;

    /// <summary>The sessions that the last record closed or corrected; valid until the next record.</summary>
    public IReadOnlyList<SessionClosed> SessionsClosed => engine.SessionsClosed;

    /// <summary>What is held of each kind of entity.</summary>
    public IReadOnlyList<EntityStatistics> Statistics() => engine.Statistics();

    /// <summary>Applies a record.</summary>
    /// <param name="record">The record.</param>
    /// <param name="features">The vector to fill if it is a transaction to score.</param>
    /// <param name="transaction">The transaction, if it is one.</param>
    public Applied Apply(in InputRecord record, Span<double> features, out Transaction transaction)
    {
        transaction = default;
        return record.Kind switch
        {
            RecordKind.Transaction => ApplyTransaction(record, features, out transaction),
            RecordKind.Label => ApplyLabel(record),
            RecordKind.Tick => ApplyTick(record),
            RecordKind.Unknown => Refuse(new Rejection(RejectReason.UnknownKind, $"the header '{RecordHeaders.Kind}' is none of {RecordKinds.Transaction}, {RecordKinds.Label}, {RecordKinds.Interaction}, {RecordKinds.Tick}")),
            RecordKind.UnreadableOrigin => Refuse(new Rejection(RejectReason.UnreadableOrigin, $"the header '{RecordHeaders.RelayedFrom}' is not topic:partition:offset: whether the record is a repeat can't be told")),
            _ => new Applied(EntityOutcome.Ignored, false, [], null),
        };
    }

    /// <summary>Reads a card's features as of its newest event.</summary>
    /// <param name="userId">The user.</param>
    /// <param name="cardId">The card.</param>
    /// <returns>The features; null if the card is not known in that user's hands.</returns>
    public CardFeatures? Read(string userId, string cardId)
    {
        var features = new double[engine.Set.FeatureNames.Count];
        return engine.TryRead(Encoding.UTF8.GetBytes(userId), Encoding.UTF8.GetBytes(cardId), features, out var asOf)
            ? new CardFeatures(userId, asOf, features)
            : null;
    }

    private Applied ApplyTransaction(in InputRecord record, Span<double> features, out Transaction transaction)
    {
        // A log without timestamps can't say what lies in the future.
        if (decoder.Decode(record.Value, record.Key, record.TimestampMicros ?? EventTime.MaxMicros, out transaction) is { } rejection)
            return Refuse(rejection);
        var result = engine.Apply(transaction, features);
        return new Applied(result.Duplicate ? EntityOutcome.Repeated : EntityOutcome.Scored, result.Late, result.Degraded, null);
    }

    private Applied ApplyLabel(in InputRecord record)
    {
        if (decoder.DecodeLabel(record.Value, record.Key, out var label) is { } rejection)
            return Refuse(rejection);
        return new Applied(engine.ApplyLabel(label) ? EntityOutcome.LabelApplied : EntityOutcome.LabelUnmatched, false, [], null);
    }

    private Applied ApplyTick(in InputRecord record)
    {
        if (Tick.Read(record.Value, out var micros) is { } rejection)
            return Refuse(rejection);
        engine.AdvanceWatermark(micros);
        return new Applied(EntityOutcome.Ticked, false, [], null);
    }

    private static Applied Refuse(Rejection rejection) => new(EntityOutcome.Rejected, false, [], rejection);
}
