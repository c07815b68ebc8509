using System.Globalization;
using Scoring.Models.Wire;

namespace Scoring.Models.Files;

/// <summary>
/// Reads events from a file, row by row, in constant memory and without allocating for good rows. A row that
/// is no event is returned with its line and what is wrong with it, and reading goes on behind it.
/// </summary>
public sealed class EventFileReader : IDisposable
{
    private readonly RowReader rows;
    private readonly RowComposer composer;
    private readonly LabelSet? labels;

    /// <summary>Starts reading content; of CSV, reads its header.</summary>
    /// <param name="content">The content, uncompressed and in UTF-8, at its beginning, which is disposed with the reader.</param>
    /// <param name="map">How its columns become events; labels of a second file are not read.</param>
    /// <param name="format">How it is written.</param>
    /// <param name="sourceName">Its name, for messages.</param>
    /// <exception cref="EventFileException">The header lacks mapped columns; the message lists all of them.</exception>
    public EventFileReader(Stream content, EventFileMap map, EventFileFormat format, string sourceName)
        : this(new RowReader(content, format, NotNull(map).Columns, map.Text, sourceName), map, null, new DecodeLimits())
    {
    }

    private EventFileReader(RowReader rows, EventFileMap map, LabelSet? labels, DecodeLimits limits)
    {
        this.rows = rows;
        this.labels = labels;
        composer = new RowComposer(map.Layout, rows.Row, rows.Buffer, new EventRules(limits), labels);
    }

    /// <summary>How many rows were events.</summary>
    public long Events { get; private set; }

    /// <summary>How many rows were none.</summary>
    public long BadRows { get; private set; }

    /// <summary>How many rows the map's condition left out.</summary>
    public long RowsLeftOut { get; private set; }

    /// <summary>Where and why the first bad row is none; null if all rows are events.</summary>
    public string? FirstBadRow { get; private set; }

    /// <summary>Why nothing of the file was an event, to stand behind its name; null if something was. Ask at the end of the file.</summary>
    public string? WhyNoEvents => (Events, BadRows, RowsLeftOut) switch
    {
        ( > 0, _, _) => null,
        (_, 0, 0) => "has no rows",
        (_, 0, _) => string.Create(CultureInfo.InvariantCulture, $"has no row that the map's where lets pass, of {RowsLeftOut:N0}"),
        _ => string.Create(CultureInfo.InvariantCulture, $"has no row that is a transaction, of {BadRows + RowsLeftOut:N0} ({FirstBadRow}); is this the right map?"),
    };

    /// <summary>What is odd about the rows that were read so far, though they are events, and about a second file's labels; one sentence each.</summary>
    public IReadOnlyList<string> Notes => [.. composer.Warnings.Sentences(), .. labels?.Sentences() ?? []];

    /// <summary>Opens a file. Its name says how it is written: .csv (or any other), .jsonl or .ndjson, each also with .gz.</summary>
    /// <param name="file">The file as it is on the disk, at its beginning; it stays open.</param>
    /// <param name="map">How its columns become events.</param>
    /// <param name="name">Its name.</param>
    /// <param name="openBeside">Opens the second file, by its name beside the first.</param>
    /// <param name="limits">What an event may be at most; null for the defaults.</param>
    /// <exception cref="EventFileException">A file is something else than its name and the map say; the message says what.</exception>
    public static EventFileReader Open(Stream file, EventFileMap map, string name, Func<string, Stream> openBeside, DecodeLimits? limits = null)
    {
        ArgumentNullException.ThrowIfNull(file);
        ArgumentNullException.ThrowIfNull(map);
        ArgumentNullException.ThrowIfNull(openBeside);
        var rows = RowReader.Open(file, map.Columns, map.Text, name);
        try
        {
            return new EventFileReader(rows, map, ReadLabels(map, openBeside), limits ?? new DecodeLimits());
        }
        catch
        {
            rows.Dispose();
            throw;
        }
    }

    /// <summary>Reads the next row that the map does not leave out.</summary>
    /// <param name="row">The row; what it refers to is valid until the next call.</param>
    /// <returns>False at the end of the file.</returns>
    /// <exception cref="EventFileException">The file can't be read on.</exception>
    public bool Read(out EventFileRow row)
    {
        row = default;
        while (rows.Read(out var line, out var error))
        {
            if (error is not null)
                row = new EventFileRow(line, error, default, null);
            else if (!composer.TryCompose(line, out row))
            {
                RowsLeftOut++;
                continue;
            }

            Count(row);
            return true;
        }

        return false;
    }

    /// <inheritdoc/>
    public void Dispose() => rows.Dispose();

    private void Count(in EventFileRow row)
    {
        if (row.Error is null)
        {
            Events++;
            return;
        }

        BadRows++;
        FirstBadRow ??= $"line {row.Line}: {row.Error}";
    }

    private static LabelSet? ReadLabels(EventFileMap map, Func<string, Stream> openBeside)
    {
        if (map.Layout.Labels is not { } labels)
            return null;
        using var file = openBeside(labels.File);
        return LabelSet.Read(file, labels, labels.File);
    }

    private static EventFileMap NotNull(EventFileMap map) => map ?? throw new ArgumentNullException(nameof(map));
}
