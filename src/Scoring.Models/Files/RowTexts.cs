using System.Buffers.Text;
using Scoring.Models.Wire;

namespace Scoring.Models.Files;

/// <summary>The texts of a row that are not one column's as it stands. They lie one after the other in a payload of their own.</summary>
internal sealed class RowTexts(IReadOnlyList<string> columns)
{
    private int used;

    public byte[] Payload { get; } = new byte[Transaction.MaxPayloadBytes];

    public void Clear() => used = 0;

    /// <summary>Makes a text.</summary>
    /// <param name="source">What it is made of.</param>
    /// <param name="line">The row's line.</param>
    /// <param name="row">The row's values.</param>
    /// <param name="slice">Where it stands in <see cref="Payload"/>; empty where all that it is made of is.</param>
    /// <returns>Null if it was made; else what is wrong, to stand behind the field's name.</returns>
    public string? Append(TextSource source, long line, RowSlices row, out (int Offset, int Length) slice)
    {
        slice = default;
        var start = used;
        if (!TryAppend(source.Prefix))
            return TooLong;
        var (body, wrong) = (used, (string?)null);
        if (source.Constant is { } constant)
            wrong = TryAppend(constant) ? null : TooLong;
        else if (source.IsLine)
            wrong = TryAppendNumber(line) ? null : TooLong;
        else
            wrong = AppendColumns(source, row);
        // Nothing but separators is nothing.
        if (wrong is not null || used == body || used - body == (source.Columns.Length - 1) * source.Separator.Length)
            used = start;
        else
            slice = (start, used - start);
        return wrong;
    }

    private static string TooLong => $"is longer than {Transaction.MaxPayloadBytes} bytes with the row's other texts";

    private string? AppendColumns(TextSource source, RowSlices row)
    {
        for (var i = 0; i < source.Columns.Length; i++)
        {
            var part = row.Text(source.Columns[i]);
            if (source.Strip.Length > 0)
                part = part.Trim(source.Strip);
            var isLast = i == source.Columns.Length - 1;
            // Or the columns a-b and c would make the same text as a and b-c.
            if (!isLast && source.Separator.Length > 0 && part.IndexOf(source.Separator) >= 0)
                return $"can't be told apart: column '{ShownText.Of(columns[source.Columns[i]])}' holds '{ShownText.Of(source.Separator)}', which stands between the columns; choose another separator";
            if (!TryAppend(part) || (!isLast && !TryAppend(source.Separator)))
                return TooLong;
        }

        return null;
    }

    private bool TryAppend(ReadOnlySpan<byte> text)
    {
        if (!text.TryCopyTo(Payload.AsSpan(used)))
            return false;
        used += text.Length;
        return true;
    }

    private bool TryAppendNumber(long number)
    {
        if (!Utf8Formatter.TryFormat(number, Payload.AsSpan(used), out var written))
            return false;
        used += written;
        return true;
    }
}
