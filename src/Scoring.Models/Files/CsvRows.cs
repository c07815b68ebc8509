using System.Text;

namespace Scoring.Models.Files;

/// <summary>
/// Splits CSV (RFC 4180, with any delimiter, and any quote or none) into rows and fields. Fields are slices of the buffer; quoted ones
/// are unescaped in place.
/// </summary>
internal sealed class CsvRows(ByteLines lines, byte delimiter, byte? quote)
{
    private readonly List<(int Offset, int Length)> fields = [];
    private readonly List<int> escaped = [];

    // No byte is equal to it where fields are not quoted.
    private readonly int mark = quote ?? -1;

    private enum Outcome
    {
        Row,
        NeedsMore,
        TextAfterQuote,
    }

    public IReadOnlyList<(int Offset, int Length)> Fields => fields;

    private string Remedy => $"double a quote inside quotes ({(char)mark}{(char)mark}), or name another one with quote in the map";

    /// <summary>Reads the next row that is not empty.</summary>
    /// <param name="line">The line on which it begins.</param>
    /// <param name="error">Why it could not be split; null if it could.</param>
    /// <returns>False at the end.</returns>
    public bool Read(out long line, out string? error)
    {
        while (true)
        {
            line = lines.Line;
            error = null;
            switch (Split(out var next, out var lineCount))
            {
                case Outcome.Row:
                    lines.Advance(next, lineCount);
                    if (fields.Count == 1 && fields[0].Length == 0)
                        continue;
                    Unescape();
                    return true;
                case Outcome.NeedsMore when lines.Start == lines.End && lines.IsLast:
                    return false;
                case Outcome.NeedsMore when lines.Fill():
                    continue;
                case Outcome.NeedsMore when lines.IsLast:
                    error = $"a quoted field is not closed; {Remedy}";
                    break;
                case Outcome.NeedsMore:
                    error = $"longer than {lines.Buffer.Length} bytes, or a quoted field is not closed";
                    break;
                default:
                    error = $"text follows a closing quote; {Remedy}";
                    break;
            }

            lines.SkipLine();
            return true;
        }
    }

    private Outcome Split(out int next, out int lineCount)
    {
        fields.Clear();
        escaped.Clear();
        var buffer = lines.Buffer.AsSpan(0, lines.End);
        next = lines.Start;
        lineCount = 1;
        if (next == lines.End)
            return Outcome.NeedsMore;
        while (true)
        {
            int end;
            if (next < buffer.Length && buffer[next] == mark)
            {
                var outcome = Quoted(buffer, next, ref lineCount, out end);
                if (outcome != Outcome.Row)
                    return outcome;
            }
            else
            {
                var length = buffer[next..].IndexOfAny(delimiter, (byte)'\n');
                if (length < 0 && !lines.IsLast)
                    return Outcome.NeedsMore;
                end = length < 0 ? buffer.Length : next + length;
                var atLineEnd = end == buffer.Length || buffer[end] == (byte)'\n';
                fields.Add((next, end - next - (atLineEnd && end > next && buffer[end - 1] == (byte)'\r' ? 1 : 0)));
            }

            next = Math.Min(end + 1, buffer.Length);
            if (end == buffer.Length || buffer[end] == (byte)'\n')
                return Outcome.Row;
        }
    }

    private Outcome Quoted(ReadOnlySpan<byte> buffer, int open, ref int lineCount, out int end)
    {
        end = open + 1;
        var hasQuotes = false;
        while (true)
        {
            var length = buffer[end..].IndexOf((byte)mark);
            if (length < 0)
                return Outcome.NeedsMore;
            lineCount += buffer.Slice(end, length).Count((byte)'\n');
            end += length;
            if (end + 1 == buffer.Length && !lines.IsLast)
                return Outcome.NeedsMore;
            if (end + 1 == buffer.Length || buffer[end + 1] != mark)
                break;
            hasQuotes = true;
            end += 2;
        }

        if (hasQuotes)
            escaped.Add(fields.Count);
        fields.Add((open + 1, end - open - 1));
        end++;
        if (end < buffer.Length && buffer[end] == (byte)'\r')
        {
            if (end + 1 == buffer.Length && !lines.IsLast)
                return Outcome.NeedsMore;
            end = end + 1 < buffer.Length && buffer[end + 1] == (byte)'\n' ? end + 1 : end;
        }

        return end == buffer.Length || buffer[end] == delimiter || buffer[end] == (byte)'\n' ? Outcome.Row : Outcome.TextAfterQuote;
    }

    private void Unescape()
    {
        foreach (var index in escaped)
        {
            var (offset, length) = fields[index];
            var text = lines.Buffer.AsSpan(offset, length);
            var to = 0;
            for (var from = 0; from < text.Length; from++)
            {
                text[to++] = text[from];
                if (text[from] == mark)
                    from++;
            }

            fields[index] = (offset, to);
        }
    }

    /// <summary>The fields as texts, for a header.</summary>
    public string[] Texts() => [.. fields.Select(f => Encoding.UTF8.GetString(lines.Buffer, f.Offset, f.Length))];
}
