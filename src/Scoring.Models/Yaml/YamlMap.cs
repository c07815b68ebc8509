using System.Globalization;
using System.Text;
using Scoring.Models.Durations;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Scoring.Models.Yaml;

/// <summary>A mapping of a YAML file that names the line of whatever it cannot read.</summary>
internal sealed class YamlMap
{
    /// <summary>The longest file.</summary>
    public const int MaxCharacters = 1 << 20;

    /// <summary>The longest duration of a file: what reaches further back than ten years is a mistake.</summary>
    public static readonly TimeSpan LongestDuration = TimeSpan.FromDays(3_650);

    private readonly Dictionary<string, YamlNode> values = [];
    private readonly YamlErrors errors;

    private YamlMap(YamlMappingNode node, YamlErrors errors)
    {
        Node = node;
        this.errors = errors;
        foreach (var (key, value) in node.Children)
        {
            Keys.Add(key);
            if (key is YamlScalarNode { Value: { } text })
                values[text] = value;
        }
    }

    public YamlMappingNode Node { get; }

    /// <summary>The keys' nodes, in the file's order.</summary>
    public List<YamlNode> Keys { get; } = [];

    /// <summary>Reads the one mapping that a file consists of; null, with an error noted, if it is no such file.</summary>
    public static YamlMap? Load(TextReader yaml, YamlErrors errors)
    {
        if (Read(yaml, errors) is not { } text)
            return null;
        var stream = new YamlStream();
        try
        {
            stream.Load(new BoundedParser(new Parser(new StringReader(text))));
        }
        catch (YamlException e)
        {
            errors.Add(e.Start.Line, $"not valid YAML: {e.Message}");
            return null;
        }
        catch (Exception e) when (e is InvalidOperationException or ArgumentException)
        {
            // The parser gives up without a place where a bracket or a quote is never closed.
            errors.Add(1, "not valid YAML: a bracket, brace or quote is not closed, or a line is indented wrongly");
            return null;
        }

        if (stream.Documents is [{ RootNode: YamlMappingNode root }])
            return new YamlMap(root, errors);
        errors.Add(1, "the file must be one YAML mapping (key: value lines)");
        return null;
    }

    private static string? Read(TextReader yaml, YamlErrors errors)
    {
        var text = new StringBuilder();
        var buffer = new char[4_096];
        for (var read = yaml.Read(buffer); read > 0 && text.Length <= MaxCharacters; read = yaml.Read(buffer))
            text.Append(buffer, 0, read);
        if (text.Length <= MaxCharacters)
            return text.ToString();
        errors.Add(1, $"the file is longer than {MaxCharacters} characters");
        return null;
    }

    public static YamlMap? From(YamlNode node, string what, YamlErrors errors)
    {
        if (node is YamlMappingNode mapping)
            return new YamlMap(mapping, errors);
        errors.Add(node, $"{what} must be a mapping such as {{ key: value }}");
        return null;
    }

    public bool Has(string key) => values.ContainsKey(key);

    public YamlNode? Get(string key) => values.GetValueOrDefault(key);

    /// <summary>The node to blame for the key: its value, or the whole mapping where the key is absent.</summary>
    public YamlNode At(string key) => values.GetValueOrDefault(key, Node);

    /// <summary>Notes an error for every key that is not among the allowed ones.</summary>
    public void AllowOnly(string what, params ReadOnlySpan<string> allowed)
    {
        foreach (var key in Keys)
        {
            if (key is YamlScalarNode { Value: { } text } && !allowed.Contains(text))
                errors.Add(key, $"{what}: unknown key '{text}'{ClosestName.Hint(text, allowed.ToArray())}; the keys are {string.Join(", ", allowed.ToArray())}");
        }
    }

    /// <summary>The key's text; null where it is absent (an error if required) or no scalar.</summary>
    public string? Text(string key, string what, bool required = false)
    {
        switch (Get(key))
        {
            case YamlScalarNode { Value: { Length: > 0 } text }:
                return text;
            case null:
                if (required)
                    errors.Add(Node, $"{what}: '{key}' is missing");
                return null;
            case var other:
                errors.Add(other, $"{what}: '{key}' must be one value");
                return null;
        }
    }

    /// <summary>The key's duration in microseconds, at most <see cref="LongestDuration"/>; null where it is absent or wrong.</summary>
    public long? Duration(string key, string what)
    {
        if (Text(key, what) is not { } text)
            return null;
        if (!DurationText.TryParse(text, out var duration, out var error))
            errors.Add(At(key), $"{what}: {key}: {error}");
        else if (duration > LongestDuration)
            errors.Add(At(key), $"{what}: {key} '{text}' is longer than {DurationText.Format(LongestDuration)}");
        else
            return duration.Ticks / TimeSpan.TicksPerMicrosecond;
        return null;
    }

    public int? Integer(string key, string what, int from, int to)
    {
        if (Text(key, what) is not { } text)
            return null;
        if (int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) && value >= from && value <= to)
            return value;
        errors.Add(At(key), $"{what}: {key} '{text}' must be a whole number from {from} to {to}");
        return null;
    }

    /// <summary>The key's number, which a float32 has to hold: that is what models read. Null where it is absent or wrong.</summary>
    public double? Number(string key, string what)
    {
        if (Text(key, what) is not { } text)
            return null;
        if (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && float.IsFinite((float)value))
            return value;
        errors.Add(At(key), $"{what}: {key} '{text}' must be a number that a float32 holds (at most 3.4e38)");
        return null;
    }

    /// <summary>The key's texts: one scalar, or a list of scalars; null where absent or wrong.</summary>
    public IReadOnlyList<string>? Texts(string key, string what)
    {
        var node = Get(key);
        if (node is null)
            return null;
        if (node is YamlScalarNode { Value: { Length: > 0 } one })
            return [one];
        if (node is YamlSequenceNode { Children.Count: > 0 } list && list.All(c => c is YamlScalarNode { Value.Length: > 0 }))
            return [.. list.Select(c => ((YamlScalarNode)c).Value!)];
        errors.Add(node, $"{what}: '{key}' must be a value or a list of values such as [a, b]");
        return null;
    }

    /// <summary>Reads a time zone by its IANA name; UTC where absent or unknown.</summary>
    public TimeZoneInfo TimeZone(string key, string what)
    {
        if (Text(key, what) is not { } name || name == "UTC")
            return TimeZoneInfo.Utc;
        if (TimeZoneInfo.TryFindSystemTimeZoneById(name, out var zone))
            return zone;
        errors.Add(At(key), $"{what}: time zone '{name}' is not known here; write UTC or an IANA name such as Europe/Paris (the system's tzdata package holds them)");
        return TimeZoneInfo.Utc;
    }
}
