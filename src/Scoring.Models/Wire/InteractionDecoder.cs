using System.Text;
using System.Text.Json;

namespace Scoring.Models.Wire;

/// <summary>
/// Reads an interaction from JSON, by the rules of <see cref="TransactionDecoder"/>: unknown fields are ignored, a
/// wrong record yields every wrong field at once, and no id may be a raw card number.
/// </summary>
public sealed class InteractionDecoder
{
    private static readonly string[] Texts = ["interactionId", "userId", "type", "outcome", "deviceId", "ip"];
    private static readonly string[] RequiredTexts = ["interactionId", "userId", "type"];
    private static readonly string[] Ids = ["interactionId", "userId", "deviceId"];

    private readonly DecodeLimits limits;

    /// <summary>Makes a decoder.</summary>
    /// <param name="limits">What it accepts at most.</param>
    public InteractionDecoder(DecodeLimits limits)
    {
        ArgumentNullException.ThrowIfNull(limits);
        this.limits = limits;
    }

    /// <summary>Reads an interaction.</summary>
    /// <param name="value">The JSON in UTF-8.</param>
    /// <param name="interaction">The interaction; null unless it is valid.</param>
    /// <returns>Null if it is valid, else everything that is wrong with it.</returns>
    public Rejection? Decode(byte[] value, out Interaction? interaction)
    {
        ArgumentNullException.ThrowIfNull(value);
        interaction = null;
        if (value.Length > limits.MaxValueBytes)
            return new Rejection(RejectReason.TooLarge, $"the value has {value.Length} bytes; {limits.MaxValueBytes} are allowed");
        var fields = new Fields(limits);
        try
        {
            var reader = new Utf8JsonReader(value, new JsonReaderOptions { MaxDepth = TransactionDecoder.MaxDepth });
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
                return new Rejection(RejectReason.NotJson, "the value is not a JSON object");
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
                fields.Read(ref reader);
            // Reads past the object, so that bytes behind it are refused.
            reader.Read();
        }
        catch (JsonException e)
        {
            return new Rejection(RejectReason.NotJson, $"the value is not JSON: line {e.LineNumber}, byte {e.BytePositionInLine}");
        }

        return fields.Finish(out interaction);
    }

    private sealed class Fields(DecodeLimits limits)
    {
        private readonly Dictionary<string, string> texts = [];
        private readonly List<FieldError> errors = [];
        private long? time;

        public void Read(ref Utf8JsonReader reader)
        {
            var name = TryGetText(ref reader) ?? "";
            reader.Read();
            // A repeated name replaces what stood before, as JSON readers commonly do.
            errors.RemoveAll(e => e.Field == name);
            if (name == "eventTime")
                ReadTime(ref reader);
            else if (Texts.Contains(name))
                ReadText(ref reader, name);
            else
                reader.Skip();
        }

        public Rejection? Finish(out Interaction? interaction)
        {
            interaction = null;
            foreach (var name in RequiredTexts.Where(n => Text(n) is null).Concat(time is null ? ["eventTime"] : []))
            {
                if (!errors.Exists(e => e.Field == name))
                    errors.Add(new FieldError(name, RejectReason.MissingField, "is missing"));
            }

            foreach (var name in Ids.Where(n => Text(n) is { } id && CardNumbers.IsCardNumber(Encoding.UTF8.GetBytes(id))))
                errors.Add(new FieldError(name, RejectReason.CardNumber, "is a raw card number; a token is wanted"));
            if (errors.Count > 0)
                return new Rejection(errors);
            interaction = new Interaction(Text("interactionId")!, Text("userId")!, Text("type")!, Text("outcome"), Text("deviceId"), Text("ip"), time!.Value);
            return null;
        }

        private string? Text(string name) => texts.GetValueOrDefault(name) is { Length: > 0 } text ? text : null;

        private void ReadText(ref Utf8JsonReader reader, string name)
        {
            texts.Remove(name);
            if (reader.TokenType == JsonTokenType.Null)
                return;
            if (reader.TokenType != JsonTokenType.String)
                WrongType(ref reader, name, "a string");
            else if (TryGetText(ref reader) is not { } text)
                errors.Add(new FieldError(name, RejectReason.InvalidText, "is not valid Unicode"));
            else if (Encoding.UTF8.GetByteCount(text) is var bytes && bytes > limits.MaxTextBytes)
                errors.Add(new FieldError(name, RejectReason.InvalidText, $"has {bytes} bytes; {limits.MaxTextBytes} are allowed"));
            else
                texts[name] = text;
        }

        private void ReadTime(ref Utf8JsonReader reader)
        {
            time = null;
            if (reader.TokenType == JsonTokenType.Null)
                return;
            if (reader.TokenType is not (JsonTokenType.Number or JsonTokenType.String))
                WrongType(ref reader, "eventTime", TransactionDecoder.TimeWanted);
            else if (TransactionDecoder.TryReadTime(ref reader, out var micros))
                time = micros;
            else
                errors.Add(new FieldError("eventTime", RejectReason.UnreadableTime, $"is unreadable; {TransactionDecoder.TimeWanted} is wanted"));
        }

        private void WrongType(ref Utf8JsonReader reader, string name, string wanted)
        {
            errors.Add(new FieldError(name, RejectReason.WrongType, $"is of type {reader.TokenType}; {wanted} is wanted"));
            reader.Skip();
        }

        private static string? TryGetText(ref Utf8JsonReader reader)
        {
            try
            {
                return reader.GetString();
            }
            catch (InvalidOperationException)
            {
                // Bytes that are no UTF-8, or half of a surrogate pair.
                return null;
            }
        }
    }
}
