using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Scoring.Models.Wire;

/// <summary>What the decoders of JSON share: where the JSON begins, and how a value that is none is told.</summary>
internal static class JsonEvent
{
    internal const int MaxDepth = 32;

    // A time of up to 42 characters, each escaped.
    private const int MaxEscapedTimeBytes = 252;

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
        // .NET's own encoder escapes the plus of an offset, and any character may be.
        return reader.ValueIsEscaped && reader.ValueSpan.Length <= MaxEscapedTimeBytes
            ? ReadEscapedTime(ref reader, out micros)
            : EventTime.Read(reader.ValueSpan, out micros);
    }

    private static string? ReadEscapedTime(ref Utf8JsonReader reader, out long micros)
    {
        Span<byte> text = stackalloc byte[MaxEscapedTimeBytes];
        try
        {
            return EventTime.Read(text[..reader.CopyString(text)], out micros);
        }
        catch (InvalidOperationException)
        {
            // Half of a surrogate pair: not a time, whatever it is.
            return EventTime.Read(reader.ValueSpan, out micros);
        }
    }
}
