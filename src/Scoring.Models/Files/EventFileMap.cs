using Scoring.Models.Yaml;

namespace Scoring.Models.Files;

/// <summary>How the columns of a file, or the properties of its lines, become events; <c>docs/files.md</c> describes the language.</summary>
public sealed class EventFileMap
{
    internal EventFileMap(RowLayout layout, TextLayout text, TimeSpan labelDelay)
    {
        Layout = layout;
        Text = text;
        LabelDelay = labelDelay;
    }

    /// <summary>The names of the columns that are read, each once.</summary>
    public IReadOnlyList<string> Columns => Layout.Columns;

    /// <summary>How times are written.</summary>
    public EventTimeFormat TimeFormat => Layout.TimeFormat;

    /// <summary>How long after the event its label becomes known.</summary>
    public TimeSpan LabelDelay { get; }

    /// <summary>The name of the second file, beside the first, that holds the labels; null where there is none.</summary>
    public string? LabelFile => Layout.Labels?.File;

    /// <summary>What of a row becomes what of an event.</summary>
    internal RowLayout Layout { get; }

    /// <summary>How the file is written.</summary>
    internal TextLayout Text { get; }

    /// <summary>Reads a map.</summary>
    /// <param name="yaml">The file's text.</param>
    /// <param name="sourceName">The file's name, for messages.</param>
    /// <exception cref="EventFileException">The map is wrong; the message lists every error.</exception>
    public static EventFileMap Parse(TextReader yaml, string sourceName)
    {
        var errors = new YamlErrors(sourceName);
        var map = YamlMap.Load(yaml, errors) is { } root ? new MapReader(root, errors).Read() : null;
        if (errors.Count > 0 || map is null)
            throw new EventFileException(errors.Message());
        return map;
    }

    /// <summary>The same map with another label column or delay.</summary>
    /// <param name="labelColumn">The label's column; null keeps the map's. It takes the place of a second file.</param>
    /// <param name="labelDelay">How long after the event its label becomes known; null keeps the map's.</param>
    public EventFileMap WithLabel(string? labelColumn, TimeSpan? labelDelay) =>
        new(labelColumn is null ? Layout : Layout.WithLabel(labelColumn), Text, labelDelay ?? LabelDelay);
}

/// <summary>How a file with rows is written.</summary>
/// <param name="Delimiter">What stands between the fields of a CSV row.</param>
/// <param name="Quote">What stands around a field of a CSV row that holds a delimiter; null where nothing does.</param>
/// <param name="Encoding">How its bytes stand for characters.</param>
internal sealed record TextLayout(byte Delimiter, byte? Quote, FileEncoding Encoding);
