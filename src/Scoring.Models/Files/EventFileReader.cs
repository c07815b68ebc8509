using System.Text;
using System.Text.Unicode;
using Scoring.Models.Wire;

namespace Scoring.Models.Files;

/// <summary>
/// Reads events from a stream, row by row, in constant memory and without allocating for good rows. A row that
/// is no event is returned with its line and what is wrong with it, and reading goes on behind it.
/// </summary>
public sealed class EventFileReader
{
    private readonly ByteLines lines;
    private readonly RowSlices slices = new();
    private readonly RowComposer composer;
    private readonly CsvRows? csv;
    private readonly JsonRow? json;
    private readonly int[] columns = [];
    private readonly int columnCount;

    /// <summary>Starts reading; of a CSV file, reads its header.</summary>
    /// <param name="stream">The file, uncompressed, at its beginning.</param>
    /// <param name="map">How its columns become events.</param>
    /// <param name="format">How it is written.</param>
    /// <param name="sourceName">Its name, for messages.</param>
    /// <exception cref="EventFileException">The header lacks mapped columns; the message lists all of them.</exception>
    public EventFileReader(Stream stream, EventFileMap map, EventFileFormat format, string sourceName)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(map);
        lines = new ByteLines(stream, Transaction.MaxPayloadBytes);
        composer = new RowComposer(map, lines.Buffer);
        while (lines.End < 3 && lines.Fill())
        {
        }

        if (lines.Buffer.AsSpan(0, lines.End).StartsWith(Encoding.UTF8.Preamble))
            lines.Advance(3, 0);
        var names = ColumnNames(map);
        if (format == EventFileFormat.JsonLines)
        {
            json = new JsonRow(lines.Buffer, names);
            return;
        }

        csv = new CsvRows(lines, (byte)map.Delimiter);
        if (!csv.Read(out _, out var error) || error is not null)
            throw new EventFileException($"{sourceName}:1: no header row: {error ?? "the file is empty"}");
        (columns, columnCount) = Header(csv.Texts(), names, sourceName);
    }

    /// <summary>Reads the next row.</summary>
    /// <param name="row">The row; what it refers to is valid until the next call.</param>
    /// <returns>False at the end of the file.</returns>
    public bool Read(out EventFileRow row) => csv is null ? ReadJson(out row) : ReadCsv(csv, out row);

    private static List<(string Name, int Slice)> ColumnNames(EventFileMap map)
    {
        var names = map.Fields.Select(f => (f.Value, (int)f.Key)).ToList();
        names.Add((map.AmountColumn, RowSlices.Amount));
        names.Add((map.TimeColumn, RowSlices.Time));
        if (map.LabelColumn is not null)
            names.Add((map.LabelColumn, RowSlices.Label));
        return names;
    }

    private static (int[] Columns, int Count) Header(string[] header, List<(string Name, int Slice)> names, string sourceName)
    {
        var columns = new int[RowSlices.Label + 1];
        Array.Fill(columns, -1);
        var errors = new List<string>();
        foreach (var (name, slice) in names)
        {
            columns[slice] = Array.IndexOf(header, name);
            if (columns[slice] < 0)
                errors.Add($"{sourceName}:1: the map names column '{name}', but the header has {string.Join(", ", header)}");
            else if (Array.LastIndexOf(header, name) != columns[slice])
                errors.Add($"{sourceName}:1: the header has column '{name}' twice");
        }

        return errors.Count == 0 ? (columns, header.Length) : throw new EventFileException(string.Join('\n', errors));
    }

    private bool ReadCsv(CsvRows rows, out EventFileRow row)
    {
        row = default;
        if (!rows.Read(out var line, out var error))
            return false;
        if (error is null && rows.Fields.Count != columnCount)
            error = $"{rows.Fields.Count} fields where the header has {columnCount}";
        if (error is null && !Utf8.IsValid(rows.Row))
            error = "not valid UTF-8";
        if (error is not null)
        {
            row = new EventFileRow(line, error, default, null);
            return true;
        }

        for (var slice = 0; slice < columns.Length; slice++)
            slices[slice] = columns[slice] < 0 ? default : rows.Fields[columns[slice]];
        row = composer.Compose(line, slices);
        return true;
    }

    private bool ReadJson(out EventFileRow row)
    {
        row = default;
        while (true)
        {
            var length = lines.Buffer.AsSpan(lines.Start, lines.End - lines.Start).IndexOf((byte)'\n');
            if (length < 0 && lines.Fill())
                continue;
            var line = lines.Line;
            if (length < 0 && !lines.IsLast)
            {
                lines.SkipLine();
                row = new EventFileRow(line, $"longer than {lines.Buffer.Length} bytes", default, null);
                return true;
            }

            var (start, end) = (lines.Start, length < 0 ? lines.End : lines.Start + length);
            if (length < 0 && start == end)
                return false;
            lines.Advance(length < 0 ? end : end + 1, 1);
            if (lines.Buffer.AsSpan(start, end - start).Trim("\r \t"u8).IsEmpty)
                continue;
            var error = json!.Read(start, end, slices);
            row = error is null ? composer.Compose(line, slices) : new EventFileRow(line, error, default, null);
            return true;
        }
    }
}
