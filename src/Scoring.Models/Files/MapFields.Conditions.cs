using System.Globalization;
using System.Text;
using Scoring.Models.Yaml;
using YamlDotNet.RepresentationModel;

namespace Scoring.Models.Files;

/// <content>Conditions on rows.</content>
internal sealed partial class MapFields
{
    private static readonly string[] Bounds = ["lt", "le", "gt", "ge"];

    /// <summary>Reads a condition on columns: a value, a list of values, or { not, starts, lt, le, gt, ge } for each.</summary>
    public RowCondition? Condition(YamlNode node, string what)
    {
        if (YamlMap.From(node, what, errors) is not { } map)
            return null;
        var tests = new List<ColumnTest>();
        foreach (var key in map.Keys.OfType<YamlScalarNode>())
            tests.Add(ReadTest(map, key.Value!, what));
        if (tests.Count == 0)
            errors.Add(node, $"{what}: names no column; write {what}: {{ COLUMN: VALUE }}");
        return new RowCondition(tests);
    }

    private ColumnTest ReadTest(YamlMap map, string column, string what)
    {
        var test = new ColumnTest(Column(column), column);
        if (map.Get(column) is not YamlMappingNode node)
            return test with { Is = Values(map, column, what) };
        var inner = YamlMap.From(node, $"{what}: {column}", errors)!;
        inner.AllowOnly($"{what}: {column}", ["not", "starts", .. Bounds]);
        if (inner.Keys.Count == 0)
            errors.Add(node, $"{what}: {column}: says nothing; write a value, a list, or {{ gt: 0 }}");
        return test with
        {
            Not = inner.Has("not") ? Values(inner, "not", $"{what}: {column}") : [],
            Starts = inner.Has("starts") ? Values(inner, "starts", $"{what}: {column}") : [],
            Bounds = [.. Bounds.Where(inner.Has).Select(b => (b, Bound(inner, b, $"{what}: {column}")))],
        };
    }

    private decimal Bound(YamlMap map, string key, string what)
    {
        if (map.Text(key, what, required: true) is not { } text)
            return 0;
        if (decimal.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var bound))
            return bound;
        errors.Add(map.At(key), $"{what}: {key} '{text}' must be a number");
        return 0;
    }

    // Unlike other values of a map these may be empty: a condition may be that a column is.
    private byte[][] Values(YamlMap map, string key, string what)
    {
        var nodes = map.Get(key) is YamlSequenceNode list ? list.Children : [map.Get(key)!];
        if (nodes.Count > 0 && nodes.All(n => n is YamlScalarNode))
            return [.. nodes.Select(n => Encoding.UTF8.GetBytes(((YamlScalarNode)n).Value ?? ""))];
        errors.Add(map.At(key), $"{what}: {key} must be a value or a list of values such as [a, b]");
        return [];
    }
}
