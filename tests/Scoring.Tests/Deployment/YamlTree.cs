using YamlDotNet.Core;
using YamlDotNet.Core.Events;
using YamlDotNet.Serialization;

namespace Scoring.Tests.Deployment;

/// <summary>YAML as dictionaries, lists and texts, anchors and merges resolved.</summary>
internal static class YamlTree
{
    private static readonly IDeserializer Reader = new DeserializerBuilder().Build();

    public static object? Parse(string text) => Documents(text).Single();

    public static IEnumerable<object?> Documents(string text)
    {
        var parser = new MergingParser(new Parser(new StringReader(text)));
        parser.Consume<StreamStart>();
        while (!parser.TryConsume<StreamEnd>(out _))
            yield return Reader.Deserialize<object?>(parser);
    }

    public static object? At(this object? node, params object[] path) => path.Aggregate(node, static (n, step) => n switch
    {
        IDictionary<object, object?> map => map.TryGetValue(step, out var value) ? value : null,
        IList<object?> list when step is int index => list[index],
        _ => null,
    });

    public static string Text(this object? node, params object[] path) =>
        node.At(path) as string ?? throw new InvalidOperationException($"there is no text at {string.Join('.', path)}");

    public static IReadOnlyList<object?> List(this object? node, params object[] path) => (node.At(path) as IList<object?>)?.AsReadOnly() ?? [];

    public static IReadOnlyDictionary<string, object?> Map(this object? node, params object[] path) =>
        (node.At(path) as IDictionary<object, object?> ?? new Dictionary<object, object?>()).ToDictionary(e => (string)e.Key, e => e.Value);
}
