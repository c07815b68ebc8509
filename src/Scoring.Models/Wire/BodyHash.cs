using System.Buffers.Text;
using System.Globalization;

namespace Scoring.Models.Wire;

/// <summary>
/// A 64-bit hash of what a transaction says beside its identity (user, card, transactionId): it tells a repeat from
/// another payment under the same identity. It is of the decoded fields: the amount in ten-thousandths, the event time in
/// microseconds, and each other text field that is there. So the order of JSON's fields, whitespace, escapes, unknown
/// fields, an empty field against an absent one, trailing zeros and the zone in which a time is written make no
/// difference; anything that a feature could see does.
/// </summary>
/// <remarks>It outlives the process, in states and score records: what a body's hash is may never change.</remarks>
public static class BodyHash
{
    /// <summary>The bytes of a hash in a score record.</summary>
    internal const int Digits = 16;

    // Those before it are the identity.
    private const TransactionField First = TransactionField.MerchantId;

    // A field that joins the list stands behind it, so that a body without it keeps its hash.
    private const TransactionField Last = TransactionField.Ip;

    /// <summary>The hash; never 0, which stands for an unknown body.</summary>
    /// <param name="transaction">The transaction.</param>
    public static ulong Of(in Transaction transaction)
    {
        var hash = Hash64.Of((ulong)transaction.AmountUnits, (ulong)transaction.EventTimeMicros);
        for (var field = First; field <= Last; field++)
        {
            if (transaction.Field(field) is { IsEmpty: false } text)
                hash = Hash64.Of(hash + (ulong)field, Hash64.Of(text));
        }

        return hash;
    }

    /// <summary>Writes a hash as score records carry it, in 16 lower-case hexadecimal digits.</summary>
    internal static ReadOnlySpan<byte> Format(ulong hash, Span<byte> digits)
    {
        _ = hash.TryFormat(digits, out var written, "x16", CultureInfo.InvariantCulture);
        return digits[..written];
    }

    /// <summary>Reads what <see cref="Format"/> wrote.</summary>
    internal static bool TryParse(ReadOnlySpan<byte> text, out ulong hash) =>
        Utf8Parser.TryParse(text, out hash, out var read, 'x') && read == Digits && text.Length == Digits;
}
