using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using Scoring.Actors.Log;
using Scoring.Models.Features;
using Scoring.Models.Features.State;
using Scoring.Models.Wire;

namespace Scoring.Actors.Entities;

/// <summary>
/// The entities of one shard, as far as they are in memory: decodes a record and applies it to its card and user.
/// Owned by exactly one shard, so it needs no lock.
/// </summary>
public sealed class EntityStage
{
    private const byte MarksVersion = 1;
    private const int MarksHeaderBytes = 1 + 4 + 4;

    private readonly RecordDecoder decoder;
    private readonly FeatureEngine engine;
    private readonly OriginMarks origins = new();
    private readonly Action<RecordStep, InputRecord>? probe;

    /// <summary>Makes a stage without entities.</summary>
    /// <param name="features">The features to compute.</param>
    /// <param name="limits">What a record may be at most.</param>
    /// <param name="options">The bounds of the entities.</param>
    /// <param name="place">The partition whose records are read; null where none are.</param>
    /// <param name="probe">Is shown each record at each step; what it throws counts as the step's. A fault double, for tests.</param>
    public EntityStage(FeatureSet features, DecodeLimits limits, EntityOptions options, LogPlace? place = null, Action<RecordStep, InputRecord>? probe = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        decoder = new RecordDecoder(limits, place, probe);
        engine = new FeatureEngine(features, new FeatureEngineOptions { DuplicateHorizon = options.DuplicateHorizon, LocalEntitiesOnly = true });
        this.probe = probe;
    }

    /// <summary>The entities themselves, for loading, freezing and evicting them.</summary>
    public FeatureEngine Engine => engine;

    /// <summary>The newest event time applied, in microseconds since 1970; <see cref="long.MinValue"/> before the first.</summary>
    public long WatermarkMicros => engine.WatermarkMicros;

    /// <summary>Events that left because their entity held as many as it may.</summary>
    public long EventsDropped => engine.EventsDropped;

    /// <summary>The sessions that the last record closed or corrected; valid until the next record.</summary>
    public IReadOnlyList<SessionClosed> SessionsClosed => engine.SessionsClosed;

    /// <summary>Whether records of a further origin partition would be refused.</summary>
    public bool AreOriginsFull => origins.AreFull;

    /// <summary>What is held of each kind of entity.</summary>
    public IReadOnlyList<EntityStatistics> Statistics() => engine.Statistics();

    /// <summary>Reads a record. Never throws, and depends on the record alone.</summary>
    /// <param name="record">The record.</param>
    /// <param name="decoded">What it says.</param>
    public void Decode(in InputRecord record, out DecodedRecord decoded) => decoder.Decode(record, out decoded);

    /// <summary>Says what only the moment can say of a record that was decoded: see <see cref="RecordDecoder.Judge"/>.</summary>
    /// <param name="decoded">The record.</param>
    /// <param name="nodeMicros">The node's clock in microseconds since 1970.</param>
    public Rejection? Judge(in DecodedRecord decoded, long nodeMicros) => decoder.Judge(decoded, nodeMicros);

    /// <summary>Adds the record's entities that are not in memory.</summary>
    /// <param name="decoded">The record.</param>
    /// <param name="missing">Where they are added.</param>
    public void FindMissing(in DecodedRecord decoded, EntityKeySet missing)
    {
        if (decoded.Rejection is not null)
            return;
        if (decoded.Record.Kind == RecordKind.Transaction)
            engine.FindMissing(decoded.Transaction, missing);
        else if (decoded.Record.Kind == RecordKind.Label)
            engine.FindMissing(decoded.Label, missing);
    }

    /// <summary>Adds all entities of the record.</summary>
    /// <param name="decoded">The record.</param>
    /// <param name="keys">Where they are added.</param>
    public void KeysOf(in DecodedRecord decoded, EntityKeySet keys)
    {
        if (decoded.Rejection is not null)
            return;
        if (decoded.Record.Kind == RecordKind.Transaction)
            engine.KeysOf(decoded.Transaction, keys);
        else if (decoded.Record.Kind == RecordKind.Label)
            engine.KeysOf(decoded.Label, keys);
    }

    /// <summary>Adds those entities that <see cref="Read"/> would read and that are not in memory.</summary>
    /// <param name="userId">The user.</param>
    /// <param name="cardId">The card.</param>
    /// <param name="missing">Where they are added.</param>
    public void FindMissing(string userId, string cardId, EntityKeySet missing) =>
        engine.FindMissing(Encoding.UTF8.GetBytes(userId), Encoding.UTF8.GetBytes(cardId), missing);

    /// <summary>Applies a record, whose entities are in memory or new.</summary>
    /// <param name="decoded">The record.</param>
    /// <param name="features">The vector to fill if it is a transaction to score.</param>
    public Applied Apply(in DecodedRecord decoded, Span<double> features)
    {
        var origin = decoded.Record.Origin;
        if (origin is not null && origins.IsRepeat(origin))
            return new Applied(EntityOutcome.RelayedBefore, false, [], null);
        if (origin is not null && !origins.HasRoomFor(origin))
            return new Applied(EntityOutcome.Rejected, false, [], TooManyOrigins(origin));
        var applied = decoded.Rejection is { } rejection ? new Applied(EntityOutcome.Rejected, false, [], rejection) : ApplyValid(decoded, features);
        probe?.Invoke(RecordStep.Apply, decoded.Record);
        if (origin is not null)
            origins.Note(origin);
        return applied;
    }

    /// <summary>Notes that a record was left out for good, as far as repeats of it are concerned.</summary>
    /// <param name="record">The record.</param>
    public void PassOver(in InputRecord record)
    {
        if (record.Origin is { } origin && !origins.IsRepeat(origin) && origins.HasRoomFor(origin))
            origins.Note(origin);
    }

    internal static Rejection TooManyOrigins(RecordOrigin origin) => new(
        RejectReason.TooManyOrigins,
        $"the shard keeps marks of {OriginMarks.Max} partitions that records are relayed from, and {origin.Topic}:{origin.Partition} would be one more: whether the record is a repeat can't be told");

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

    /// <summary>Writes what a checkpoint holds beside the entities: the engine's marks and those of the relayed records.</summary>
    /// <param name="writer">Where to.</param>
    public void SaveMarks(IBufferWriter<byte> writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        var body = new ArrayBufferWriter<byte>();
        engine.SaveMarks(body);
        var engineBytes = body.WrittenCount;
        origins.Write(body);
        var header = writer.GetSpan(MarksHeaderBytes);
        header[0] = MarksVersion;
        BinaryPrimitives.WriteInt32LittleEndian(header[1..], engineBytes);
        BinaryPrimitives.WriteUInt32LittleEndian(header[5..], Crc32C.Append(Crc32C.Start, body.WrittenSpan));
        writer.Advance(MarksHeaderBytes);
        writer.Write(body.WrittenSpan);
    }

    /// <summary>Takes over the marks of a checkpoint.</summary>
    /// <param name="marks">What <see cref="SaveMarks"/> wrote.</param>
    /// <exception cref="FormatException">They are damaged or of another version.</exception>
    public void RestoreMarks(ReadOnlySpan<byte> marks)
    {
        if (marks.Length < MarksHeaderBytes || marks[0] != MarksVersion)
            throw new FormatException($"the checkpoint's marks have {marks.Length} bytes of version {(marks.IsEmpty ? 0 : marks[0])}; this program reads version {MarksVersion}");
        var engineBytes = BinaryPrimitives.ReadInt32LittleEndian(marks[1..]);
        var body = marks[MarksHeaderBytes..];
        if (engineBytes < 0 || engineBytes > body.Length || Crc32C.Append(Crc32C.Start, body) != BinaryPrimitives.ReadUInt32LittleEndian(marks[5..]))
            throw new FormatException($"the checkpoint's marks are damaged: their {body.Length} bytes do not have the checksum that was written with them");
        engine.RestoreMarks(body[..engineBytes]);
        origins.Read(body[engineBytes..]);
    }

    private Applied ApplyValid(in DecodedRecord decoded, Span<double> features)
    {
        switch (decoded.Record.Kind)
        {
            case RecordKind.Transaction:
                var result = engine.Apply(decoded.Transaction, features);
                return new Applied(OutcomeOf(result), result.Late, result.Degraded, null);
            case RecordKind.Label:
                return new Applied(engine.ApplyLabel(decoded.Label) ? EntityOutcome.LabelApplied : EntityOutcome.LabelUnmatched, false, [], null);
            case RecordKind.Tick:
                engine.AdvanceWatermark(decoded.EventTimeMicros.GetValueOrDefault());
                return new Applied(EntityOutcome.Ticked, false, [], null);
            default:
                return new Applied(EntityOutcome.Ignored, false, [], null);
        }
    }

    private static EntityOutcome OutcomeOf(in FeatureResult result) =>
        result.Conflict ? EntityOutcome.Conflicting : result.Duplicate ? EntityOutcome.Repeated : EntityOutcome.Scored;
}
