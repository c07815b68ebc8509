using System.Buffers;
using System.Globalization;
using System.Text;
using Scoring.Models.Wire;

namespace Scoring.Models.Files;

/// <summary>
/// A file's text as a message may show it: at most 40 bytes of it, what is not printable as an escape (a terminal would obey it),
/// and of a long number its first digits only (it may be a card number).
/// </summary>
internal static class ShownText
{
    private const int MaxBytes = 40;

    // Card numbers have 13 digits at least, and their first six may be shown (PCI DSS, requirement 3.4).
    private const int LongNumber = 13;
    private const int ShownDigits = 6;

    private static readonly SearchValues<byte> NumberBytes = SearchValues.Create("0123456789 -"u8);

    public static string Of(ReadOnlySpan<byte> text)
    {
        if (CardNumbers.IsCardNumber(text))
            return "(a card number)";
        var shown = new StringBuilder();
        for (var at = 0; at < text.Length;)
        {
            if (at >= MaxBytes)
                return shown.Append('…').ToString();
            var run = text[at..].IndexOfAnyExcept(NumberBytes);
            var number = run < 0 ? text[at..] : text.Slice(at, run);
            if (number.IsEmpty)
                at += Append(shown, text[at..]);
            else
                at += AppendNumber(shown, number, MaxBytes - at);
        }

        return shown.ToString();
    }

    public static string Of(string text) => Of(Encoding.UTF8.GetBytes(text));

    private static int AppendNumber(StringBuilder shown, ReadOnlySpan<byte> number, int room)
    {
        var digits = number.Length - number.Count((byte)' ') - number.Count((byte)'-');
        if (digits < LongNumber)
        {
            shown.Append(Encoding.ASCII.GetString(number[..Math.Min(number.Length, room)]));
            return Math.Min(number.Length, room);
        }

        shown.Append(Encoding.ASCII.GetString(number[..ShownDigits])).Append(CultureInfo.InvariantCulture, $"…({digits} digits)");
        return number.Length;
    }

    private static int Append(StringBuilder shown, ReadOnlySpan<byte> text)
    {
        if (Rune.DecodeFromUtf8(text, out var rune, out var length) != OperationStatus.Done)
            shown.Append(CultureInfo.InvariantCulture, $"\\x{text[0]:X2}");
        else if (IsPrintable(rune))
            shown.Append(rune.ToString());
        else
            shown.Append(CultureInfo.InvariantCulture, $"\\u{{{rune.Value:X}}}");
        return length == 0 ? 1 : length;
    }

    // Of the separators only the space: the others begin a line, or look like nothing.
    private static bool IsPrintable(Rune rune) => rune.Value == ' ' || Rune.GetUnicodeCategory(rune) is not
        (UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned
        or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.SpaceSeparator);
}
