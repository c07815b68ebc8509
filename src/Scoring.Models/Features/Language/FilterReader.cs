using System.Globalization;
using System.Text;
using Scoring.Models.Wire;
using Scoring.Models.Yaml;
using YamlDotNet.RepresentationModel;

namespace Scoring.Models.Features.Language;

/// <summary>Reads a <c>where</c>: text fields by value or list of values, the amount by comparisons.</summary>
internal sealed class FilterReader(YamlErrors errors)
{
    private static readonly string[] Comparisons = ["lt", "le", "gt", "ge"];

    public Filter? Read(string what, YamlMap feature)
    {
        if (feature.Get("where") is not { } node || YamlMap.From(node, $"{what}: where", errors) is not { } map)
            return null;
        var conditions = new List<Condition>();
        foreach (var key in map.Keys)
        {
            if (key is not YamlScalarNode { Value: { } name })
                continue;
            if (name == FieldNames.Amount)
                ReadAmount(what, map.Get(name)!, conditions);
            else if (FieldNames.TryText(name, out var field))
                ReadText(what, name, field, map, conditions);
            else
                errors.Add(key, $"{what}: where: field '{name}' is unknown{FieldNames.Hint(name)}; the fields are {FieldNames.Amount}, {FieldNames.TextFields}");
        }

        if (map.Keys.Count == 0)
            errors.Add(node, $"{what}: where is empty; write where: {{ channel: ecom }} or remove it");
        return new Filter([.. conditions]);
    }

    private static void ReadText(string what, string name, TransactionField field, YamlMap map, List<Condition> conditions)
    {
        if (map.Texts(name, $"{what}: where") is not { } texts)
            return;
        var sorted = texts.Distinct().Order(StringComparer.Ordinal).ToArray();
        var canonical = $"{name} in {string.Join(",", sorted.Select(v => Convert.ToHexString(Encoding.UTF8.GetBytes(v))))}";
        conditions.Add(new Condition(field, [.. sorted.Select(Encoding.UTF8.GetBytes)], "", 0, canonical));
    }

    private void ReadAmount(string what, YamlNode node, List<Condition> conditions)
    {
        if (node is not YamlMappingNode || YamlMap.From(node, what, errors) is not { Keys.Count: > 0 } map)
        {
            errors.Add(node, $"{what}: where: compare the amount with lt, le, gt or ge, such as amount: {{ ge: 10, lt: 100 }}");
            return;
        }

        map.AllowOnly($"{what}: where: amount", Comparisons);
        foreach (var comparison in Comparisons.Where(map.Has))
        {
            if (map.Text(comparison, what) is not { } text)
                continue;
            if (Money.TryParse(Encoding.UTF8.GetBytes(text), out var units))
                conditions.Add(new Condition(null, [], comparison, units, string.Create(CultureInfo.InvariantCulture, $"amount {comparison} {units}")));
            else
                errors.Add(map.At(comparison), $"{what}: where: amount {comparison} '{text}' is no amount");
        }
    }
}
