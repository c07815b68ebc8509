using Scoring.Models.Durations;
using Scoring.Models.Wire;
using Scoring.Models.Yaml;
using YamlDotNet.RepresentationModel;

namespace Scoring.Models.Features.Language;

/// <summary>Reads a feature that aggregates an entity's events.</summary>
internal sealed class AggregateReader(YamlErrors errors)
{
    private static readonly Dictionary<string, Aggregate> Names = new()
    {
        ["count"] = Aggregate.Count,
        ["sum"] = Aggregate.Sum,
        ["mean"] = Aggregate.Mean,
        ["min"] = Aggregate.Min,
        ["max"] = Aggregate.Max,
        ["stddev"] = Aggregate.StdDev,
        ["distinct"] = Aggregate.Distinct,
        ["frequency"] = Aggregate.Frequency,
        ["first"] = Aggregate.First,
        ["last"] = Aggregate.Last,
        ["time_since_last"] = Aggregate.TimeSinceLast,
        ["rate"] = Aggregate.Rate,
    };

    private readonly FilterReader filters = new(errors);

    public static string NameOf(Aggregate aggregate) => Names.First(n => n.Value == aggregate).Key;

    public AggregateFeature Read(string name, string what, EntityDefinition entity, YamlMap map)
    {
        map.AllowOnly(what, "name", "from", "agg", "of", "window", "offset", "where", "thisEvent", "empty");
        var aggregate = Aggregate.Count;
        var text = map.Text("agg", what, required: true);
        if (text is not null && !Names.TryGetValue(text, out aggregate))
            errors.Add(map.At("agg"), $"{what}: agg '{text}' is unknown{ClosestName.Hint(text, Names.Keys)}; the aggregates are {string.Join(", ", Names.Keys)}");
        var of = Names.ContainsKey(text ?? "") ? Of(what, aggregate, map) : null;
        var window = ReadWindow(what, aggregate, entity, map);
        var includes = IncludesThis(what, aggregate, map);
        return new AggregateFeature(
            name, (int)map.Node.Start.Line, entity, aggregate, of, window, filters.Read(what, map), includes, map.Number("empty", what));
    }

    private TransactionField? Of(string what, Aggregate aggregate, YamlMap map)
    {
        var of = map.Text("of", what);
        switch (aggregate)
        {
            case Aggregate.Count or Aggregate.TimeSinceLast:
                if (of is not null)
                    errors.Add(map.At("of"), $"{what}: this aggregate counts events and takes no 'of'; use where to choose events");
                return null;
            case Aggregate.Rate:
                if (of != "label")
                    errors.Add(map.At("of"), $"{what}: a rate is of the label; write of: label");
                return null;
            case Aggregate.Distinct or Aggregate.Frequency:
                if (of is not null && FieldNames.TryText(of, out var field))
                    return field;
                errors.Add(map.At("of"), $"{what}: distinct and frequency need 'of' with one of {FieldNames.TextFields}{FieldNames.Hint(of ?? "")}");
                return TransactionField.CardId;
            default:
                if (of != FieldNames.Amount)
                    errors.Add(map.At("of"), $"{what}: this aggregate needs a number; write of: {FieldNames.Amount}");
                return null;
        }
    }

    private bool IncludesThis(string what, Aggregate aggregate, YamlMap map)
    {
        var text = map.Text("thisEvent", what);
        if (text is not (null or "include" or "exclude"))
            errors.Add(map.At("thisEvent"), $"{what}: thisEvent '{text}' must be include or exclude");
        if (aggregate != Aggregate.TimeSinceLast)
            return text != "exclude";
        if (text == "include")
            errors.Add(map.At("thisEvent"), $"{what}: the time since the last event never counts this one; remove thisEvent");
        return false;
    }

    private Window ReadWindow(string what, Aggregate aggregate, EntityDefinition entity, YamlMap map)
    {
        var offset = map.Duration("offset", what) ?? 0;
        var window = map.Get("window") switch
        {
            null => DefaultWindow(what, aggregate, entity, map),
            YamlMappingNode shape => Shaped(what, entity, shape, offset),
            _ => new Window(WindowKind.Sliding, map.Duration("window", what) ?? 1, offset, 0),
        };
        if (window.LengthMicros == 0)
            errors.Add(map.At("window"), $"{what}: a window must be longer than 0");
        if (window.Kind == WindowKind.Session)
        {
            if (offset != 0)
                errors.Add(map.At("offset"), $"{what}: a session window takes no offset");
            return window with { OffsetMicros = 0, ReachMicros = entity.RetainMicros };
        }

        var reach = window.LengthMicros + offset;
        if (reach > entity.RetainMicros)
        {
            var longest = YamlMap.LongestDuration.Ticks / TimeSpan.TicksPerMicrosecond;
            var way = reach > longest ? $"the longest retain is {DurationText.FormatMicros(longest)}" : $"write retain: {DurationText.FormatMicros(reach)} or more";
            errors.Add(map.At("window"), $"{what}: window and offset reach {DurationText.FormatMicros(reach)} back, but entity {entity.Name} retains {DurationText.FormatMicros(entity.RetainMicros)}; {way}");
        }

        return window with { ReachMicros = reach };
    }

    private Window DefaultWindow(string what, Aggregate aggregate, EntityDefinition entity, YamlMap map)
    {
        if (aggregate is not (Aggregate.TimeSinceLast or Aggregate.First or Aggregate.Last))
            errors.Add(map.Node, $"{what}: 'window' is missing; write window: 1d, window: {{ tumbling: 1d }} or window: {{ session: 30m }}");
        else if (map.Has("offset"))
            errors.Add(map.At("offset"), $"{what}: an offset needs a window");
        return new Window(WindowKind.Sliding, entity.RetainMicros, 0, entity.RetainMicros);
    }

    private Window Shaped(string what, EntityDefinition entity, YamlMappingNode node, long offset)
    {
        var map = YamlMap.From(node, what, errors)!;
        var at = $"{what}: window";
        map.AllowOnly(at, "tumbling", "session");
        if (map.Has("tumbling") == map.Has("session"))
            errors.Add(node, $"{at} must be one of {{ tumbling: 1d }} or {{ session: 30m }}");
        if (map.Has("session"))
        {
            var gap = map.Duration("session", at) ?? 1;
            if (gap > entity.RetainMicros)
                errors.Add(node, $"{at}: the gap is longer than entity {entity.Name} retains ({DurationText.FormatMicros(entity.RetainMicros)})");
            return new Window(WindowKind.Session, gap, 0, 0);
        }

        return new Window(WindowKind.Tumbling, map.Duration("tumbling", at) ?? 1, offset, 0);
    }
}
