using System.Text;
using Scoring.Models.Yaml;

namespace Scoring.Models.Features.Language;

/// <summary>Reads one feature. A feature with errors still becomes a definition, so that its name stays known.</summary>
internal sealed class FeatureReader(
    YamlErrors errors, IReadOnlyDictionary<string, EntityDefinition> entities, IReadOnlyDictionary<string, int> places, IReadOnlyDictionary<string, long> declared)
{
    private const int WeekendDays = 0b110_0000;

    private static readonly Dictionary<string, CalendarFlag> Flags = new(StringComparer.OrdinalIgnoreCase)
    {
        ["hour"] = CalendarFlag.Hour,
        ["weekday"] = CalendarFlag.Weekday,
        ["weekend"] = CalendarFlag.Weekend,
        ["night"] = CalendarFlag.Night,
    };

    private static readonly string[] DayNames = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

    private static readonly Dictionary<string, int> OperandCounts = new() { ["ratio"] = 2, ["difference"] = 2, ["zscore"] = 3 };

    private readonly AggregateReader aggregates = new(errors);

    public FeatureDefinition Read(string name, YamlMap map)
    {
        var what = $"feature {name}";
        var from = map.Text("from", what, required: true);
        switch (from)
        {
            case "event":
                return ReadEvent(name, what, map);
            case "calendar":
                return ReadCalendar(name, what, map);
            case "arithmetic":
                return ReadArithmetic(name, what, map);
            case "reference" or "online" or "external" or "stream":
                errors.Add(map.At("from"), $"{what}: features from '{from}' are not part of this version; use event, calendar, arithmetic or an entity");
                break;
            case "session":
                errors.Add(map.At("from"), $"{what}: a session is a window of an entity; write from: {FirstEntity()}, window: {{ session: 30m }}");
                break;
            case { } entityName when entities.TryGetValue(entityName, out var entity):
                return aggregates.Read(name, what, entity, map);
            case not null:
                errors.Add(map.At("from"), $"{what}: from '{from}' is unknown{ClosestName.Hint(from, ["event", "calendar", "arithmetic", .. entities.Keys])}; use event, calendar, arithmetic or one of the entities ({string.Join(", ", entities.Keys)})");
                break;
        }

        return new EventFeature(name, Line(map), null, [], null);
    }

    private static int Line(YamlMap map) => (int)map.Node.Start.Line;

    private string FirstEntity() => entities.Keys.FirstOrDefault("user");

    private EventFeature ReadEvent(string name, string what, YamlMap map)
    {
        map.AllowOnly(what, "name", "from", "field", "is", "empty");
        var fieldName = map.Text("field", what, required: true);
        var values = map.Texts("is", what) ?? [];
        var empty = map.Number("empty", what);
        if (fieldName is null or FieldNames.Amount)
        {
            if (values.Count > 0)
                errors.Add(map.At("is"), $"{what}: 'is' compares texts; the amount is a number by itself");
            if (empty is not null)
                errors.Add(map.At("empty"), $"{what}: every event has an amount, so 'empty' never applies; remove it");
            return new EventFeature(name, Line(map), null, [], null);
        }

        if (!FieldNames.TryText(fieldName, out var field))
            errors.Add(map.At("field"), $"{what}: field '{fieldName}' is unknown{FieldNames.Hint(fieldName)}; the fields are {FieldNames.Amount}, {FieldNames.TextFields}");
        else if (values.Count == 0)
            errors.Add(map.Node, $"{what}: {fieldName} is a text and a feature is a number; add the value it is compared with, such as is: ecom");
        return new EventFeature(name, Line(map), field, values, empty);
    }

    private CalendarFeature ReadCalendar(string name, string what, YamlMap map)
    {
        map.AllowOnly(what, "name", "from", "flag", "hours", "days");
        var flag = CalendarFlag.Hour;
        if (map.Text("flag", what, required: true) is { } text && !Flags.TryGetValue(text, out flag))
            errors.Add(map.At("flag"), $"{what}: flag '{text}' is unknown{ClosestName.Hint(text, Flags.Keys)}; the flags are {string.Join(", ", Flags.Keys)}");
        if (map.Has("hours") && flag != CalendarFlag.Night)
            errors.Add(map.At("hours"), $"{what}: 'hours' belongs to flag: night");
        if (map.Has("days") && flag != CalendarFlag.Weekend)
            errors.Add(map.At("days"), $"{what}: 'days' belongs to flag: weekend");
        var (fromHour, toHour) = flag == CalendarFlag.Night ? Hours(what, map) : (0, 0);
        return new CalendarFeature(name, Line(map), flag, fromHour, toHour, flag == CalendarFlag.Weekend ? Days(what, map) : 0);
    }

    private (int From, int To) Hours(string what, YamlMap map)
    {
        if (map.Texts("hours", what) is [var first, var last] && int.TryParse(first, out var from) && int.TryParse(last, out var to)
            && from is >= 0 and <= 23 && to is >= 0 and <= 23)
        {
            return (from, to);
        }

        errors.Add(map.At("hours"), $"{what}: flag night needs its first and last hour, both 0 to 23, such as hours: [0, 6] for 00:00:00 to 06:59:59");
        return (0, 0);
    }

    private int Days(string what, YamlMap map)
    {
        if (map.Texts("days", what) is not { } texts)
            return WeekendDays;
        var days = 0;
        foreach (var text in texts)
        {
            var day = Array.IndexOf(DayNames, text);
            if (day < 0)
                errors.Add(map.At("days"), $"{what}: day '{text}' is unknown{ClosestName.Hint(text, DayNames)}; the days are {string.Join(", ", DayNames)}");
            else
                days |= 1 << day;
        }

        return days;
    }

    private ArithmeticFeature ReadArithmetic(string name, string what, YamlMap map)
    {
        map.AllowOnly(what, "name", "from", "ratio", "difference", "zscore", "empty");
        var operations = OperandCounts.Keys.Where(map.Has).ToArray();
        if (operations.Length != 1)
        {
            errors.Add(map.Node, $"{what}: arithmetic needs exactly one of ratio: [a, b] (a ÷ b), difference: [a, b] (a − b), zscore: [x, mean, stddev]");
            return new ArithmeticFeature(name, Line(map), ArithmeticOperation.Ratio, [], null);
        }

        var operation = operations[0];
        var names = map.Texts(operation, what) ?? [];
        if (map.Get(operation) is not null && names.Count != OperandCounts[operation])
            errors.Add(map.At(operation), $"{what}: {operation} takes {OperandCounts[operation]} features, not {names.Count}");
        var operands = names.Select(n => Operand(name, what, map.At(operation), n)).ToArray();
        return new ArithmeticFeature(name, Line(map), Enum.Parse<ArithmeticOperation>(operation, ignoreCase: true), operands, map.Number("empty", what));
    }

    private int Operand(string name, string what, YamlDotNet.RepresentationModel.YamlNode at, string operand)
    {
        if (places.TryGetValue(operand, out var place))
            return place;
        var why = new StringBuilder($"{what}: '{operand}' ");
        if (operand == name)
            why.Append("is the feature itself: a cycle");
        else if (declared.TryGetValue(operand, out var line))
            why.Append(System.Globalization.CultureInfo.InvariantCulture, $"is declared later, in line {line}; put it before this feature (two that need each other are a cycle)");
        else
            why.Append($"is no feature of this set{ClosestName.Hint(operand, places.Keys)}; arithmetic takes names of features that stand before it");
        errors.Add(at, why.ToString());
        return 0;
    }
}
