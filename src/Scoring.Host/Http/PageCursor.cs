using System.Buffers.Binary;
using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.Unicode;
using Scoring.Actors.Ledger;
using Scoring.Models.Features.State;

namespace Scoring.Host.Http;

/// <summary>
/// Where a page of scores ends, as a text that callers hand back as it is. It names the last row by all that the rows are in
/// order of, so the next page begins behind it however many rows are of the same time. A checksum over it and the question
/// tells one that was cut, changed, or given to another question; it is no secret, and what it says is only a place to begin.
/// </summary>
internal static class PageCursor
{
    private const int ChecksumBytes = 4;
    private const int TimeBytes = 8;

    // It stands in no UTF-8 text.
    private const byte Separator = 0xFF;

    /// <summary>Writes the end of a page of a card's scores.</summary>
    /// <param name="cardId">The card.</param>
    /// <param name="last">The last row.</param>
    internal static string Of(string cardId, CardPosition last) => Write(Question(cardId), last.EventTimeMicros, last.TransactionId, last.UserId);

    /// <summary>Writes the end of a page of an id's scores.</summary>
    /// <param name="search">Which scores were asked for.</param>
    /// <param name="last">The last row.</param>
    internal static string Of(in ScoreSearch search, IdPosition last) => Write(Question(search), 0, last.CardId, last.UserId);

    /// <summary>Reads where a page of a card's scores begins.</summary>
    /// <param name="cursor">The text.</param>
    /// <param name="cardId">The card that is asked for.</param>
    /// <param name="position">The place.</param>
    /// <returns>False if the text is no cursor of this question.</returns>
    internal static bool TryRead(string cursor, string cardId, out CardPosition position)
    {
        position = default;
        if (!TryRead(cursor, Question(cardId), out var time, out var transactionId, out var userId))
            return false;
        position = new CardPosition(time, transactionId, userId);
        return true;
    }

    /// <summary>Reads where a page of an id's scores begins.</summary>
    /// <param name="cursor">The text.</param>
    /// <param name="search">Which scores are asked for.</param>
    /// <param name="position">The place.</param>
    /// <returns>False if the text is no cursor of this question.</returns>
    internal static bool TryRead(string cursor, in ScoreSearch search, out IdPosition position)
    {
        position = default;
        if (!TryRead(cursor, Question(search), out _, out var cardId, out var userId))
            return false;
        position = new IdPosition(cardId, userId);
        return true;
    }

    private static string Question(string cardId) => "card\n" + cardId;

    private static string Question(in ScoreSearch search) => $"id\n{search.TransactionId}\n{search.CardId}\n{search.UserId}";

    private static string Write(string question, long time, string first, string second)
    {
        var cursor = new byte[ChecksumBytes + TimeBytes + Encoding.UTF8.GetByteCount(first) + 1 + Encoding.UTF8.GetByteCount(second)];
        var body = cursor.AsSpan(ChecksumBytes);
        BinaryPrimitives.WriteInt64BigEndian(body, time);
        var separator = TimeBytes + Encoding.UTF8.GetBytes(first, body[TimeBytes..]);
        body[separator] = Separator;
        Encoding.UTF8.GetBytes(second, body[(separator + 1)..]);
        BinaryPrimitives.WriteUInt32BigEndian(cursor, Checksum(question, body));
        return Base64Url.EncodeToString(cursor);
    }

    private static bool TryRead(string text, string question, out long time, [NotNullWhen(true)] out string? first, [NotNullWhen(true)] out string? second)
    {
        (time, first, second) = (0, null, null);
        if (!Base64Url.IsValid(text))
            return false;
        var cursor = Base64Url.DecodeFromChars(text);
        if (cursor.Length < ChecksumBytes + TimeBytes)
            return false;
        var body = cursor.AsSpan(ChecksumBytes);
        var texts = body[TimeBytes..];
        var separator = texts.IndexOf(Separator);
        if (BinaryPrimitives.ReadUInt32BigEndian(cursor) != Checksum(question, body) || separator < 0
            || !Utf8.IsValid(texts[..separator]) || !Utf8.IsValid(texts[(separator + 1)..]))
            return false;
        time = BinaryPrimitives.ReadInt64BigEndian(body);
        first = Encoding.UTF8.GetString(texts[..separator]);
        second = Encoding.UTF8.GetString(texts[(separator + 1)..]);
        return true;
    }

    private static uint Checksum(string question, ReadOnlySpan<byte> body) =>
        Crc32C.Append(Crc32C.Append(Crc32C.Start, Encoding.UTF8.GetBytes(question)), body);
}
