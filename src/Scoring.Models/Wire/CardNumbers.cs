namespace Scoring.Models.Wire;

/// <summary>Tells raw card numbers, which must not enter the system, from tokens.</summary>
public static class CardNumbers
{
    private const int MinDigits = 13;
    private const int MaxDigits = 19;

    /// <summary>
    /// Whether the text is a card number: 13 to 19 digits, spaces and dashes of any kind between them allowed, whose
    /// check digit is right (Luhn's formula, ISO/IEC 7812-1, annex B).
    /// </summary>
    /// <param name="text">Text in UTF-8.</param>
    public static bool IsCardNumber(ReadOnlySpan<byte> text) =>
        // Most ids are shorter, and pay for no room for digits.
        text.Length >= MinDigits && AreCardNumber(text);

    private static bool AreCardNumber(ReadOnlySpan<byte> text)
    {
        Span<byte> digits = stackalloc byte[MaxDigits];
        var count = 0;
        while (!text.IsEmpty)
        {
            if (text[0] is >= (byte)'0' and <= (byte)'9')
            {
                if (count == MaxDigits)
                    return false;
                digits[count++] = (byte)(text[0] - '0');
                text = text[1..];
            }
            else if (SeparatorBytes(text) is > 0 and var bytes)
            {
                text = text[bytes..];
            }
            else
            {
                return false;
            }
        }

        return count >= MinDigits && HasCheckDigit(digits[..count]);
    }

    // ASCII's, the no-break, figure, thin and narrow spaces, the soft hyphen, the dashes U+2010 to U+2015, and the minus.
    private static int SeparatorBytes(ReadOnlySpan<byte> text) => text switch
    {
        [(byte)' ' or (byte)'-' or (byte)'\t', ..] => 1,
        [0xC2, 0xA0 or 0xAD, ..] => 2,
        [0xE2, 0x80, (>= 0x80 and <= 0x8A) or (>= 0x90 and <= 0x95) or 0xAF, ..] => 3,
        [0xE2, 0x88, 0x92, ..] => 3,
        _ => 0,
    };

    private static bool HasCheckDigit(ReadOnlySpan<byte> digits)
    {
        var sum = 0;
        for (var fromRight = 0; fromRight < digits.Length; fromRight++)
        {
            int digit = digits[^(fromRight + 1)];
            if (fromRight % 2 == 1)
                digit = digit > 4 ? (2 * digit) - 9 : 2 * digit;
            sum += digit;
        }

        return sum % 10 == 0;
    }
}
