namespace Scoring.Models.Wire;

/// <summary>
/// An amount of money as a whole number of ten-thousandths of its currency's unit, so that sums are exact
/// and windows that add and remove amounts never drift.
/// </summary>
public static class Money
{
    /// <summary>Units in one currency unit: an amount keeps 4 decimal places.</summary>
    public const long UnitsPerOne = 10_000;

    /// <summary>
    /// The largest magnitude that is an amount and not a mistake, 100 billion currency units. Below it the
    /// units of one amount are an exact double, and the squares of 10^8 amounts still fit an Int128.
    /// </summary>
    public const long MaxUnits = 100_000_000_000 * UnitsPerOne;

    // Larger than any text's digits, so that clamping an exponent never changes what a number means.
    private const int MaxExponent = 1_000_000;

    /// <summary>
    /// Reads a JSON number (sign, digits, fraction, exponent) and rounds it half to even at 4 places. The
    /// rounding is exact for any number of digits, which parsing by way of a 28-digit decimal is not.
    /// </summary>
    /// <param name="text">The number's ASCII text, nothing around it.</param>
    /// <param name="units">The amount in ten-thousandths.</param>
    /// <returns>False if the text is no number or its magnitude is above <see cref="MaxUnits"/>.</returns>
    public static bool TryParse(ReadOnlySpan<byte> text, out long units)
    {
        units = 0;
        var i = 0;
        var negative = text.Length > 0 && text[0] == (byte)'-';
        if (negative || (text.Length > 0 && text[0] == (byte)'+'))
            i++;

        var mantissa = text[i..];
        var digitsEnd = 0;
        var point = -1;
        var digits = 0;
        for (; digitsEnd < mantissa.Length; digitsEnd++)
        {
            var c = mantissa[digitsEnd];
            if (c == (byte)'.' && point < 0)
                point = digitsEnd;
            else if (c is >= (byte)'0' and <= (byte)'9')
                digits++;
            else
                break;
        }

        if (digits == 0 || !TryReadExponent(mantissa[digitsEnd..], out var exponent))
            return false;

        // The decimal point sits after this many digits of the mantissa once the exponent is applied; the
        // four places that an amount keeps are whole digits of the result.
        var wholeDigits = (point < 0 ? digits : point) + exponent + 4;
        long value = 0;
        var seen = 0;
        var roundDigit = 0;
        var sticky = false;
        for (var k = 0; k < digitsEnd; k++)
        {
            if (k == point)
                continue;
            var digit = mantissa[k] - '0';
            if (seen < wholeDigits)
            {
                value = (value * 10) + digit;
                if (value > MaxUnits)
                    return false;
            }
            else if (seen == wholeDigits)
            {
                roundDigit = digit;
            }
            else
            {
                sticky |= digit != 0;
            }

            seen++;
        }

        for (; seen < wholeDigits && value != 0; seen++)
        {
            value *= 10;
            if (value > MaxUnits)
                return false;
        }

        if (roundDigit > 5 || (roundDigit == 5 && (sticky || (value & 1) == 1)))
            value++;
        if (value > MaxUnits)
            return false;
        units = negative ? -value : value;
        return true;
    }

    /// <summary>The amount as the double nearest to it, in currency units.</summary>
    /// <param name="units">The amount in ten-thousandths.</param>
    public static double ToDouble(long units) => (double)units / UnitsPerOne;

    private static bool TryReadExponent(ReadOnlySpan<byte> text, out int exponent)
    {
        exponent = 0;
        if (text.IsEmpty)
            return true;
        if (text[0] is not ((byte)'e' or (byte)'E') || text.Length < 2)
            return false;
        var negative = text[1] == (byte)'-';
        var digits = text[(negative || text[1] == (byte)'+' ? 2 : 1)..];
        if (digits.IsEmpty)
            return false;
        foreach (var c in digits)
        {
            if (c is < (byte)'0' or > (byte)'9')
                return false;
            exponent = Math.Min(MaxExponent, (exponent * 10) + (c - '0'));
        }

        if (negative)
            exponent = -exponent;
        return true;
    }
}
