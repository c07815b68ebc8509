using System.Text;

namespace Scoring.Models.Files;

/// <summary>How a file writes the numbers of its amounts.</summary>
internal sealed class AmountText
{
    /// <summary>The longest text that is an amount, in bytes.</summary>
    public const int MaxBytes = 64;

    // What people and spreadsheets write for the same sign.
    private static readonly string[][] Alike = [[" ", "\u00A0", "\u202F"], ["'", "\u2019"]];

    private static readonly byte[][] Spaces = [.. Alike[0].Select(Encoding.UTF8.GetBytes)];
    private static readonly byte[] MinusSign = Encoding.UTF8.GetBytes("\u2212");

    private readonly byte[][] signs;
    private readonly byte[][] thousands;
    private readonly byte point;

    /// <summary>Takes what a map says.</summary>
    /// <param name="signs">The currency signs that may stand before or after the number.</param>
    /// <param name="thousands">What separates thousands; empty where nothing does.</param>
    /// <param name="point">The decimal point.</param>
    public AmountText(IReadOnlyList<string> signs, string thousands, char point)
    {
        this.signs = [.. signs.Select(Encoding.UTF8.GetBytes)];
        this.thousands = thousands.Length == 0 ? [] : [.. (Alike.FirstOrDefault(a => a.Contains(thousands)) ?? [thousands]).Select(Encoding.UTF8.GetBytes)];
        this.point = (byte)point;
        Example = $"{(signs.Count > 0 ? signs[0] : "")}{(thousands.Length > 0 ? $"1{thousands}234" : "12")}{point}34";
    }

    /// <summary>Whether a JSON number is an amount as it stands.</summary>
    public bool IsPlain => point == (byte)'.';

    /// <summary>What an amount looks like, for messages.</summary>
    public string Example { get; }

    /// <summary>
    /// Writes an amount as a JSON number: without its currency sign and its thousands, with a point, and with a minus before it where
    /// one stands before or behind it, or where it is in parentheses.
    /// </summary>
    /// <param name="text">The amount, no spaces around it.</param>
    /// <param name="number">At least <see cref="MaxBytes"/> bytes.</param>
    /// <param name="length">The bytes written.</param>
    /// <returns>False if it is no such amount.</returns>
    public bool TryNormalize(ReadOnlySpan<byte> text, Span<byte> number, out int length)
    {
        length = 0;
        if (text.Length >= MaxBytes)
            return false;
        // At most one currency sign and one mark of a negative, in either order and on either side.
        var (hasSign, hasMark, isNegative) = (false, false, false);
        while ((!hasSign && (hasSign = TrySign(ref text))) || (!hasMark && (hasMark = TryMark(ref text, out isNegative))))
            text = TrimSpaces(text);
        if (isNegative)
            number[length++] = (byte)'-';
        return TryWhole(ref text, number, ref length) && TryRest(text, number, ref length);
    }

    private bool TrySign(ref ReadOnlySpan<byte> text)
    {
        foreach (var sign in signs)
        {
            if (TryTake(ref text, sign))
                return true;
        }

        return false;
    }

    private static bool TryMark(ref ReadOnlySpan<byte> text, out bool isNegative)
    {
        isNegative = true;
        if (text is [(byte)'(', .., (byte)')'])
        {
            text = text[1..^1];
            return true;
        }

        if (text is [(byte)'+', ..])
        {
            isNegative = false;
            text = text[1..];
            return true;
        }

        isNegative = TryTake(ref text, "-"u8) || TryTake(ref text, MinusSign);
        return isNegative;
    }

    private static bool TryTake(ref ReadOnlySpan<byte> text, ReadOnlySpan<byte> sign)
    {
        if (text.StartsWith(sign))
            text = text[sign.Length..];
        else if (text.EndsWith(sign))
            text = text[..^sign.Length];
        else
            return false;
        return true;
    }

    private static ReadOnlySpan<byte> TrimSpaces(ReadOnlySpan<byte> text)
    {
        for (var before = -1; before != text.Length;)
        {
            before = text.Length;
            foreach (var space in Spaces)
                TryTake(ref text, space);
        }

        return text;
    }

    // Thousands stand in groups: 1,234,567, or 12,34,567 as in India. So 12,34 is no number, though its writer may have meant one.
    private bool TryWhole(ref ReadOnlySpan<byte> text, Span<byte> number, ref int length)
    {
        var (group, groups) = (0, 0);
        while (!text.IsEmpty && text[0] != point && (text[0] | 0x20) != 'e')
        {
            if (text[0] is >= (byte)'0' and <= (byte)'9')
            {
                number[length++] = text[0];
                group++;
                text = text[1..];
                continue;
            }

            if (group is 0 or > 3 || (groups > 0 && group < 2) || !TrySeparator(ref text))
                return false;
            (group, groups) = (0, groups + 1);
        }

        return groups == 0 || group == 3;
    }

    private bool TrySeparator(ref ReadOnlySpan<byte> text)
    {
        foreach (var separator in thousands)
        {
            if (!text.StartsWith(separator))
                continue;
            text = text[separator.Length..];
            return true;
        }

        return false;
    }

    // What remains is digits and an exponent; whoever reads the number checks them.
    private bool TryRest(ReadOnlySpan<byte> text, Span<byte> number, ref int length)
    {
        if (!text.IsEmpty && text[0] == point)
        {
            number[length++] = (byte)'.';
            text = text[1..];
        }

        if (text.Contains((byte)'.'))
            return false;
        text.CopyTo(number[length..]);
        length += text.Length;
        return true;
    }
}
