using System.Text.Json;

namespace Scoring.Models.Inference;

/// <summary>
/// Reads a bundle's <c>model.json</c> and collects everything that is wrong with it. Fields that it does
/// not know are ignored, so that later trainers may say more.
/// </summary>
internal sealed class BundleManifestReader
{
    private const int MaxNameLength = 100;

    // Names of features and of tensors; exporters make long ones.
    private const int MaxTextLength = 500;

    private readonly List<string> problems;

    private BundleManifestReader(List<string> problems) => this.problems = problems;

    /// <summary>Reads the manifest.</summary>
    /// <param name="json">The file's bytes.</param>
    /// <param name="problems">Receives what is wrong, one text a problem.</param>
    /// <returns>The manifest; null if anything is wrong with it.</returns>
    public static BundleManifest? Read(ReadOnlyMemory<byte> json, List<string> problems)
    {
        try
        {
            using var document = BundleJson.Parse(json);
            var before = problems.Count;
            var manifest = new BundleManifestReader(problems).Manifest(document.RootElement);
            return problems.Count == before ? manifest : null;
        }
        catch (JsonException e)
        {
            problems.Add($"{BundleFiles.ManifestName}: not readable as JSON ({e.Message})");
            return null;
        }
    }

    private BundleManifest Manifest(JsonElement root)
    {
        var format = Whole(root, "", "formatVersion", BundleManifest.FormatVersion, BundleManifest.FormatVersion);
        if (format != BundleManifest.FormatVersion)
            return Empty();

        var (names, baseline) = Inputs(root);
        var set = Child(root, "", "featureSet", JsonValueKind.Object);
        return new BundleManifest(
            Name(root, "", "name"),
            Whole(root, "", "version", 0, int.MaxValue),
            new FeatureContract(Text(set, "featureSet.", "name"), Whole(set, "featureSet.", "version", 0, int.MaxValue), Text(set, "featureSet.", "fingerprint"), names),
            baseline,
            Text(root, "", "input"),
            Text(root, "", "output"),
            root.TryGetProperty("outputColumn", out _) ? Whole(root, "", "outputColumn", 0, ScoreOutput.MaxColumns - 1) : null,
            Thresholds(root),
            Hashes(root),
            root.TryGetProperty("training", out var training) ? training.Clone() : default);
    }

    private (string[] Names, float[] Baseline) Inputs(JsonElement root)
    {
        if (Child(root, "", "inputs", JsonValueKind.Array) is not { ValueKind: JsonValueKind.Array } list)
            return ([], []);
        var count = list.GetArrayLength();
        if (count is 0 or > BundleManifest.MaxInputs)
        {
            Add("inputs", $"{count} inputs; a model has 1 to {BundleManifest.MaxInputs}");
            return ([], []);
        }

        var names = new string[count];
        var baseline = new float[count];
        for (var i = 0; i < count; i++)
        {
            var path = $"inputs[{i}].";
            names[i] = Text(list[i], path, "name");
            if (Array.IndexOf(names, names[i], 0, i) is >= 0 and var first && names[i].Length > 0)
                Add(path + "name", $"'{names[i]}' is the name of inputs[{first}] too; every input has a name of its own");
            baseline[i] = Baseline(list[i], path);
        }

        return (names, baseline);
    }

    private float Baseline(JsonElement input, string path)
    {
        if (input.ValueKind != JsonValueKind.Object || !input.TryGetProperty("baseline", out var value))
            Add(path + "baseline", "missing; it must be a number, or null where the value is a missing one");
        else if (value.ValueKind == JsonValueKind.Number && value.TryGetSingle(out var number) && float.IsFinite(number))
            return number;
        else if (value.ValueKind != JsonValueKind.Null)
            Add(path + "baseline", $"{BundleJson.Excerpt(value)} is neither a float32 nor null");
        return float.NaN;
    }

    private DecisionThresholds Thresholds(JsonElement root)
    {
        var thresholds = Child(root, "", "thresholds", JsonValueKind.Object);
        var review = Probability(thresholds, "thresholds.", "review");
        var decline = Probability(thresholds, "thresholds.", "decline");
        if (review > decline)
            Add("thresholds", $"review {review} is above decline {decline}; it must be at or below");
        return new DecisionThresholds(review, decline);
    }

    private Dictionary<string, string> Hashes(JsonElement root)
    {
        var hashes = new Dictionary<string, string>();
        var element = Child(root, "", "sha256", JsonValueKind.Object);
        foreach (var file in (string[])[BundleFiles.ModelName, BundleFiles.GoldenName])
        {
            hashes[file] = Text(element, "sha256.", file);
            if (hashes[file] is { Length: > 0 } hash && (hash.Length != 64 || !hash.All(char.IsAsciiHexDigit)))
                Add("sha256." + file, $"'{hash}' is no SHA-256; that is 64 hexadecimal digits");
        }

        return hashes;
    }

    private JsonElement Child(JsonElement parent, string path, string name, JsonValueKind kind)
    {
        // A parent that is absent was reported where it was looked for.
        if (parent.ValueKind == JsonValueKind.Undefined)
            return default;
        if (parent.ValueKind != JsonValueKind.Object)
            Add(path.Length == 0 ? "" : path[..^1], "must be an object");
        else if (!parent.TryGetProperty(name, out var child))
            Add(path + name, $"missing; it must be {Describe(kind)}");
        else if (child.ValueKind != kind)
            Add(path + name, $"{BundleJson.Excerpt(child)} is not {Describe(kind)}");
        else
            return child;
        return default;
    }

    private string Text(JsonElement parent, string path, string name)
    {
        var child = Child(parent, path, name, JsonValueKind.String);
        if (child.ValueKind != JsonValueKind.String)
            return "";
        var text = child.GetString()!;
        if (text.Length > 0 && text.Length <= MaxTextLength && !text.Any(char.IsControl))
            return text;
        Add(path + name, text.Length == 0 ? "empty; it must be a text" : $"{BundleJson.Excerpt(child)} has control characters or more than {MaxTextLength} characters");
        return "";
    }

    // A model's name is part of scores, metrics and addresses.
    private string Name(JsonElement parent, string path, string name)
    {
        var text = Text(parent, path, name);
        if (text.Length > 0 && (text.Length > MaxNameLength || !char.IsAsciiLetterOrDigit(text[0]) || !text.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-')))
            Add(path + name, $"'{text}' is no name; that is a letter or digit, then letters, digits, '.', '_' and '-', at most {MaxNameLength}");
        return text;
    }

    private int Whole(JsonElement parent, string path, string name, int least, int most)
    {
        var child = Child(parent, path, name, JsonValueKind.Number);
        if (child.ValueKind != JsonValueKind.Number)
            return -1;
        if (child.TryGetInt32(out var value) && value >= least && value <= most)
            return value;
        Add(path + name, $"{BundleJson.Excerpt(child)} is not {(least == most ? $"{least}" : $"a whole number from {least} to {most}")}");
        return -1;
    }

    private float Probability(JsonElement parent, string path, string name)
    {
        var child = Child(parent, path, name, JsonValueKind.Number);
        if (child.ValueKind != JsonValueKind.Number)
            return float.NaN;
        if (child.TryGetSingle(out var value) && value is >= 0 and <= 1)
            return value;
        Add(path + name, $"{BundleJson.Excerpt(child)} is not a score from 0 to 1");
        return float.NaN;
    }

    private static BundleManifest Empty() => new("", -1, new FeatureContract("", -1, "", []), [], "", "", null, default, new Dictionary<string, string>(), default);

    private void Add(string where, string what) => problems.Add($"{BundleFiles.ManifestName}: {where}{(where.Length == 0 ? "" : ": ")}{what}");

    private static string Describe(JsonValueKind kind) => kind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "a list",
        JsonValueKind.Number => "a number",
        _ => "a text",
    };
}
