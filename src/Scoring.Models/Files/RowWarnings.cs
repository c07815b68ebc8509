using System.Globalization;
using System.Text;
using Scoring.Models.Wire;

namespace Scoring.Models.Files;

/// <summary>
/// Counts what is odd about rows that are events, and remembers the first of each kind: ids that a spreadsheet rounded, and times that
/// go back.
/// </summary>
internal sealed class RowWarnings(IEnumerable<TransactionField> mapped)
{
    // Rows that were written at the same time may be in any order; a day is more than that.
    private const long MicrosBack = EventTime.MicrosPerDay;

    private static readonly TransactionField[] Ids =
        [TransactionField.TransactionId, TransactionField.CardId, TransactionField.UserId, TransactionField.MerchantId, TransactionField.TerminalId, TransactionField.DeviceId];

    private readonly TransactionField[] ids = [.. Ids.Intersect(mapped)];

    private readonly (long Count, long Line, string Text)[] rounded = new (long, long, string)[(int)TransactionField.Ip + 1];
    private long newest = long.MinValue;
    private long newestLine;
    private (long Count, long Line, long Before) back;

    /// <summary>Looks at a row.</summary>
    public void Look(long line, in Transaction transaction)
    {
        foreach (var field in ids)
        {
            var text = transaction.Field(field);
            if (text.Length >= 4 && text[0] is >= (byte)'0' and <= (byte)'9' && IsRounded(text))
                rounded[(int)field] = rounded[(int)field] is { Count: > 0 } first ? first with { Count = first.Count + 1 } : (1, line, Encoding.UTF8.GetString(text));
        }

        if (transaction.EventTimeMicros >= newest)
            (newest, newestLine) = (transaction.EventTimeMicros, line);
        else if (newest - transaction.EventTimeMicros > MicrosBack)
            back = back.Count > 0 ? back with { Count = back.Count + 1 } : (1, line, newestLine);
    }

    /// <summary>One sentence a kind.</summary>
    public IReadOnlyList<string> Sentences()
    {
        var sentences = new List<string>();
        foreach (var field in ids)
        {
            var (count, line, text) = rounded[(int)field];
            if (count > 0)
                sentences.Add(string.Create(CultureInfo.InvariantCulture, $"{TransactionDecoder.NameOf(field)} is in scientific notation in line {line}, '{ShownText.Of(text)}' ({Such(count)}): a spreadsheet rounded it, so different ids have become one; export the column as text"));
        }

        if (back.Count > 0)
            sentences.Add(string.Create(CultureInfo.InvariantCulture, $"line {back.Line} is more than a day older than line {back.Before} before it ({Such(back.Count)}): windows and labels want the order of time; sort the file by it"));
        return sentences;
    }

    private static string Such(long count) => string.Create(CultureInfo.InvariantCulture, $"{count:N0} such row{(count == 1 ? "" : "s")}");

    // 1.23E+15: digits, perhaps a fraction, and an exponent.
    private static bool IsRounded(ReadOnlySpan<byte> text)
    {
        // Every row's ids come by here: an exponent of at most three digits is looked for at the end alone.
        var e = text.Length - 2;
        while (e > 0 && e >= text.Length - 5 && (text[e] | 0x20) != 'e')
            e--;
        if (e < 1 || e < text.Length - 5)
            return false;
        var exponent = text[(e + 1)..].TrimStart((byte)'+');
        var point = text[..e].IndexOf((byte)'.');
        return AreDigits(exponent) && exponent.Length <= 3 && AreDigits(point < 0 ? text[..e] : text[..point]) && (point < 0 ? text[e + 1] == '+' : AreDigits(text[(point + 1)..e]));
    }

    private static bool AreDigits(ReadOnlySpan<byte> text) => !text.IsEmpty && !text.ContainsAnyExceptInRange((byte)'0', (byte)'9');
}
