using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Scoring.Models.Wire;

namespace Scoring.Models.Features;

/// <summary>A closed session as it travels: the record's key and its JSON.</summary>
public static class SessionRecord
{
    /// <summary>The key: the user and the session's first start, so that a compacted topic keeps the last revision of each session.</summary>
    /// <param name="session">The session.</param>
    public static byte[] Key(in SessionClosed session) =>
        [.. session.UserId.Span, (byte)'|', .. Encoding.ASCII.GetBytes(EventTime.Format(session.FirstStartMicros))];

    /// <summary>The value, in JSON.</summary>
    /// <param name="session">The session.</param>
    public static byte[] Value(in SessionClosed session)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
        json.WriteStartObject();
        json.WriteString("userId"u8, session.UserId.Span);
        json.WriteString("firstStart"u8, EventTime.Format(session.FirstStartMicros));
        json.WriteNumber("revision"u8, session.Revision);
        json.WriteString("start"u8, EventTime.Format(session.StartMicros));
        json.WriteString("end"u8, EventTime.Format(session.EndMicros));
        json.WriteNumber("count"u8, session.Count);
        json.WriteNumber("total"u8, session.Total);
        json.WriteNumber("distinctMerchants"u8, session.DistinctMerchants);
        if (session.MergedIntoMicros is { } into)
            json.WriteString("mergedInto"u8, EventTime.Format(into));
        else
            json.WriteNull("mergedInto"u8);
        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenSpan.ToArray();
    }
}
