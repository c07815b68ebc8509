using System.Text;
using Scoring.Models.Features.Language;
using Scoring.Models.Wire;
using Scoring.Models.Yaml;
using YamlDotNet.RepresentationModel;

namespace Scoring.Models.Files;

/// <summary>Reads what a map says of each field of an event, and collects the names of the columns that it mentions.</summary>
internal sealed partial class MapFields(YamlErrors errors)
{
    private const string AmountField = "amount";
    private const string TimeField = "eventTime";
    private const string LabelField = "label";

    private static readonly string[] Required = ["transactionId", "cardId", AmountField, TimeField];
    private static readonly string[] Names = ["transactionId", AmountField, TimeField, LabelField, .. FieldNames.TextFields.Split(", ")];

    private static readonly string[] Kinds = ["column", "columns", "line", "value"];

    private readonly List<string> columns = [];
    private readonly Dictionary<TransactionField, TextSource> texts = [];
    private readonly HashSet<string> seen = [];
    private int amountColumn;
    private AmountFormat? amount;
    private RowCondition? negative;
    private TextSource? time;
    private int? labelColumn;
    private LabelFormat label = new(null, null);

    public bool HasLabel => seen.Contains(LabelField);

    /// <summary>Reads the mapping of fields to columns.</summary>
    public void Read(YamlMap map)
    {
        foreach (var key in map.Keys)
        {
            if (key is not YamlScalarNode { Value: { } name })
                continue;
            seen.Add(name);
            switch (name)
            {
                case AmountField: ReadAmount(map); break;
                case TimeField: time = ReadText(map, name, " ", "time"); break;
                case LabelField: ReadLabel(map); break;
                case var _ when FieldNames.TryAny(name, out var field) && ReadText(map, name, "-", "text") is { } source: texts[field] = source; break;
                case var _ when !FieldNames.TryAny(name, out _):
                    errors.Add(key, $"columns: field '{name}' is unknown{ClosestName.Hint(name, Names)}; the fields are {string.Join(", ", Names)}");
                    break;
            }
        }

        if (amount is { NeedsCurrency: true } && !texts.ContainsKey(TransactionField.Currency))
            errors.Add(map.At(AmountField), "columns: amount: type minor needs the currency; name its column, or write currency: { value: EUR }");
    }

    /// <summary>Notes the required fields that the map does not have.</summary>
    public void Require(YamlNode at)
    {
        foreach (var name in Required.Where(n => !seen.Contains(n)))
            errors.Add(at, $"columns: '{name}' is missing; every transaction needs it");
    }

    /// <summary>What was read; only if no error was noted.</summary>
    public RowLayout Layout(EventTimeFormat format) => new()
    {
        Columns = columns,
        Texts = texts,
        AmountColumn = amountColumn,
        Amount = amount!,
        Negative = negative,
        Time = time!,
        TimeFormat = format,
        LabelColumn = labelColumn,
        Label = label,
    };

    /// <summary>Reads which words of a label mean what.</summary>
    public LabelFormat Labels(YamlMap map, string what)
    {
        if (map.Has("negative") && !map.Has("positive"))
            errors.Add(map.At("negative"), $"{what}: negative is given and positive is not; name what is fraud");
        return new LabelFormat(map.Texts("positive", what), map.Texts("negative", what));
    }

    private int Column(string name)
    {
        if (!columns.Contains(name))
            columns.Add(name);
        return columns.IndexOf(name);
    }

    private TextSource? ReadText(YamlMap map, string name, string usualSeparator, string type)
    {
        var what = $"columns: {name}";
        if (map.Get(name) is not YamlMappingNode node)
            return map.Text(name, "columns", required: true) is { } column ? new TextSource { Columns = [Column(column)] } : null;
        var source = YamlMap.From(node, what, errors)!;
        source.AllowOnly(what, "column", "columns", "line", "value", "separator", "prefix", "strip", "type");
        CheckType(source, what, type);
        var kinds = Kinds.Where(source.Has).ToList();
        if (kinds.Count != 1)
        {
            errors.Add(node, $"{what}: {(kinds.Count == 0 ? "says nothing of where it comes from" : $"{string.Join(" and ", kinds)} can't both be right")}; write one of column, columns, line: true or value");
            return null;
        }

        return new TextSource
        {
            Columns = [.. ColumnNames(source, kinds[0], what).Select(Column)],
            Separator = source.Has("columns") ? Encoding.UTF8.GetBytes(Raw(source, "separator", what) ?? usualSeparator) : [],
            Prefix = Encoding.UTF8.GetBytes(Raw(source, "prefix", what) ?? ""),
            Strip = Strip(source, what),
            IsLine = kinds[0] == "line" && IsTrue(source, what),
            Constant = kinds[0] == "value" && source.Text("value", what, required: true) is { } value ? Encoding.UTF8.GetBytes(value) : null,
        };
    }

    private static IReadOnlyList<string> ColumnNames(YamlMap source, string kind, string what) =>
        kind is "column" or "columns" ? source.Texts(kind, what) ?? [] : [];

    private bool IsTrue(YamlMap source, string what)
    {
        var isTrue = source.Text("line", what, required: true) == "true";
        if (!isTrue)
            errors.Add(source.At("line"), $"{what}: line must be true, or left out");
        return isTrue;
    }

    // These may be empty, or a space.
    private static string? Raw(YamlMap source, string key, string what)
    {
        if (source.Get(key) is YamlScalarNode { Value: { } text })
            return text;
        return source.Text(key, what);
    }

    private byte[] Strip(YamlMap source, string what)
    {
        var text = Raw(source, "strip", what) ?? "";
        if (text.All(char.IsAscii))
            return Encoding.ASCII.GetBytes(text);
        errors.Add(source.At("strip"), $"{what}: strip '{text}' must be ASCII characters, such as \"'\"");
        return [];
    }

    private void CheckType(YamlMap source, string what, string expected)
    {
        if (source.Text("type", what) is { } type && type != expected)
            errors.Add(source.At("type"), $"{what}: type '{type}' must be {expected}");
    }

    private void ReadLabel(YamlMap map)
    {
        const string what = $"columns: {LabelField}";
        if (map.Get(LabelField) is not YamlMappingNode node)
        {
            labelColumn = map.Text(LabelField, "columns", required: true) is { } name ? Column(name) : null;
            return;
        }

        var source = YamlMap.From(node, what, errors)!;
        source.AllowOnly(what, "column", "type", "positive", "negative");
        CheckType(source, what, "boolean");
        labelColumn = source.Text("column", what, required: true) is { } column ? Column(column) : null;
        label = Labels(source, what);
    }
}
