using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Scoring.Models.Wire;

/// <summary>What the decoders of JSON share: where the JSON begins, and how a value that is none is told.</summary>
internal static class JsonEvent
{
    internal const int MaxDepth = 32;

    /// <summary>The JSON within a value. A byte order mark before it, as Windows' tools write, says nothing and is passed over.</summary>
    internal static ReadOnlySpan<byte> Of(byte[] value) => value.AsSpan(Start(value));

    /// <summary>Where the JSON begins in a value.</summary>
    internal static int Start(ReadOnlySpan<byte> value) => value.StartsWith(Encoding.UTF8.Preamble) ? Encoding.UTF8.Preamble.Length : 0;

    internal static Rejection? CheckSize(byte[] value, DecodeLimits limits) => value.Length <= limits.MaxValueBytes
        ? null
        : new Rejection(RejectReason.TooLarge, string.Create(CultureInfo.InvariantCulture, $"the value has {value.Length} bytes; {limits.MaxValueBytes} are allowed"));

    internal static Rejection NoObject() => new(RejectReason.NotJson, "the value is not a JSON object");

    internal static Rejection NotJson(JsonException e) =>
        new(RejectReason.NotJson, string.Create(CultureInfo.InvariantCulture, $"the value is not JSON: line {e.LineNumber}, byte {e.BytePositionInLine}"));

    /// <summary>Reads a time where the reader stands on a number (epoch milliseconds) or a text (ISO 8601).</summary>
    /// <returns>Null if it was read; else what is wrong, to stand behind the field's name.</returns>
    internal static string? ReadTime(ref Utf8JsonReader reader, out long micros)
    {
        micros = 0;
        if (reader.TokenType == JsonTokenType.Number)
            return reader.TryGetInt64(out var millis) ? EventTime.ReadMillis(millis, out micros) : "is no whole number of milliseconds";
        return reader.ValueIsEscaped ? "holds escapes" : EventTime.Read(reader.ValueSpan, out micros);
    }
}
