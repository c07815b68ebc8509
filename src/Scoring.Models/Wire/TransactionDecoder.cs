using System.Text.Json;

namespace Scoring.Models.Wire;

/// <summary>
/// Reads a transaction from JSON in one pass over the record's bytes, and holds it against the <see cref="EventRules"/>.
/// A valid record allocates nothing unless one of its texts is escaped; a wrong one yields every wrong field at once.
/// </summary>
public sealed class TransactionDecoder
{
    private static readonly string[] FieldNames =
    [
        "transactionId", "cardId", "userId", "merchantId", "terminalId", "currency", "channel", "country", "mcc", "deviceId", "ip",
    ];

    private readonly DecodeLimits limits;

    /// <summary>Makes a decoder.</summary>
    /// <param name="limits">What it accepts at most.</param>
    public TransactionDecoder(DecodeLimits limits)
    {
        ArgumentNullException.ThrowIfNull(limits);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(limits.MaxValueBytes, Transaction.MaxPayloadBytes);
        this.limits = limits;
        Rules = new EventRules(limits);
    }

    /// <summary>What an event may be.</summary>
    public EventRules Rules { get; }

    /// <summary>The field's name on the wire.</summary>
    /// <param name="field">The field.</param>
    public static string NameOf(TransactionField field) => FieldNames[(int)field];

    /// <summary>Reads a record of the input log: its value, its key, and its time against the record's own.</summary>
    /// <param name="value">The record's value; null is refused.</param>
    /// <param name="key">The record's key; null is refused.</param>
    /// <param name="recordTime">The record's own time.</param>
    /// <param name="transaction">The transaction, over <paramref name="value"/>'s bytes.</param>
    /// <returns>Null if the record is valid, else everything that is wrong with it.</returns>
    public Rejection? Decode(byte[]? value, byte[]? key, RecordTime recordTime, out Transaction transaction)
    {
        transaction = default;
        if (value is null)
            return new Rejection(RejectReason.NullValue, "the record's value is null; a transaction in JSON is wanted");
        if (key is null)
            return new Rejection(RejectReason.NullKey, "the record's key is null; the transaction's userId, else its cardId, is wanted");
        return Decode(value, out transaction) ?? CheckKey(transaction.UserId, key) ?? Rules.CheckRecordTime(transaction.EventTimeMicros, recordTime);
    }

    /// <summary>Reads a transaction that comes without a record around it.</summary>
    /// <param name="value">The JSON in UTF-8.</param>
    /// <param name="transaction">The transaction, over <paramref name="value"/>'s bytes.</param>
    /// <returns>Null if it is valid, else everything that is wrong with it.</returns>
    public Rejection? Decode(byte[] value, out Transaction transaction)
    {
        ArgumentNullException.ThrowIfNull(value);
        var rejection = Read(value, isLabel: false, out var fields);
        transaction = fields.Transaction;
        return rejection;
    }

    /// <summary>Reads a label from a record of the input log.</summary>
    /// <param name="value">The record's value; null is refused.</param>
    /// <param name="key">The record's key; null is refused.</param>
    /// <param name="recordTime">The record's own time.</param>
    /// <param name="label">The label, over <paramref name="value"/>'s bytes.</param>
    /// <returns>Null if the record is valid, else everything that is wrong with it.</returns>
    public Rejection? DecodeLabel(byte[]? value, byte[]? key, RecordTime recordTime, out Label label)
    {
        label = default;
        if (value is null)
            return new Rejection(RejectReason.NullValue, "the record's value is null; a label in JSON is wanted");
        if (key is null)
            return new Rejection(RejectReason.NullKey, "the record's key is null; the label's userId, else its cardId, is wanted");
        return DecodeLabel(value, out label) ?? CheckKey(label.UserId, key) ?? Rules.CheckRecordTime(label.EventTimeMicros, recordTime);
    }

    /// <summary>Reads a label that comes under any key.</summary>
    /// <param name="value">The JSON in UTF-8.</param>
    /// <param name="label">The label, over <paramref name="value"/>'s bytes.</param>
    /// <returns>Null if it is valid, else everything that is wrong with it.</returns>
    public Rejection? DecodeLabel(byte[] value, out Label label)
    {
        ArgumentNullException.ThrowIfNull(value);
        var rejection = Read(value, isLabel: true, out var fields);
        label = rejection is null ? fields.Label : default;
        return rejection;
    }

    private Rejection? Read(byte[] value, bool isLabel, out TransactionFields fields)
    {
        fields = default;
        if (JsonEvent.CheckSize(value, limits) is { } tooLarge)
            return tooLarge;
        fields = new TransactionFields(value, Rules, isLabel);
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

        return fields.Finish();
    }

    private static Rejection? CheckKey(ReadOnlySpan<byte> userId, byte[] key) =>
        key.AsSpan().SequenceEqual(userId)
            ? null
            : new Rejection(RejectReason.KeyMismatch, "the record's key is not its userId, else its cardId: the user's state lives in another partition");
}
