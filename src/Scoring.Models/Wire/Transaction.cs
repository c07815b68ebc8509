using System.Runtime.CompilerServices;

namespace Scoring.Models.Wire;

/// <summary>
/// A card transaction. Its text fields are slices of <see cref="Payload"/>, so decoding one allocates
/// nothing; the payload must stay unchanged for as long as the transaction is used. Pass it by <c>in</c>.
/// </summary>
public struct Transaction
{
    /// <summary>The largest payload whose slices fit, in bytes.</summary>
    public const int MaxPayloadBytes = ushort.MaxValue;

    private FieldSlices slices;

    /// <summary>Starts a transaction over a payload of at most <see cref="MaxPayloadBytes"/> bytes, all fields missing.</summary>
    /// <param name="payload">The bytes that the fields will be slices of (UTF-8).</param>
    public Transaction(byte[] payload)
    {
        ArgumentNullException.ThrowIfNull(payload);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(payload.Length, MaxPayloadBytes);
        Payload = payload;
    }

    /// <summary>The bytes that hold the text fields, in UTF-8.</summary>
    public byte[] Payload { get; }

    /// <summary>The amount in ten-thousandths of the currency's unit; see <see cref="Money"/>.</summary>
    public long AmountUnits { get; set; }

    /// <summary>When it happened, in microseconds since 1970-01-01T00:00:00Z. Finer digits are cut off.</summary>
    public long EventTimeMicros { get; set; }

    /// <summary>The transaction's id, in UTF-8.</summary>
    public readonly ReadOnlySpan<byte> TransactionId => Field(TransactionField.TransactionId);

    /// <summary>The card's token, in UTF-8.</summary>
    public readonly ReadOnlySpan<byte> CardId => Field(TransactionField.CardId);

    /// <summary>The user's id in UTF-8: the card's where the transaction names none.</summary>
    public readonly ReadOnlySpan<byte> UserId => Field(Has(TransactionField.UserId) ? TransactionField.UserId : TransactionField.CardId);

    /// <summary>Whether the transaction carries the field. An empty text is a missing one.</summary>
    /// <param name="field">The field.</param>
    public readonly bool Has(TransactionField field) => slices[(int)field].Length != 0;

    /// <summary>The field's text in UTF-8, empty where it is missing.</summary>
    /// <param name="field">The field.</param>
    public readonly ReadOnlySpan<byte> Field(TransactionField field)
    {
        var slice = slices[(int)field];
        return Payload.AsSpan(slice.Offset, slice.Length);
    }

    /// <summary>Says where in the payload the field stands.</summary>
    /// <param name="field">The field.</param>
    /// <param name="offset">Its first byte.</param>
    /// <param name="length">Its bytes; 0 makes it missing.</param>
    public void SetField(TransactionField field, int offset, int length)
    {
        if (offset < 0 || length < 0 || offset + length > Payload.Length)
            throw new ArgumentOutOfRangeException(nameof(length), $"{field}: bytes {offset} to {offset + length} are not in a payload of {Payload.Length} bytes");
        slices[(int)field] = new Slice((ushort)offset, (ushort)length);
    }

    /// <summary>The same transaction over a payload of its own, which nobody else changes.</summary>
    public readonly Transaction Copy()
    {
        var length = 0;
        foreach (var slice in slices)
            length += slice.Length;
        var copy = new Transaction(new byte[length]) { AmountUnits = AmountUnits, EventTimeMicros = EventTimeMicros };
        var offset = 0;
        for (var field = default(TransactionField); field <= TransactionField.Ip; field++)
        {
            var text = Field(field);
            text.CopyTo(copy.Payload.AsSpan(offset));
            copy.SetField(field, offset, text.Length);
            offset += text.Length;
        }

        return copy;
    }

    /// <summary>Where the field stands in the payload.</summary>
    internal readonly Range RangeOf(TransactionField field)
    {
        var slice = slices[(int)field];
        return new Range(slice.Offset, slice.Offset + slice.Length);
    }

    /// <summary>The same transaction over another payload of the same length.</summary>
    internal readonly Transaction WithPayload(byte[] payload) =>
        new(payload) { slices = slices, AmountUnits = AmountUnits, EventTimeMicros = EventTimeMicros };

    private readonly record struct Slice(ushort Offset, ushort Length);

    [InlineArray((int)TransactionField.Ip + 1)]
    private struct FieldSlices
    {
        private Slice first;
    }
}
