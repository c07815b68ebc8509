using System.Text.Json;

namespace Scoring.Models.Wire;

/// <summary>
/// What has been read of the JSON of a transaction or label. Of equal keys the last counts, with its errors. The payload
/// is copied before the first text that must be unescaped is.
/// </summary>
internal struct TransactionFields
{
    private const TransactionField None = (TransactionField)(-1);

    private readonly EventRules rules;
    private readonly byte[] value;
    private readonly bool isLabel;
    private readonly int start;
    private Transaction transaction;
    private FieldErrors errors;
    private bool hasAmount;
    private bool hasTime;
    private bool isCopied;
    private bool? labelValue;

    public TransactionFields(byte[] value, EventRules rules, bool isLabel)
    {
        this.isLabel = isLabel;
        this.value = value;
        this.rules = rules;
        start = JsonEvent.Start(value);
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

    /// <summary>Takes the property on whose name the reader stands.</summary>
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

    /// <summary>Holds what was read against the rules.</summary>
    /// <returns>Null if it is valid, else everything that is wrong with it.</returns>
    public Rejection? Finish()
    {
        if (!isLabel && !hasAmount)
            errors.Missing("amount");
        if (isLabel && labelValue is null)
            errors.Missing("label");
        if (!hasTime)
            errors.Missing("eventTime");
        rules.Check(transaction, isLabel, ref errors);
        return errors.ToRejection();
    }

    private static TransactionField FieldOf(ReadOnlySpan<byte> name) => name.Length switch
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
        _ => None,
    };

    private void ReadNamed(ref Utf8JsonReader reader, scoped ReadOnlySpan<byte> name)
    {
        var field = FieldOf(name);
        var isAmount = field == None && !isLabel && name.SequenceEqual("amount"u8);
        var isVerdict = field == None && isLabel && name.SequenceEqual("label"u8);
        var isTime = field == None && name.SequenceEqual("eventTime"u8);
        reader.Read();
        if (field != None)
            ReadText(ref reader, field);
        else if (isAmount)
            ReadAmount(ref reader);
        else if (isVerdict)
            ReadLabel(ref reader);
        else if (isTime)
            ReadTime(ref reader);
        else
            reader.Skip();
    }

    private void ReadText(ref Utf8JsonReader reader, TransactionField field)
    {
        var name = TransactionDecoder.NameOf(field);
        errors.Forget(name);
        transaction.SetField(field, 0, 0);
        if (reader.TokenType == JsonTokenType.Null)
            return;
        if (reader.TokenType != JsonTokenType.String)
        {
            WrongType(ref reader, name, "a string");
            return;
        }

        // A text starts one byte behind its quotation mark.
        var offset = start + (int)reader.TokenStartIndex + 1;
        var length = reader.ValueSpan.Length;
        if (reader.ValueIsEscaped)
        {
            CopyPayload();
            if (!TryUnescape(ref reader, transaction.Payload.AsSpan(offset, length), out length))
            {
                errors.Add(name, RejectReason.InvalidText, EventRules.NotUnicode);
                return;
            }
        }

        transaction.SetField(field, offset, length);
    }

    private void ReadAmount(ref Utf8JsonReader reader)
    {
        errors.Forget("amount");
        transaction.AmountUnits = 0;
        hasAmount = reader.TokenType != JsonTokenType.Null;
        if (!hasAmount)
            return;
        if (reader.TokenType != JsonTokenType.Number)
            WrongType(ref reader, "amount", "a number");
        else if (!Money.TryParse(reader.ValueSpan, out var units))
            errors.Add("amount", RejectReason.AbsurdAmount, EventRules.AmountTooLarge);
        else
            transaction.AmountUnits = units;
    }

    private void ReadLabel(ref Utf8JsonReader reader)
    {
        errors.Forget("label");
        labelValue = null;
        if (reader.TokenType is JsonTokenType.True or JsonTokenType.False)
            labelValue = reader.GetBoolean();
        else if (reader.TokenType != JsonTokenType.Null)
            WrongType(ref reader, "label", "true or false");
    }

    private void ReadTime(ref Utf8JsonReader reader)
    {
        errors.Forget("eventTime");
        transaction.EventTimeMicros = 0;
        hasTime = reader.TokenType != JsonTokenType.Null;
        if (!hasTime)
            return;
        if (reader.TokenType is not (JsonTokenType.Number or JsonTokenType.String))
        {
            WrongType(ref reader, "eventTime", EventTime.WantedOnTheWire);
            return;
        }

        if (JsonEvent.ReadTime(ref reader, out var micros) is { } wrong)
            errors.Add("eventTime", RejectReason.UnreadableTime, $"{wrong}; {EventTime.WantedOnTheWire} is wanted");
        transaction.EventTimeMicros = micros;
    }

    private void CopyPayload()
    {
        if (isCopied)
            return;
        isCopied = true;
        transaction = transaction.WithPayload((byte[])value.Clone());
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

    private void WrongType(ref Utf8JsonReader reader, string field, string wanted)
    {
        errors.Add(field, RejectReason.WrongType, $"is of type {reader.TokenType}; {wanted} is wanted");
        reader.Skip();
    }
}
