using Scoring.Models.Wire;
using Scoring.Models.Yaml;
using YamlDotNet.RepresentationModel;

namespace Scoring.Models.Features.Language;

/// <summary>
/// Reads a feature set's file into definitions. It goes on after an error, so that one reading tells all of
/// them; what it returns is whole only if no error was noted.
/// </summary>
internal sealed class FeatureSetParser(YamlErrors errors)
{
    /// <summary>Below 2^16, so that an event refers to a value of its entity with 2 bytes, and a count of events fits them.</summary>
    public const int LargestMaxEvents = 65_000;

    public const int DefaultMaxEvents = 10_000;

    /// <summary>The most features of a set: as many as a model may have inputs.</summary>
    public const int MaxFeatures = 4_096;

    private const long DefaultLateness = TimeSpan.TicksPerHour / TimeSpan.TicksPerMicrosecond;

    private static readonly string[] Reserved = ["event", "calendar", "arithmetic", "reference", "online", "external", "stream", "session"];

    private readonly Dictionary<string, EntityDefinition> entities = [];
    private readonly Dictionary<string, int> places = [];
    private readonly List<FeatureDefinition> features = [];

    public ParsedFeatureSet? Parse(TextReader yaml)
    {
        if (YamlMap.Load(yaml, errors) is not { } root)
            return null;
        const string what = "feature set";
        root.AllowOnly(what, "featureSet", "version", "timeZone", "lateness", "entities", "sessions", "features");
        var name = root.Text("featureSet", what, required: true) ?? "";
        CheckName(root.At("featureSet"), "featureSet", name);
        if (!root.Has("version"))
            errors.Add(root.Node, $"{what}: 'version' is missing; write version: 1");
        var version = root.Integer("version", what, 1, int.MaxValue) ?? 0;
        var zone = root.TimeZone("timeZone", what);
        var lateness = root.Duration("lateness", what) ?? DefaultLateness;
        ReadEntities(root);
        ReadFeatures(root);
        return new ParsedFeatureSet(name, version, zone, lateness, [.. entities.Values], ReadSessions(root), features);
    }

    private void ReadEntities(YamlMap root)
    {
        if (root.Get("entities") is not { } node || YamlMap.From(node, "entities", errors) is not { } map)
            return;
        foreach (var key in map.Keys)
        {
            if (key is not YamlScalarNode { Value: { } name } || YamlMap.From(map.Get(name)!, $"entity {name}", errors) is not { } entity)
                continue;
            if (Reserved.Contains(name))
                errors.Add(key, $"entity {name}: the name is a kind of feature; name it after what it is, such as card");
            CheckName(key, "entity", name);
            entities[name] = ReadEntity(name, entity);
        }

        foreach (var same in entities.Values.GroupBy(e => e.Key).Where(g => g.Count() > 1))
            errors.Add(node, $"entities {string.Join(" and ", same.Select(e => e.Name))} have the same key {FieldNames.Name(same.Key)}; keep one");
    }

    private EntityDefinition ReadEntity(string name, YamlMap map)
    {
        var what = $"entity {name}";
        map.AllowOnly(what, "key", "retain", "maxEvents");
        var key = TransactionField.CardId;
        if (map.Text("key", what, required: true) is { } keyName && !FieldNames.TryKey(keyName, out key))
            errors.Add(map.At("key"), $"{what}: key '{keyName}' is no key{FieldNames.KeyHint(keyName)}; the keys are {FieldNames.KeyFields}");
        if (!map.Has("retain"))
            errors.Add(map.Node, $"{what}: 'retain' is missing; write how far back its longest window reaches, such as retain: 30d");
        var retain = map.Duration("retain", what) ?? YamlMap.LongestDuration.Ticks / TimeSpan.TicksPerMicrosecond;
        if (retain == 0)
            errors.Add(map.At("retain"), $"{what}: retain must be longer than 0");
        var maxEvents = map.Integer("maxEvents", what, 1, LargestMaxEvents) ?? DefaultMaxEvents;
        return new EntityDefinition(name, key, retain, maxEvents);
    }

    private SessionDefinition? ReadSessions(YamlMap root)
    {
        const string what = "sessions";
        if (root.Get(what) is not { } node || YamlMap.From(node, what, errors) is not { } map)
            return null;
        map.AllowOnly(what, "entity", "gap");
        var name = map.Text("entity", what, required: true);
        var entity = entities.GetValueOrDefault(name ?? "");
        if (name is not null && entity?.Key != TransactionField.UserId)
            errors.Add(map.At("entity"), $"{what}: sessions are of users; entity must name the entity with key userId{ClosestName.Hint(name, entities.Keys)}");
        if (!map.Has("gap"))
            errors.Add(map.Node, $"{what}: 'gap' is missing; write the pause after which a session ends, such as gap: 30m");
        var gap = map.Duration("gap", what) ?? 1;
        if (gap == 0 || (entity is not null && 2 * gap > entity.RetainMicros))
            errors.Add(map.At("gap"), $"{what}: gap must be longer than 0 and at most half of what its entity retains");
        return entity is null ? null : new SessionDefinition(entity, gap);
    }

    private void ReadFeatures(YamlMap root)
    {
        if (root.Get("features") is not YamlSequenceNode { Children.Count: > 0 } list)
        {
            errors.Add(root.At("features"), "feature set: 'features' must be a list of at least one feature: - { name: …, from: … }");
            return;
        }

        if (list.Children.Count > MaxFeatures)
        {
            errors.Add(list, $"feature set: {list.Children.Count} features; a set has at most {MaxFeatures}");
            return;
        }

        var declared = DeclaredPlaces(list);
        var reader = new FeatureReader(errors, entities, places, declared);
        foreach (var node in list.Children)
        {
            if (YamlMap.From(node, "a feature", errors) is not { } map)
                continue;
            if (map.Text("name", "feature", required: true) is not { } name)
                continue;
            CheckName(map.At("name"), "feature", name);
            var feature = reader.Read(name, map);
            if (!places.TryAdd(name, features.Count))
                errors.Add(map.At("name"), $"feature {name}: the name is taken by the feature of line {features[places[name]].Line}; names must differ");
            features.Add(feature);
        }
    }

    private static Dictionary<string, long> DeclaredPlaces(YamlSequenceNode list)
    {
        var lines = new Dictionary<string, long>();
        foreach (var node in list.Children)
        {
            if (node is YamlMappingNode map && map.Children.TryGetValue("name", out var name) && name is YamlScalarNode { Value: { } text })
                lines.TryAdd(text, node.Start.Line);
        }

        return lines;
    }

    private void CheckName(YamlNode at, string what, string name)
    {
        if (name.Length is 0 or > 100 || !char.IsAsciiLetter(name[0]) || !name.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-'))
            errors.Add(at, $"{what} '{name}': a name is a letter followed by letters, digits, '_' or '-', at most 100");
    }
}

/// <summary>A feature set as its file says it.</summary>
internal sealed record ParsedFeatureSet(
    string Name, int Version, TimeZoneInfo TimeZone, long LatenessMicros, IReadOnlyList<EntityDefinition> Entities, SessionDefinition? Sessions, IReadOnlyList<FeatureDefinition> Features);
