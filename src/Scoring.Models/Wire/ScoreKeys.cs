using System.Text.Json;

namespace Scoring.Models.Wire;

/// <summary>What a score record is found by: a transaction's id is its own among those of its user and card only.</summary>
/// <param name="TransactionId">The transaction.</param>
/// <param name="CardId">Its card.</param>
/// <param name="UserId">Its user.</param>
/// <param name="EventTimeMicros">When it happened, in microseconds since 1970-01-01T00:00:00Z.</param>
/// <param name="BodyHash">What <see cref="Wire.BodyHash"/> makes of the transaction; null where the record does not say.</param>
public readonly record struct ScoreKeys(string TransactionId, string CardId, string UserId, long EventTimeMicros, ulong? BodyHash)
{
    /// <summary>Whether a transaction of the same identity is another payment than the one that was scored.</summary>
    /// <param name="transaction">The transaction.</param>
    public bool ConflictsWith(in Transaction transaction) =>
        EventTimeMicros != transaction.EventTimeMicros || (BodyHash is { } scored && scored != Wire.BodyHash.Of(transaction));

    /// <summary>Reads the keys of a score record.</summary>
    /// <param name="score">The record's value.</param>
    /// <param name="keys">Its keys.</param>
    /// <returns>False if the value is no score record.</returns>
    public static bool TryRead(ReadOnlySpan<byte> score, out ScoreKeys keys)
    {
        keys = default;
        string? transactionId = null, cardId = null, userId = null;
        long? eventTime = null;
        ulong? bodyHash = null;
        try
        {
            var reader = new Utf8JsonReader(score);
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
                return false;
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                if (reader.ValueTextEquals("transactionId"u8))
                    transactionId = ReadText(ref reader);
                else if (reader.ValueTextEquals("cardId"u8))
                    cardId = ReadText(ref reader);
                else if (reader.ValueTextEquals("userId"u8))
                    userId = ReadText(ref reader);
                else if (reader.ValueTextEquals("eventTime"u8))
                    eventTime = reader.Read() && reader.TokenType == JsonTokenType.String && EventTime.TryParse(reader.ValueSpan, out var micros) ? micros : null;
                else if (!reader.ValueTextEquals("bodyHash"u8))
                    reader.Skip();
                else if (reader.Read() && reader.TokenType == JsonTokenType.String && Wire.BodyHash.TryParse(reader.ValueSpan, out var hash))
                    bodyHash = hash;
                else
                    return false;
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // The reader tells half of a surrogate pair only when the text is asked for, and by another type.
            return false;
        }

        if (transactionId is null || cardId is null || userId is null || eventTime is null)
            return false;
        keys = new ScoreKeys(transactionId, cardId, userId, eventTime.Value, bodyHash);
        return true;
    }

    private static string? ReadText(ref Utf8JsonReader reader) =>
        reader.Read() && reader.TokenType == JsonTokenType.String ? reader.GetString() : null;
}
