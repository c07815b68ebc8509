using System.ComponentModel.DataAnnotations;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using Scoring.Models.Durations;

namespace Scoring.Models.Wire;

/// <summary>What a record may be at most.</summary>
public sealed record DecodeLimits
{
    /// <summary>Bytes of a record's value, at most <see cref="Transaction.MaxPayloadBytes"/>.</summary>
    [Range(1, Transaction.MaxPayloadBytes)]
    public int MaxValueBytes { get; init; } = 32 * 1024;

    /// <summary>Bytes of one text field in UTF-8.</summary>
    [Range(1, Transaction.MaxPayloadBytes)]
    public int MaxTextBytes { get; init; } = 256;

    /// <summary>How far an event's time may lie past its record's own timestamp.</summary>
    [DurationRange("0s", "1d")]
    public TimeSpan MaxTimeAhead { get; init; } = TimeSpan.FromMinutes(5);
}

/// <summary>
/// Reads a transaction from JSON in one pass over the record's bytes. A valid record allocates nothing
/// unless one of its texts is escaped; a wrong one yields every wrong field at once.
/// </summary>
public sealed class TransactionDecoder
{
    internal const int MaxDepth = 32;

    internal const string TimeWanted = "ISO 8601 with an offset (2026-03-01T12:00:00.123Z) or epoch milliseconds";

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
    }

    /// <summary>The field's name on the wire.</summary>
    /// <param name="field">The field.</param>
    public static string NameOf(TransactionField field) => FieldNames[(int)field];

    /// <summary>Reads a record of the input log: its value, its key, and its time against the record's own.</summary>
    /// <param name="value">The record's value; null is refused.</param>
    /// <param name="key">The record's key; null is refused.</param>
    /// <param name="recordTimeMicros">The record's timestamp in microseconds since 1970.</param>
    /// <param name="transaction">The transaction, over <paramref name="value"/>'s bytes.</param>
    /// <returns>Null if the record is valid, else everything that is wrong with it.</returns>
    public Rejection? Decode(byte[]? value, byte[]? key, long recordTimeMicros, out Transaction transaction)
    {
        transaction = default;
        if (value is null)
            return new Rejection(RejectReason.NullValue, "the record's value is null; a transaction in JSON is wanted");
        if (key is null)
            return new Rejection(RejectReason.NullKey, "the record's key is null; the transaction's userId, else its cardId, is wanted");
        if (Decode(value, out transaction) is { } rejection)
            return rejection;
        return CheckKey(transaction.UserId, key) ?? CheckAhead(transaction, recordTimeMicros);
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
    /// <param name="label">The label, over <paramref name="value"/>'s bytes.</param>
    /// <returns>Null if the record is valid, else everything that is wrong with it.</returns>
    public Rejection? DecodeLabel(byte[]? value, byte[]? key, out Label label)
    {
        label = default;
        if (value is null)
            return new Rejection(RejectReason.NullValue, "the record's value is null; a label in JSON is wanted");
        if (key is null)
            return new Rejection(RejectReason.NullKey, "the record's key is null; the label's userId, else its cardId, is wanted");
        return DecodeLabel(value, out label) ?? CheckKey(label.UserId, key);
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

    private Rejection? Read(byte[] value, bool isLabel, out Fields fields)
    {
        fields = default;
        if (value.Length > limits.MaxValueBytes)
            return new Rejection(RejectReason.TooLarge, $"the value has {value.Length} bytes; {limits.MaxValueBytes} are allowed");

        fields = new Fields(value, limits, isLabel);
        try
        {
            var reader = new Utf8JsonReader(value, new JsonReaderOptions { MaxDepth = MaxDepth });
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

        return fields.Finish();
    }

    /// <summary>Says whether an event's time lies too far past another clock's.</summary>
    /// <param name="transaction">The transaction.</param>
    /// <param name="recordTimeMicros">The other clock's time in microseconds since 1970.</param>
    public Rejection? CheckAhead(in Transaction transaction, long recordTimeMicros)
    {
        var ahead = TimeSpan.FromMicroseconds(transaction.EventTimeMicros - recordTimeMicros);
        return ahead <= limits.MaxTimeAhead
            ? null
            : new Rejection([new FieldError("eventTime", RejectReason.TimeInFuture, $"is {ahead} past the record's own time; {limits.MaxTimeAhead} is allowed")]);
    }

    /// <summary>Reads a time where the reader stands on a number (epoch milliseconds) or a text (ISO 8601).</summary>
    internal static bool TryReadTime(ref Utf8JsonReader reader, out long micros)
    {
        micros = 0;
        if (reader.TokenType == JsonTokenType.String)
            return !reader.ValueIsEscaped && EventTime.TryParse(reader.ValueSpan, out micros);
        if (!reader.TryGetInt64(out var millis) || millis is < 0 or > EventTime.MaxMicros / 1000)
            return false;
        micros = millis * 1000;
        return true;
    }

    private static Rejection? CheckKey(ReadOnlySpan<byte> userId, byte[] key) =>
        key.AsSpan().SequenceEqual(userId)
            ? null
            : new Rejection(RejectReason.KeyMismatch, "the record's key is not its userId, else its cardId: the user's state lives in another partition");

    /// <summary>What has been read of one value. The payload is copied before the first text that must be unescaped is.</summary>
    private struct Fields
    {
        private readonly DecodeLimits limits;
        private readonly byte[] value;
        private Transaction transaction;
        private List<FieldError>? errors;
        private bool hasAmount;
        private bool hasTime;
        private bool copied;
        private readonly bool isLabel;
        private bool? labelValue;

        public Fields(byte[] value, DecodeLimits limits, bool isLabel)
        {
            this.isLabel = isLabel;
            this.value = value;
            this.limits = limits;
            transaction = new Transaction(value);
        }

        public readonly Transaction Transaction => transaction;

        public readonly Label Label => new(
            transaction.Payload,
            transaction.RangeOf(TransactionField.TransactionId),
            transaction.RangeOf(TransactionField.CardId),
            transaction.RangeOf(TransactionField.UserId),
            labelValue.GetValueOrDefault(),
            transaction.EventTimeMicros);

        public void Read(ref Utf8JsonReader reader)
        {
            var name = reader.ValueSpan;
            if (reader.ValueIsEscaped)
            {
                Span<byte> unescaped = name.Length <= 256 ? stackalloc byte[256] : new byte[name.Length];
                if (!TryUnescape(ref reader, unescaped, out var length))
                    length = 0;
                ReadNamed(ref reader, unescaped[..length]);
                return;
            }

            ReadNamed(ref reader, name);
        }

        public Rejection? Finish()
        {
            Require(transaction.Has(TransactionField.TransactionId), "transactionId");
            Require(transaction.Has(TransactionField.CardId), "cardId");
            Require(isLabel || hasAmount, "amount");
            Require(!isLabel || labelValue is not null, "label");
            Require(hasTime, "eventTime");
            if (transaction.Has(TransactionField.CardId) && CardNumbers.IsCardNumber(transaction.CardId))
                Wrong("cardId", RejectReason.CardNumber, "is a raw card number; a token is wanted");
            return errors is null ? null : new Rejection(errors);
        }

        private void ReadNamed(ref Utf8JsonReader reader, scoped ReadOnlySpan<byte> name)
        {
            var field = name.Length switch
            {
                2 when name.SequenceEqual("ip"u8) => TransactionField.Ip,
                3 when name.SequenceEqual("mcc"u8) => TransactionField.Mcc,
                6 when name.SequenceEqual("cardId"u8) => TransactionField.CardId,
                6 when name.SequenceEqual("userId"u8) => TransactionField.UserId,
                7 when name.SequenceEqual("channel"u8) => TransactionField.Channel,
                7 when name.SequenceEqual("country"u8) => TransactionField.Country,
                8 when name.SequenceEqual("currency"u8) => TransactionField.Currency,
                8 when name.SequenceEqual("deviceId"u8) => TransactionField.DeviceId,
                10 when name.SequenceEqual("merchantId"u8) => TransactionField.MerchantId,
                10 when name.SequenceEqual("terminalId"u8) => TransactionField.TerminalId,
                13 when name.SequenceEqual("transactionId"u8) => TransactionField.TransactionId,
                _ => (TransactionField)(-1),
            };
            if (field >= 0)
            {
                reader.Read();
                ReadText(ref reader, field);
            }
            else if (isLabel && name.SequenceEqual("label"u8))
            {
                reader.Read();
                ReadLabel(ref reader);
            }
            else if (!isLabel && name.SequenceEqual("amount"u8))
            {
                reader.Read();
                ReadAmount(ref reader);
            }
            else if (name.SequenceEqual("eventTime"u8))
            {
                reader.Read();
                ReadTime(ref reader);
            }
            else
            {
                reader.Skip();
            }
        }

        private void ReadText(ref Utf8JsonReader reader, TransactionField field)
        {
            // A repeated name replaces what stood before, as JSON readers commonly do.
            transaction.SetField(field, 0, 0);
            if (reader.TokenType == JsonTokenType.Null)
                return;
            if (reader.TokenType != JsonTokenType.String)
            {
                WrongType(ref reader, FieldNames[(int)field], "a string");
                return;
            }

            // A text starts one byte behind its quotation mark.
            var offset = (int)reader.TokenStartIndex + 1;
            var length = reader.ValueSpan.Length;
            if (reader.ValueIsEscaped)
            {
                CopyPayload();
                if (!TryUnescape(ref reader, transaction.Payload.AsSpan(offset, length), out length))
                    length = -1;
            }

            if (length < 0 || !Utf8.IsValid(transaction.Payload.AsSpan(offset, length)))
                Wrong(FieldNames[(int)field], RejectReason.InvalidText, "is not valid Unicode");
            else if (length > limits.MaxTextBytes)
                Wrong(FieldNames[(int)field], RejectReason.InvalidText, $"has {length} bytes; {limits.MaxTextBytes} are allowed");
            else
                transaction.SetField(field, offset, length);
        }

        private void ReadAmount(ref Utf8JsonReader reader)
        {
            hasAmount = false;
            if (reader.TokenType == JsonTokenType.Null)
                return;
            hasAmount = true;
            if (reader.TokenType != JsonTokenType.Number)
            {
                WrongType(ref reader, "amount", "a number");
            }
            else if (!Money.TryParse(reader.ValueSpan, out var units))
            {
                Wrong("amount", RejectReason.AbsurdAmount, $"is larger than {Money.MaxUnits / Money.UnitsPerOne}");
            }
            else if (reader.ValueSpan[0] == (byte)'-' && units != 0)
            {
                Wrong("amount", RejectReason.NegativeAmount, "is negative; zero or more is wanted");
            }
            else
            {
                transaction.AmountUnits = units;
            }
        }

        private void ReadLabel(ref Utf8JsonReader reader)
        {
            labelValue = null;
            if (reader.TokenType is JsonTokenType.True or JsonTokenType.False)
                labelValue = reader.GetBoolean();
            else if (reader.TokenType != JsonTokenType.Null)
                WrongType(ref reader, "label", "true or false");
        }

        private void ReadTime(ref Utf8JsonReader reader)
        {
            hasTime = false;
            if (reader.TokenType == JsonTokenType.Null)
                return;
            hasTime = true;
            if (reader.TokenType is not (JsonTokenType.Number or JsonTokenType.String))
            {
                WrongType(ref reader, "eventTime", TimeWanted);
                return;
            }

            if (!TryReadTime(ref reader, out var micros))
                Wrong("eventTime", RejectReason.UnreadableTime, $"is unreadable; {TimeWanted} is wanted");
            transaction.EventTimeMicros = micros;
        }

        private void CopyPayload()
        {
            if (copied)
                return;
            copied = true;
            var copy = transaction.WithPayload((byte[])value.Clone());
            transaction = copy;
        }

        private static bool TryUnescape(ref Utf8JsonReader reader, scoped Span<byte> destination, out int length)
        {
            try
            {
                length = reader.CopyString(destination);
                return true;
            }
            catch (InvalidOperationException)
            {
                // Half of a surrogate pair.
                length = 0;
                return false;
            }
        }

        private void Require(bool present, string field)
        {
            if (!present && !IsWrong(field))
                Wrong(field, RejectReason.MissingField, "is missing");
        }

        // By itself: a closure is allocated where its method begins, needed or not.
        private readonly bool IsWrong(string field) => errors is not null && errors.Exists(e => e.Field == field);

        private void WrongType(ref Utf8JsonReader reader, string field, string wanted)
        {
            Wrong(field, RejectReason.WrongType, $"is of type {reader.TokenType}; {wanted} is wanted");
            reader.Skip();
        }

        private void Wrong(string field, RejectReason reason, string message)
        {
            errors ??= [];
            errors.RemoveAll(e => e.Field == field);
            errors.Add(new FieldError(field, reason, message));
        }
    }
}
