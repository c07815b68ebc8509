namespace Scoring.Host.Commands;

/// <summary>Reads the records of a CSV file: a line, or several where a quoted field holds line ends.</summary>
internal sealed class CsvRecords(TextReader input)
{
    private const int FirstBuffer = 64 * 1024;

    // A quote that is never closed makes one record of the rest of the file.
    private const int LongestRecord = 1024 * 1024;

    private char[] buffer = new char[FirstBuffer];
    private int start;
    private int end;
    private int lineCount;

    /// <summary>The line on which the record begins that was read last, 1 and up.</summary>
    public int Line { get; private set; }

    /// <summary>Reads the next record.</summary>
    /// <param name="record">Its text without the line end behind it, valid until the next call.</param>
    /// <returns>False at the end.</returns>
    /// <exception cref="InvalidDataException">A record is too long.</exception>
    public bool TryRead(out ReadOnlySpan<char> record)
    {
        Line = lineCount + 1;
        var (seen, quotes) = (0, 0);
        while (true)
        {
            var text = buffer.AsSpan(start + seen, end - start - seen);
            var lineEnd = text.IndexOf('\n');
            if (lineEnd < 0 && Fill())
                continue;
            var length = lineEnd < 0 ? text.Length : lineEnd;
            quotes += text[..length].Count('"');
            lineCount += lineEnd >= 0 || length > 0 ? 1 : 0;
            seen += length;
            if (lineEnd >= 0 && quotes % 2 != 0)
            {
                seen++;
                continue;
            }

            record = buffer.AsSpan(start, seen).TrimEnd('\r');
            var isEnd = lineEnd < 0 && seen == 0;
            start += seen + (lineEnd < 0 ? 0 : 1);
            return !isEnd;
        }
    }

    // Whatever of the record was looked at is looked at again: a record is seldom longer than the buffer.
    private bool Fill()
    {
        if (start == 0 && end == buffer.Length)
        {
            if (buffer.Length == LongestRecord)
                throw new InvalidDataException($"line {Line}: a record is longer than {LongestRecord} characters, or a quote is never closed");
            Array.Resize(ref buffer, buffer.Length * 2);
        }

        buffer.AsSpan(start, end - start).CopyTo(buffer);
        (start, end) = (0, end - start);
        var read = input.Read(buffer, end, buffer.Length - end);
        end += read;
        return read > 0;
    }
}
