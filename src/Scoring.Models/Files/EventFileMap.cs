using Scoring.Models.Features.Language;
using Scoring.Models.Wire;
using Scoring.Models.Yaml;
using YamlDotNet.RepresentationModel;

namespace Scoring.Models.Files;

/// <summary>How an amount is written.</summary>
public enum AmountUnit
{
    /// <summary>A decimal number of currency units, 12.34.</summary>
    CurrencyUnit,

    /// <summary>A whole number of hundredths, 1234.</summary>
    Cents,
}

/// <summary>How the columns of a file, or the properties of its lines, become events.</summary>
public sealed class EventFileMap
{
    private static readonly TransactionField[] RequiredFields = [TransactionField.TransactionId, TransactionField.CardId];

    private static readonly string[] RequiredValues = ["amount", "eventTime"];

    private EventFileMap(IReadOnlyDictionary<TransactionField, string> fields, string amountColumn, AmountUnit amountUnit, string timeColumn, string? labelColumn, EventTimeFormat timeFormat, char delimiter, TimeSpan labelDelay)
    {
        Fields = fields;
        AmountColumn = amountColumn;
        AmountUnit = amountUnit;
        TimeColumn = timeColumn;
        LabelColumn = labelColumn;
        TimeFormat = timeFormat;
        Delimiter = delimiter;
        LabelDelay = labelDelay;
    }

    /// <summary>The column of each text field.</summary>
    public IReadOnlyDictionary<TransactionField, string> Fields { get; }

    /// <summary>The amount's column.</summary>
    public string AmountColumn { get; }

    /// <summary>How amounts are written.</summary>
    public AmountUnit AmountUnit { get; }

    /// <summary>The column of the event's time.</summary>
    public string TimeColumn { get; }

    /// <summary>The label's column; null where the file has none.</summary>
    public string? LabelColumn { get; }

    /// <summary>How times are written.</summary>
    public EventTimeFormat TimeFormat { get; }

    /// <summary>What stands between the fields of a CSV row.</summary>
    public char Delimiter { get; }

    /// <summary>How long after the event its label becomes known.</summary>
    public TimeSpan LabelDelay { get; }

    /// <summary>Reads a map.</summary>
    /// <param name="yaml">The file's text.</param>
    /// <param name="sourceName">The file's name, for messages.</param>
    /// <exception cref="EventFileException">The map is wrong; the message lists every error.</exception>
    public static EventFileMap Parse(TextReader yaml, string sourceName)
    {
        var errors = new YamlErrors(sourceName);
        var map = YamlMap.Load(yaml, errors) is { } root ? Read(root, errors) : null;
        if (errors.Count > 0 || map is null)
            throw new EventFileException(errors.Message());
        return map;
    }

    /// <summary>The same map with another label column or delay.</summary>
    /// <param name="labelColumn">The label's column; null keeps the map's.</param>
    /// <param name="labelDelay">How long after the event its label becomes known; null keeps the map's.</param>
    public EventFileMap WithLabel(string? labelColumn, TimeSpan? labelDelay) =>
        new(Fields, AmountColumn, AmountUnit, TimeColumn, labelColumn ?? LabelColumn, TimeFormat, Delimiter, labelDelay ?? LabelDelay);

    private static EventFileMap? Read(YamlMap root, YamlErrors errors)
    {
        const string what = "map";
        root.AllowOnly(what, "columns", "timeFormat", "timeZone", "labelDelay", "delimiter");
        var fields = new Dictionary<TransactionField, string>();
        var others = new Dictionary<string, string>();
        var cents = false;
        if (root.Get("columns") is { } node && YamlMap.From(node, "columns", errors) is { } columns)
            ReadColumns(columns, errors, fields, others, out cents);
        else if (!root.Has("columns"))
            errors.Add(root.Node, "map: 'columns' is missing; write columns: { transactionId: …, cardId: …, amount: …, eventTime: … }");
        foreach (var required in RequiredFields.Where(f => !fields.ContainsKey(f)).Select(FieldNames.Name).Concat(RequiredValues.Where(f => !others.ContainsKey(f))))
            errors.Add(root.At("columns"), $"columns: '{required}' is missing; every transaction needs it");
        var zone = root.TimeZone("timeZone", what);
        var pattern = root.Text("timeFormat", what) ?? "iso8601";
        if (!EventTimeFormat.TryParse(pattern, zone, out var format, out var why))
            errors.Add(root.At("timeFormat"), $"map: timeFormat '{pattern}' {why}; write iso8601, epoch_s, epoch_ms or a pattern of yyyy MM dd HH mm ss f such as yyyy-MM-dd HH:mm:ss");
        var delay = root.Duration("labelDelay", what) ?? 0;
        var delimiter = root.Text("delimiter", what) ?? ",";
        if (delimiter.Length != 1 || !char.IsAscii(delimiter[0]) || char.IsAsciiLetterOrDigit(delimiter[0]) || delimiter[0] is '"' or '\r' or '\n')
            errors.Add(root.At("delimiter"), $"map: delimiter '{delimiter}' must be one character that is no letter, digit or quote, such as \";\"");
        return errors.Count > 0
            ? null
            : new EventFileMap(fields, others["amount"], cents ? AmountUnit.Cents : AmountUnit.CurrencyUnit, others["eventTime"], others.GetValueOrDefault("label"), format!, delimiter[0], TimeSpan.FromMicroseconds(delay));
    }

    private static void ReadColumns(YamlMap columns, YamlErrors errors, Dictionary<TransactionField, string> fields, Dictionary<string, string> others, out bool cents)
    {
        cents = false;
        foreach (var key in columns.Keys)
        {
            if (key is not YamlScalarNode { Value: { } name } || ReadColumn(columns, name, errors, out var type) is not { } column)
                continue;
            if (name is "amount" or "eventTime" or "label")
                others[name] = column;
            else if (FieldNames.TryAny(name, out var field))
                fields[field] = column;
            else
                errors.Add(key, $"columns: field '{name}' is unknown; the fields are transactionId, amount, eventTime, label, {FieldNames.TextFields}");
            var expected = name switch { "amount" => "decimal or cents", "label" => "boolean", "eventTime" => "time", _ => "text" };
            if (type is not null && !expected.Split(" or ").Contains(type))
                errors.Add(columns.At(name), $"columns: {name}: type '{type}' must be {expected}");
            cents |= name == "amount" && type == "cents";
        }
    }

    private static string? ReadColumn(YamlMap columns, string name, YamlErrors errors, out string? type)
    {
        type = null;
        if (columns.Get(name) is not YamlMappingNode node)
            return columns.Text(name, "columns", required: true);
        var map = YamlMap.From(node, name, errors)!;
        map.AllowOnly($"columns: {name}", "column", "type");
        type = map.Text("type", $"columns: {name}");
        return map.Text("column", $"columns: {name}", required: true);
    }
}
