using System.Text;
using System.Text.Json;

namespace Scoring.Models.Wire;

/// <summary>
/// Reads an interaction from JSON, by the rules of <see cref="TransactionDecoder"/>: unknown fields are ignored, of equal
/// keys the last counts, and a wrong record yields every wrong field at once.
/// </summary>
public sealed class InteractionDecoder
{
    private readonly DecodeLimits limits;
    private readonly EventRules rules;

    /// <summary>Makes a decoder.</summary>
    /// <param name="limits">What it accepts at most.</param>
    public InteractionDecoder(DecodeLimits limits)
    {
        ArgumentNullException.ThrowIfNull(limits);
        this.limits = limits;
        rules = new EventRules(limits);
    }

    /// <summary>Reads a record of the input log.</summary>
    /// <param name="value">The record's value; null is refused.</param>
    /// <param name="key">The record's key; null is refused.</param>
    /// <param name="recordTime">The record's own time.</param>
    /// <param name="interaction">The interaction; null unless its JSON is valid.</param>
    /// <returns>Null if the record is valid, else everything that is wrong with it.</returns>
    public Rejection? Decode(byte[]? value, byte[]? key, RecordTime recordTime, out Interaction? interaction)
    {
        interaction = null;
        if (value is null)
            return new Rejection(RejectReason.NullValue, "the record's value is null; an interaction in JSON is wanted");
        if (key is null)
            return new Rejection(RejectReason.NullKey, "the record's key is null; the interaction's userId is wanted");
        if (Decode(value, out interaction) is { } rejection)
            return rejection;
        return key.AsSpan().SequenceEqual(Encoding.UTF8.GetBytes(interaction!.UserId))
            ? rules.CheckRecordTime(interaction.EventTimeMicros, recordTime)
            : new Rejection(RejectReason.KeyMismatch, "the record's key is not its userId: the user's state lives in another partition");
    }

    /// <summary>Reads an interaction that comes under any key.</summary>
    /// <param name="value">The JSON in UTF-8.</param>
    /// <param name="interaction">The interaction; null unless it is valid.</param>
    /// <returns>Null if it is valid, else everything that is wrong with it.</returns>
    public Rejection? Decode(byte[] value, out Interaction? interaction)
    {
        ArgumentNullException.ThrowIfNull(value);
        interaction = null;
        if (JsonEvent.CheckSize(value, limits) is { } tooLarge)
            return tooLarge;
        var fields = new InteractionFields();
        try
        {
            var reader = new Utf8JsonReader(JsonEvent.Of(value), new JsonReaderOptions { MaxDepth = JsonEvent.MaxDepth });
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
                return JsonEvent.NoObject();
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
                fields.Read(ref reader);
            // Reads past the object, so that bytes behind it are refused.
            reader.Read();
        }
        catch (JsonException e)
        {
            return JsonEvent.NotJson(e);
        }

        return fields.Finish(rules, out interaction);
    }
}
