using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Scoring.Models.Inference;

namespace Scoring.Tests.Inference;

/// <summary>The bundle of stumps beside this file, to be changed in one respect and loaded.</summary>
internal sealed class BundleFixture
{
    public static readonly FeatureContract Running = new("tiny", 2, "sha256:0123", ["amount", "count_1d", "ratio", "night"]);

    public BundleFixture()
    {
        var folder = Path.Combine(Folder, "stumps");
        Manifest = JsonNode.Parse(File.ReadAllBytes(Path.Combine(folder, "model.json")))!.AsObject();
        Model = File.ReadAllBytes(Path.Combine(folder, "model.onnx"));
        Golden = File.ReadAllBytes(Path.Combine(folder, "golden.jsonl"));
    }

    public static string Root { get; } = FindRoot(AppContext.BaseDirectory);

    public static string Folder { get; } = Path.Combine(Root, "tests", "Scoring.Tests", "Inference", "Fixtures");

    public JsonObject Manifest { get; }

    public byte[]? Model { get; set; }

    public byte[]? Golden { get; set; }

    public static byte[] Onnx(string name) => File.ReadAllBytes(Path.Combine(Folder, name + ".onnx"));

    /// <summary>Takes other files and names their hashes, as a trainer would.</summary>
    public BundleFixture With(byte[]? model = null, string? golden = null)
    {
        Model = model ?? Model;
        Golden = golden is null ? Golden : Encoding.UTF8.GetBytes(golden);
        Manifest["sha256"] = new JsonObject
        {
            ["model.onnx"] = Convert.ToHexStringLower(SHA256.HashData(Model!)),
            ["golden.jsonl"] = Convert.ToHexStringLower(SHA256.HashData(Golden!)),
        };
        return this;
    }

    /// <summary>Golden rows that the models taking the first input alone agree with.</summary>
    public static string FirstInputGolden(int width = 4)
    {
        var rows = new StringBuilder();
        foreach (var value in (float[])[-2, 0.5f, 3])
        {
            var inputs = string.Join(',', Enumerable.Repeat("0", width - 1).Prepend($"{value}"));
            rows.Append($"{{\"inputs\":[{inputs}],\"score\":{1 / (1 + MathF.Exp(-value))}}}\n");
        }

        return rows.ToString();
    }

    /// <summary>Golden rows of a model that looks the first input up in a table, for those that stand in it.</summary>
    public static string TableGolden(params float[] table) =>
        string.Concat(table.Select((score, place) => FormattableString.Invariant($"{{\"inputs\":[{place},0,0,1],\"score\":{score}}}\n")));

    /// <summary>Names the output that has the scores, and their column.</summary>
    public BundleFixture WithOutput(string output, int? column)
    {
        Manifest["output"] = output;
        if (column is { } place)
            Manifest["outputColumn"] = place;
        return this;
    }

    /// <summary>Makes a value an input's baseline.</summary>
    public BundleFixture WithBaseline(int input, float value)
    {
        Manifest["inputs"]![input]!["baseline"] = value;
        return this;
    }

    /// <summary>The bundle of a model whose score is its first input by its last one: any number, infinity, and not a number for 0 by 0.</summary>
    public static BundleFixture Quotient() => new BundleFixture().With(Onnx("quotient"), TableGolden(0, 1)).WithBaseline(0, 0);

    /// <summary>The bundle of a model that fails on a row whose first input is not 0, 1, 2 or 3.</summary>
    public static BundleFixture Lookup() => new BundleFixture().With(Onnx("lookup"), TableGolden(0.125f, 0.25f, 0.5f, 1)).WithBaseline(0, 0);

    public BundleFiles Files() => new("fixture", Encoding.UTF8.GetBytes(Manifest.ToJsonString()), Model, Golden);

    public ModelBundle Load() => ModelBundle.Load(Files(), Running);

    public IReadOnlyList<string> Refusal() => Assert.Throws<BundleException>(Load).Problems;

    private static string FindRoot(string folder) =>
        File.Exists(Path.Combine(folder, "Scoring.sln")) ? folder : FindRoot(Path.GetDirectoryName(folder)!);
}
