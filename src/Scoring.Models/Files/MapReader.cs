using Scoring.Models.Yaml;
using YamlDotNet.RepresentationModel;

namespace Scoring.Models.Files;

/// <summary>Reads a map's YAML; <see cref="MapFields"/> reads its columns.</summary>
internal sealed class MapReader(YamlMap root, YamlErrors errors)
{
    private const string What = "map";
    private const string TimeHelp = "yyyy-MM-dd HH:mm:ss";

    private static readonly string[] Keys = ["columns", "timeFormat", "timeZone", "labelDelay", "labels", "where", "delimiter", "quote", "encoding"];

    private readonly MapFields fields = new(errors);

    /// <summary>Reads it; null, with every error noted, if it is wrong.</summary>
    public EventFileMap? Read()
    {
        root.AllowOnly(What, Keys);
        if (root.Get("columns") is { } node && YamlMap.From(node, "columns", errors) is { } columns)
            fields.Read(columns);
        else if (!root.Has("columns"))
            errors.Add(root.Node, "map: 'columns' is missing; write columns: { transactionId: …, cardId: …, amount: …, eventTime: … }");
        fields.Require(root.At("columns"));
        var where = root.Get("where") is { } condition ? fields.Condition(condition, "where") : null;
        var zone = root.TimeZone("timeZone", What);
        var format = ReadTimeFormat(zone);
        var labels = root.Has("labels") ? ReadLabels() : null;
        var delay = root.Duration("labelDelay", What) ?? 0;
        var delimiter = ReadSign("delimiter", ",", "such as \";\"");
        var quote = root.Text("quote", What) == "none" ? (char?)null : ReadSign("quote", "\"", "such as \"'\", or none");
        if (quote == delimiter)
            errors.Add(root.At("quote"), $"map: quote and delimiter are both '{quote}'; one of them must be another");
        var encoding = ReadEncoding();
        return errors.Count > 0 || format is null
            ? null
            : new EventFileMap(fields.Layout(format) with { Where = where, Labels = labels }, new TextLayout((byte)delimiter, (byte?)quote, encoding), TimeSpan.FromMicroseconds(delay));
    }

    private EventTimeFormat? ReadTimeFormat(TimeZoneInfo zone)
    {
        if (root.Get("timeFormat") is YamlMappingNode node)
            return ReadSteps(YamlMap.From(node, "timeFormat", errors)!, zone);
        var pattern = root.Text("timeFormat", What) ?? "iso8601";
        if (!EventTimeFormat.TryParse(pattern, zone, out var format, out var why))
            errors.Add(root.At("timeFormat"), $"map: timeFormat '{pattern}' {why}; write {EventTimeFormat.Names}, a pattern of yyyy yy MMM MM M dd d HH H hh h mm m ss s f tt such as {TimeHelp}, or {{ step: 1h, from: 2026-01-01T00:00:00Z }}");
        return format;
    }

    private EventTimeFormat? ReadSteps(YamlMap steps, TimeZoneInfo zone)
    {
        const string what = "timeFormat";
        steps.AllowOnly(what, "step", "from");
        if (!steps.Has("step"))
            errors.Add(steps.Node, $"{what}: 'step' is missing; write how long one is, such as 1h");
        var unit = steps.Duration("step", what);
        if (unit == 0)
            errors.Add(steps.At("step"), $"{what}: step must be longer than 0");
        var start = steps.Text("from", what, required: true);
        if (unit is not > 0 || start is null)
            return null;
        if (EventTimeFormat.OfSteps(TimeSpan.FromMicroseconds(unit.Value), start, zone, out var format) is { } wrong)
            errors.Add(steps.At("from"), $"{what}: from '{start}' {wrong}; write when step 0 was, such as 2026-01-01T00:00:00Z");
        return format;
    }

    private LabelFileMap? ReadLabels()
    {
        const string what = "labels";
        if (YamlMap.From(root.Get("labels")!, what, errors) is not { } labels)
            return null;
        labels.AllowOnly(what, "file", "id", "label", "property", "positive", "negative");
        if (fields.HasLabel)
            errors.Add(labels.Node, "labels: columns names a label too; only one of them can be right");
        var file = labels.Text("file", what, required: true);
        var (id, label, property) = (labels.Text("id", what), labels.Text("label", what), labels.Text("property", what));
        var isObject = file is not null && FileContent.IsJson(file);
        if (isObject && (id ?? label) is not null)
            errors.Add(labels.At(id is not null ? "id" : "label"), "labels: a .json file is one object { ID: LABEL, … }, which has no columns; name the property that holds it, if it is not the whole file");
        if (!isObject && property is not null)
            errors.Add(labels.At("property"), "labels: property is for a .json file that is one object; of other files name the columns id and label");
        if (!isObject && file is not null && id is null)
            errors.Add(labels.Node, "labels: 'id' is missing; name the column of the transaction's id");
        return file is null ? null : new LabelFileMap(file, id, label, property, fields.Labels(labels, what));
    }

    private char ReadSign(string key, string usual, string example)
    {
        var sign = root.Text(key, What) ?? usual;
        if (sign.Length == 1 && char.IsAscii(sign[0]) && !char.IsAsciiLetterOrDigit(sign[0]) && sign[0] is not ('\r' or '\n') && (sign[0] != '"' || key == "quote"))
            return sign[0];
        errors.Add(root.At(key), $"map: {key} '{sign}' must be one character that is no letter, digit or quote, {example}");
        return usual[0];
    }

    private FileEncoding ReadEncoding()
    {
        var name = root.Text("encoding", What) ?? FileEncoding.Utf8.Name;
        if (FileEncoding.Find(name) is { } encoding)
            return encoding;
        errors.Add(root.At("encoding"), $"map: encoding '{name}' can't be read; write {FileEncoding.Names}, or make the file UTF-8 (iconv -f {name} -t utf-8)");
        return FileEncoding.Utf8;
    }
}
