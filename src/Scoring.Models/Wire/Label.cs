namespace Scoring.Models.Wire;

/// <summary>What became known of a transaction after it was scored. Its text fields are slices of its payload.</summary>
public readonly struct Label
{
    private readonly byte[] payload;
    private readonly Range transactionId;
    private readonly Range cardId;
    private readonly Range userId;

    /// <summary>Makes a label over a payload.</summary>
    /// <param name="payload">The bytes that hold the ids, in UTF-8.</param>
    /// <param name="transactionId">Where the transaction's id stands.</param>
    /// <param name="cardId">Where the card's token stands.</param>
    /// <param name="userId">Where the user's id stands; empty where the card is its own user.</param>
    /// <param name="isFraud">What the label says.</param>
    /// <param name="eventTimeMicros">When it became known, in microseconds since 1970-01-01T00:00:00Z.</param>
    public Label(byte[] payload, Range transactionId, Range cardId, Range userId, bool isFraud, long eventTimeMicros)
    {
        this.payload = payload;
        this.transactionId = transactionId;
        this.cardId = cardId;
        this.userId = userId;
        IsFraud = isFraud;
        EventTimeMicros = eventTimeMicros;
    }

    /// <summary>The id of the transaction that the label is of, in UTF-8.</summary>
    public ReadOnlySpan<byte> TransactionId => payload.AsSpan(transactionId);

    /// <summary>The card's token, in UTF-8.</summary>
    public ReadOnlySpan<byte> CardId => payload.AsSpan(cardId);

    /// <summary>The user's id, in UTF-8: the card's where the label names none.</summary>
    public ReadOnlySpan<byte> UserId => payload.AsSpan(userId) is { IsEmpty: false } user ? user : CardId;

    /// <summary>Whether the transaction was fraud.</summary>
    public bool IsFraud { get; }

    /// <summary>When the label became known, in microseconds since 1970-01-01T00:00:00Z.</summary>
    public long EventTimeMicros { get; }
}
