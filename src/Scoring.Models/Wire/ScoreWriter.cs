using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Scoring.Models.Wire;

/// <summary>What produced a score: named in every score record.</summary>
/// <param name="ModelName">The bundle's name.</param>
/// <param name="ModelVersion">The bundle's version.</param>
/// <param name="FeatureSetName">The feature set's name.</param>
/// <param name="FeatureSetVersion">The feature set's version.</param>
/// <param name="FeatureSetFingerprint">The hash of what determines the features' values.</param>
/// <param name="FeatureNames">The names of the vector's features, in its order.</param>
public sealed record ScoreOrigin(
    string ModelName,
    int ModelVersion,
    string FeatureSetName,
    int FeatureSetVersion,
    string FeatureSetFingerprint,
    IReadOnlyList<string> FeatureNames);

/// <summary>
/// Writes score records as JSON into a buffer that it reuses: one for each thread that writes. The same
/// score is always the same bytes; nothing of the wall clock is in it.
/// </summary>
#pragma warning disable CA1001 // The JSON writer writes to a buffer of this class: there is nothing to give back.
public sealed class ScoreWriter
#pragma warning restore CA1001
{
    private static readonly JavaScriptEncoder Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping;
    private static readonly JsonEncodedText[] DecisionNames = [Encode(Decision.Approve.Name()), Encode(Decision.Review.Name()), Encode(Decision.Decline.Name())];

    private readonly ArrayBufferWriter<byte> buffer = new(1024);
    private readonly Utf8JsonWriter writer;
    private readonly byte[] model;
    private readonly byte[] featureSet;
    private readonly JsonEncodedText[] featureNames;

    /// <summary>Makes a writer.</summary>
    /// <param name="origin">What produces the scores.</param>
    public ScoreWriter(ScoreOrigin origin)
    {
        ArgumentNullException.ThrowIfNull(origin);
        writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = Encoder, SkipValidation = true });
        model = WriteObject(w =>
        {
            w.WriteString("name", origin.ModelName);
            w.WriteNumber("version", origin.ModelVersion);
        });
        featureSet = WriteObject(w =>
        {
            w.WriteString("name", origin.FeatureSetName);
            w.WriteNumber("version", origin.FeatureSetVersion);
            w.WriteString("fingerprint", origin.FeatureSetFingerprint);
        });
        featureNames = [.. origin.FeatureNames.Select(Encode)];
    }

    /// <summary>Writes one score.</summary>
    /// <param name="transaction">What was scored.</param>
    /// <param name="score">From 0 to 1, the higher the likelier fraud.</param>
    /// <param name="decision">What follows from it.</param>
    /// <param name="reasons">Why, at most 3 codes.</param>
    /// <param name="degraded">What was missing and why, as codes.</param>
    /// <param name="late">Whether an entity refused to insert the transaction.</param>
    /// <param name="features">The vector to record, NaN where missing; empty to leave it out.</param>
    /// <returns>The record's value, in an array of its own.</returns>
    public byte[] Write(
        in Transaction transaction,
        float score,
        Decision decision,
        ReadOnlySpan<string> reasons,
        IReadOnlyList<string> degraded,
        bool late,
        ReadOnlySpan<double> features)
    {
        ArgumentNullException.ThrowIfNull(degraded);
        buffer.ResetWrittenCount();
        writer.Reset();
        writer.WriteStartObject();
        writer.WriteString("transactionId"u8, transaction.TransactionId);
        writer.WriteString("cardId"u8, transaction.CardId);
        writer.WriteString("userId"u8, transaction.UserId);
        writer.WriteNumber("score"u8, score);
        writer.WriteString("decision"u8, DecisionNames[(int)decision]);
        writer.WriteStartArray("reasons"u8);
        foreach (var reason in reasons)
            writer.WriteStringValue(reason);
        writer.WriteEndArray();
        writer.WritePropertyName("model"u8);
        writer.WriteRawValue(model, skipInputValidation: true);
        writer.WritePropertyName("featureSet"u8);
        writer.WriteRawValue(featureSet, skipInputValidation: true);
        writer.WriteStartArray("degraded"u8);
        for (var i = 0; i < degraded.Count; i++)
            writer.WriteStringValue(degraded[i]);
        writer.WriteEndArray();
        writer.WriteBoolean("late"u8, late);
        Span<byte> time = stackalloc byte[EventTime.MaxFormattedBytes];
        writer.WriteString("eventTime"u8, time[..EventTime.Format(transaction.EventTimeMicros, time)]);
        Span<byte> hash = stackalloc byte[BodyHash.Digits];
        writer.WriteString("bodyHash"u8, BodyHash.Format(BodyHash.Of(transaction), hash));
        if (!features.IsEmpty)
            WriteFeatures(features);
        writer.WriteEndObject();
        writer.Flush();
        return buffer.WrittenSpan.ToArray();
    }

    private static JsonEncodedText Encode(string text) => JsonEncodedText.Encode(text, Encoder);

    private static byte[] WriteObject(Action<Utf8JsonWriter> properties)
    {
        var bytes = new ArrayBufferWriter<byte>();
        using var json = new Utf8JsonWriter(bytes, new JsonWriterOptions { Encoder = Encoder });
        json.WriteStartObject();
        properties(json);
        json.WriteEndObject();
        json.Flush();
        return bytes.WrittenSpan.ToArray();
    }

    private void WriteFeatures(ReadOnlySpan<double> features)
    {
        writer.WriteStartObject("features"u8);
        for (var i = 0; i < features.Length; i++)
        {
            // JSON has neither NaN nor infinity: a missing feature is null.
            if (double.IsFinite(features[i]))
                writer.WriteNumber(featureNames[i], features[i]);
            else
                writer.WriteNull(featureNames[i]);
        }

        writer.WriteEndObject();
    }
}
