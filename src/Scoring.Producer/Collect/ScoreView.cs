using System.Text.Json;
using Scoring.Models.Wire;

namespace Scoring.Producer.Collect;

/// <summary>What the report needs of a score record, over the record's bytes.</summary>
public readonly ref struct ScoreView
{
    private ScoreView(TransactionIdentity identity, double score, Decision decision, bool late, int reasonsAt)
    {
        Identity = identity;
        Score = score;
        Decision = decision;
        Late = late;
        ReasonsAt = reasonsAt;
    }

    /// <summary>Which transaction it is of.</summary>
    public TransactionIdentity Identity { get; }

    /// <summary>From 0 to 1.</summary>
    public double Score { get; }

    /// <summary>What was decided.</summary>
    public Decision Decision { get; }

    /// <summary>Whether an entity refused to insert the transaction.</summary>
    public bool Late { get; }

    /// <summary>Where the array of reasons starts in the record; -1 where there is none.</summary>
    private int ReasonsAt { get; }

    /// <summary>Reads a score record.</summary>
    /// <param name="value">Its JSON in UTF-8.</param>
    /// <param name="score">What it says.</param>
    /// <returns>False if it is no score: not JSON, no transaction id, no known decision.</returns>
    public static bool TryRead(ReadOnlySpan<byte> value, out ScoreView score)
    {
        score = default;
        try
        {
            return TryReadObject(value, out score);
        }
        catch (JsonException)
        {
            return false;
        }
    }

    /// <summary>The reasons' codes.</summary>
    /// <param name="value">The record that this was read from.</param>
    public string[] Reasons(ReadOnlySpan<byte> value)
    {
        if (ReasonsAt < 0)
            return [];
        var reasons = new List<string>();
        var reader = new Utf8JsonReader(value[ReasonsAt..]);
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.String)
            reasons.Add(reader.GetString()!);
        return [.. reasons];
    }

    private static bool TryReadObject(ReadOnlySpan<byte> value, out ScoreView view)
    {
        ReadOnlySpan<byte> id = default;
        ReadOnlySpan<byte> card = default;
        ReadOnlySpan<byte> user = default;
        double score = double.NaN;
        Decision? decision = null;
        var late = false;
        var reasonsAt = -1;
        view = default;
        var reader = new Utf8JsonReader(value);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
            return false;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = reader.ValueSpan;
            reader.Read();
            if (name.SequenceEqual("transactionId"u8) && reader.TokenType == JsonTokenType.String)
                id = Text(ref reader);
            else if (name.SequenceEqual("cardId"u8) && reader.TokenType == JsonTokenType.String)
                card = Text(ref reader);
            else if (name.SequenceEqual("userId"u8) && reader.TokenType == JsonTokenType.String)
                user = Text(ref reader);
            else if (name.SequenceEqual("score"u8) && reader.TokenType == JsonTokenType.Number)
                score = reader.GetDouble();
            else if (name.SequenceEqual("decision"u8))
                decision = ReadDecision(ref reader);
            else if (name.SequenceEqual("late"u8))
                late = reader.TokenType == JsonTokenType.True;
            else if (name.SequenceEqual("reasons"u8) && reader.TokenType == JsonTokenType.StartArray)
                reasonsAt = (int)reader.TokenStartIndex;
            reader.Skip();
        }

        if (id.IsEmpty || decision is null)
            return false;
        view = new ScoreView(new TransactionIdentity(user, card, id), score, decision.Value, late, reasonsAt);
        return true;
    }

    private static ReadOnlySpan<byte> Text(scoped ref Utf8JsonReader reader) =>
        reader.ValueIsEscaped ? System.Text.Encoding.UTF8.GetBytes(reader.GetString()!) : reader.ValueSpan;

    private static Decision? ReadDecision(ref Utf8JsonReader reader) =>
        reader.TokenType != JsonTokenType.String ? null
        : reader.ValueTextEquals("approve"u8) ? Decision.Approve
        : reader.ValueTextEquals("review"u8) ? Decision.Review
        : reader.ValueTextEquals("decline"u8) ? Decision.Decline
        : null;
}
