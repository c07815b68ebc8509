namespace Scoring.Models.Wire;

/// <summary>Tells raw card numbers, which must not enter the system, from tokens.</summary>
public static class CardNumbers
{
    private const int MinDigits = 13;
    private const int MaxDigits = 19;

    /// <summary>
    /// Whether the text is a card number: 13 to 19 digits, spaces and hyphens between them allowed, whose
    /// check digit is right (Luhn's formula, ISO/IEC 7812-1, annex B).
    /// </summary>
    /// <param name="text">ASCII text.</param>
    public static bool IsCardNumber(ReadOnlySpan<byte> text)
    {
        var digits = 0;
        var sum = 0;
        for (var i = text.Length - 1; i >= 0; i--)
        {
            var c = text[i];
            if (c is (byte)' ' or (byte)'-')
                continue;
            if (c is < (byte)'0' or > (byte)'9')
                return false;
            var digit = c - '0';
            if (digits % 2 == 1)
                digit = digit > 4 ? (2 * digit) - 9 : 2 * digit;
            sum += digit;
            digits++;
        }

        return digits is >= MinDigits and <= MaxDigits && sum % 10 == 0;
    }
}
