using System.Text;
using Scoring.Models.Wire;
using Scoring.Models.Yaml;

namespace Scoring.Models.Files;

/// <summary>
/// Reads the rows of a CSV file or of JSON lines, and of each the values of some columns, in constant memory. A row that can't be read
/// is told with its line, and reading goes on behind it.
/// </summary>
internal sealed class RowReader : IDisposable
{
    private const int ShownColumns = 40;

    private readonly Stream content;
    private readonly ByteLines lines;
    private readonly CsvRows? csv;
    private readonly JsonRow? json;
    private readonly int[] places = [];
    private readonly int width;

    /// <summary>Starts reading; of a CSV file, reads its header.</summary>
    /// <param name="content">The content in UTF-8, at its beginning, which is disposed with the reader.</param>
    /// <param name="format">How it is written.</param>
    /// <param name="columns">The columns that are wanted.</param>
    /// <param name="text">What stands between and around fields.</param>
    /// <param name="name">The file's name, for messages.</param>
    /// <exception cref="EventFileException">There is no header, or it lacks columns; the message lists all of them.</exception>
    public RowReader(Stream content, EventFileFormat format, IReadOnlyList<string> columns, TextLayout text, string name)
    {
        this.content = content;
        lines = new ByteLines(content, Transaction.MaxPayloadBytes, name);
        Row = new RowSlices(lines.Buffer, columns.Count);
        while (lines.End < Encoding.UTF8.Preamble.Length && lines.Fill())
        {
        }

        if (lines.Buffer.AsSpan(0, lines.End).StartsWith(Encoding.UTF8.Preamble))
            lines.Advance(Encoding.UTF8.Preamble.Length, 0);
        if (format == EventFileFormat.JsonLines)
        {
            json = new JsonRow(lines.Buffer, columns);
            return;
        }

        csv = new CsvRows(lines, text.Delimiter, text.Quote);
        if (!csv.Read(out _, out var error) || error is not null)
            throw new EventFileException($"{name}:1: no header row: {error ?? "the file is empty"}");
        (places, width) = Header(csv.Texts(), columns, name);
    }

    /// <summary>The values of the row that was read last, by the columns' index.</summary>
    public RowSlices Row { get; }

    /// <summary>Where they stand; of a fixed length, and changed by each reading.</summary>
    public byte[] Buffer => lines.Buffer;

    /// <summary>Opens a file.</summary>
    /// <param name="file">The file as it is on the disk, at its beginning; it stays open.</param>
    /// <param name="columns">The columns that are wanted.</param>
    /// <param name="text">How it is written.</param>
    /// <param name="name">Its name, which says whether it is compressed, and CSV or JSON lines.</param>
    /// <exception cref="EventFileException">It is no such file.</exception>
    public static RowReader Open(Stream file, IReadOnlyList<string> columns, TextLayout text, string name)
    {
        var content = FileContent.Open(file, name, text.Encoding);
        try
        {
            return new RowReader(content, FileContent.FormatOf(name), columns, text, name);
        }
        catch
        {
            content.Dispose();
            throw;
        }
    }

    /// <summary>Reads the next row.</summary>
    /// <param name="line">The line on which it begins.</param>
    /// <param name="error">What is wrong with it; null if <see cref="Row"/> holds its values.</param>
    /// <returns>False at the end of the file.</returns>
    public bool Read(out long line, out string? error) => csv is null ? ReadJson(out line, out error) : ReadCsv(csv, out line, out error);

    /// <inheritdoc/>
    public void Dispose() => content.Dispose();

    private static (int[] Places, int Width) Header(string[] header, IReadOnlyList<string> columns, string name)
    {
        var places = new int[columns.Count];
        var errors = new List<string>();
        for (var i = 0; i < places.Length; i++)
        {
            places[i] = Array.IndexOf(header, columns[i]);
            if (places[i] < 0)
                errors.Add($"{name}:1: the map names column '{columns[i]}'{ClosestName.Hint(columns[i], header.Select(ShownText.Of))}; the header has {Shown(header)}");
            else if (Array.LastIndexOf(header, columns[i]) != places[i])
                errors.Add($"{name}:1: the header has column '{columns[i]}' twice");
        }

        return errors.Count == 0 ? (places, header.Length) : throw new EventFileException(string.Join('\n', errors));
    }

    private static string Shown(string[] header) =>
        string.Join(", ", header.Take(ShownColumns).Select(ShownText.Of)) + (header.Length > ShownColumns ? $", … ({header.Length} columns)" : "");

    private bool ReadCsv(CsvRows rows, out long line, out string? error)
    {
        if (!rows.Read(out line, out error))
            return false;
        if (error is null && rows.Fields.Count != width)
            error = $"{rows.Fields.Count} fields where the header has {width}";
        for (var column = 0; error is null && column < places.Length; column++)
            Row[column] = rows.Fields[places[column]];
        return true;
    }

    private bool ReadJson(out long line, out string? error)
    {
        error = null;
        while (true)
        {
            var length = lines.Buffer.AsSpan(lines.Start, lines.End - lines.Start).IndexOf((byte)'\n');
            if (length < 0 && lines.Fill())
                continue;
            line = lines.Line;
            if (length < 0 && !lines.IsLast)
            {
                lines.SkipLine();
                error = $"longer than {lines.Buffer.Length} bytes";
                return true;
            }

            var (start, end) = (lines.Start, length < 0 ? lines.End : lines.Start + length);
            if (length < 0 && start == end)
                return false;
            lines.Advance(length < 0 ? end : end + 1, 1);
            if (lines.Buffer.AsSpan(start, end - start).Trim("\r \t"u8).IsEmpty)
                continue;
            error = json!.Read(start, end, Row);
            return true;
        }
    }
}
