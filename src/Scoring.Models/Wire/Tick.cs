using System.Text;
using System.Text.Json;

namespace Scoring.Models.Wire;

/// <summary>
/// A tick: tells a quiet shard through its own log how far time has come. It is refused as an event is if it is ahead of
/// its record's time, since it would close every session and expire every card. It may be behind, as the shard itself.
/// </summary>
public static class Tick
{
    /// <summary>Writes a tick.</summary>
    /// <param name="micros">The time, in microseconds since 1970-01-01T00:00:00Z; one that no event may have is brought into their range.</param>
    public static byte[] Write(long micros) => Encoding.ASCII.GetBytes($"{{\"eventTime\":\"{EventTime.Format(EventTime.Add(micros, TimeSpan.Zero))}\"}}");

    /// <summary>Reads a tick.</summary>
    /// <param name="value">The record's value.</param>
    /// <param name="micros">The time, in microseconds since 1970-01-01T00:00:00Z.</param>
    /// <returns>Null if it is one, else what is wrong with it.</returns>
    public static Rejection? Read(byte[]? value, out long micros)
    {
        micros = 0;
        if (value is null)
            return new Rejection(RejectReason.NullValue, "the record's value is null; a tick in JSON is wanted");
        try
        {
            var reader = new Utf8JsonReader(value);
            if (reader.Read() && reader.TokenType == JsonTokenType.StartObject
                && reader.Read() && reader.TokenType == JsonTokenType.PropertyName && reader.ValueTextEquals("eventTime"u8)
                && reader.Read() && reader.TokenType == JsonTokenType.String && EventTime.TryParse(reader.ValueSpan, out micros)
                && reader.Read() && reader.TokenType == JsonTokenType.EndObject && !reader.Read())
                return null;
        }
        catch (JsonException)
        {
            // Said below, with what else a tick may lack.
        }

        return new Rejection(RejectReason.NotJson, "the value is no tick; {\"eventTime\":\"2026-03-01T12:00:00Z\"} is wanted");
    }
}
