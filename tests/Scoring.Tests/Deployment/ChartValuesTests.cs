using System.Text.Json;
using System.Text.RegularExpressions;
using Scoring.Host.Options;
using Scoring.Tests.Features;

namespace Scoring.Tests.Deployment;

/// <summary>The chart's templates, its values and the schema of them name the same things.</summary>
public partial class ChartValuesTests
{
    // What a node knows of itself, the chart sets.
    private static readonly string[] SetByTheChart = [nameof(ScoringOptions.NodeId)];

    private static readonly string Chart = Path.Combine(Repository.Root, "helm", "scoring");

    private static readonly object? Values = YamlTree.Parse(File.ReadAllText(Path.Combine(Chart, "values.yaml")));

    private static readonly JsonElement Schema = JsonDocument.Parse(File.ReadAllText(Path.Combine(Chart, "values.schema.json"))).RootElement;

    private static readonly string Templates = string.Concat(Directory.EnumerateFiles(Path.Combine(Chart, "templates"), "*", SearchOption.AllDirectories).Select(File.ReadAllText));

    [Fact]
    public void What_a_template_takes_is_among_the_values() =>
        Assert.All(Taken(), path => Assert.True(Exists(path), $".Values.{path} is not in values.yaml"));

    [Fact]
    public void Every_value_is_taken_by_a_template()
    {
        var taken = Taken().ToList();
        Assert.All(Leaves(Values, ""), leaf => Assert.Contains(taken, t => leaf == t || leaf.StartsWith(t + ".", StringComparison.Ordinal)));
    }

    [Fact]
    public void The_schema_describes_every_value() =>
        Assert.All(Leaves(Values, ""), leaf => Assert.True(IsDescribed(leaf), $"{leaf} is not in values.schema.json"));

    [Fact]
    public void Every_value_that_the_schema_requires_or_describes_has_a_default() =>
        Assert.All(
            Described(Schema, "").Where(p => !p.StartsWith("config.", StringComparison.Ordinal) && !p.EndsWith("Seconds", StringComparison.Ordinal) && !p.StartsWith("resources.", StringComparison.Ordinal) && p != "global"),
            path => Assert.True(Exists(path), $"{path} is in values.schema.json and not in values.yaml"));

    [Fact]
    public void The_schema_refuses_names_that_it_does_not_know() => Assert.Empty(Open(Schema, "values"));

    [Fact]
    public void The_schema_knows_every_section_of_the_settings()
    {
        var sections = typeof(ScoringOptions).GetProperties().Select(p => p.Name).Except(SetByTheChart).Order(StringComparer.Ordinal);
        var described = Schema.GetProperty("properties").GetProperty("config").GetProperty("properties").EnumerateObject().Select(p => p.Name);
        Assert.Equal(sections, described.Order(StringComparer.Ordinal));
    }

    private static IEnumerable<string> Taken() => Reference().Matches(Templates).Select(m => m.Groups[1].Value).Distinct();

    private static bool Exists(string path) => path.Split('.').Aggregate((Node: (object?)Values, Found: true), static (at, name) =>
        at.Found && at.Node is IDictionary<object, object?> map && map.TryGetValue(name, out var next) ? (next, true) : (null, false)).Found;

    private static IEnumerable<string> Leaves(object? node, string path) => node is IDictionary<object, object?> { Count: > 0 } map
        ? map.SelectMany(e => Leaves(e.Value, path.Length == 0 ? (string)e.Key : $"{path}.{e.Key}"))
        : [path];

    // An object without properties of its own takes any.
    private static bool IsDescribed(string path)
    {
        var schema = Schema;
        foreach (var name in path.Split('.'))
        {
            if (!schema.TryGetProperty("properties", out var properties))
                return schema.GetProperty("type").GetString() == "object";
            if (!properties.TryGetProperty(name, out schema))
                return false;
        }

        return true;
    }

    private static IEnumerable<string> Described(JsonElement schema, string path) => schema.TryGetProperty("properties", out var properties)
        ? properties.EnumerateObject().SelectMany(p => Described(p.Value, path.Length == 0 ? p.Name : $"{path}.{p.Name}"))
        : [path];

    private static IEnumerable<string> Open(JsonElement schema, string path)
    {
        if (!schema.TryGetProperty("properties", out var properties) || path.StartsWith("values.extra", StringComparison.Ordinal))
            return [];
        var closed = schema.TryGetProperty("additionalProperties", out var additional) && additional.ValueKind == JsonValueKind.False;
        return (closed ? [] : new[] { path }).Concat(properties.EnumerateObject().SelectMany(p => Open(p.Value, $"{path}.{p.Name}")));
    }

    [GeneratedRegex(@"\.Values\.([A-Za-z0-9.]+)")]
    private static partial Regex Reference();
}
