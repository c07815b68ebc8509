using System.Buffers.Text;

namespace Scoring.Models.Files;

/// <summary>Numbers of a file, without the rounding of a double.</summary>
internal static class ExactNumber
{
    // So that digits times a unit of 64 bits fit an Int128, and ten times that too.
    private const int MaxDigits = 18;

    // Larger than any text's digits, so that clamping an exponent never changes what a number means.
    private const int MaxExponent = 1_000_000;

    private static readonly Int128 Largest = Int128.MaxValue / 10;

    /// <summary>Reads a decimal number, with an exponent too (1e+05), as a multiple of a unit.</summary>
    /// <param name="text">Its text, nothing around it.</param>
    /// <param name="unit">What 1 stands for.</param>
    /// <param name="value">The number times the unit; what is less than 1 of it is cut off.</param>
    /// <param name="isNumber">Whether the text is a number at all.</param>
    /// <returns>False if the text is no number, or one so large that it can't be meant.</returns>
    public static bool TryReadMultiple(ReadOnlySpan<byte> text, long unit, out Int128 value, out bool isNumber)
    {
        if (Utf8Parser.TryParse(text, out long whole, out var used) && used == text.Length)
        {
            value = (Int128)whole * unit;
            return isNumber = true;
        }

        value = 0;
        isNumber = TryDigits(text, out var negative, out var digits, out var scale);
        if (!isNumber || !TryScale(digits, unit, scale, out var product))
            return false;
        value = negative ? -product : product;
        return true;
    }

    // The number is digits / 10^scale.
    private static bool TryDigits(ReadOnlySpan<byte> text, out bool negative, out long digits, out int scale)
    {
        (digits, scale) = (0, 0);
        negative = text is [(byte)'-', ..];
        var at = negative || text is [(byte)'+', ..] ? 1 : 0;
        var (any, point, kept) = (false, false, 0);
        for (; at < text.Length && (text[at] is >= (byte)'0' and <= (byte)'9' || (text[at] == '.' && !point)); at++)
        {
            if (text[at] == '.')
            {
                point = true;
                continue;
            }

            any = true;
            if (kept < MaxDigits)
            {
                digits = (digits * 10) + (text[at] - '0');
                kept += digits > 0 ? 1 : 0;
                scale += point ? 1 : 0;
            }
            else if (!point)
            {
                scale--;
            }
        }

        if (!any || !TryExponent(text[at..], out var exponent))
            return false;
        scale -= exponent;
        return true;
    }

    private static bool TryExponent(ReadOnlySpan<byte> text, out int exponent)
    {
        exponent = 0;
        if (text.IsEmpty)
            return true;
        if (text[0] is not ((byte)'e' or (byte)'E'))
            return false;
        var negative = text is [_, (byte)'-', ..];
        var digits = text[(negative || text is [_, (byte)'+', ..] ? 2 : 1)..];
        if (digits.IsEmpty || digits.ContainsAnyExceptInRange((byte)'0', (byte)'9'))
            return false;
        foreach (var digit in digits)
            exponent = Math.Min(MaxExponent, (exponent * 10) + (digit - '0'));
        exponent = negative ? -exponent : exponent;
        return true;
    }

    private static bool TryScale(long digits, long unit, int scale, out Int128 product)
    {
        product = (Int128)digits * unit;
        for (; scale > 0 && product != 0; scale--)
            product /= 10;
        for (; scale < 0 && product != 0; scale++)
        {
            if (product > Largest)
                return false;
            product *= 10;
        }

        return true;
    }
}
