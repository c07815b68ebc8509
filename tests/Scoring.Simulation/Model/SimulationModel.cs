using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Scoring.Models.Features;
using Scoring.Models.Inference;

namespace Scoring.Simulation.Model;

/// <summary>A model of one stump a feature, for a feature set of twelve.</summary>
internal static class SimulationModel
{
    // One thread of a simulation runs at a time, so all its nodes can share a session; another simulation may run beside it.
    [ThreadStatic]
    private static ModelBundle? shared;

    internal static ModelBundle For(FeatureSet set) => shared ??= Load(set);

    private static ModelBundle Load(FeatureSet set)
    {
        var model = Resource("model.onnx");
        var golden = Resource("golden.jsonl");
        var manifest = new JsonObject
        {
            ["formatVersion"] = 1,
            ["name"] = "simulation",
            ["version"] = 1,
            ["featureSet"] = new JsonObject { ["name"] = set.Name, ["version"] = set.Version, ["fingerprint"] = set.Fingerprint },
            ["inputs"] = new JsonArray([.. set.FeatureNames.Select(n => (JsonNode)new JsonObject { ["name"] = n, ["baseline"] = 1.0 })]),
            ["input"] = "features",
            ["output"] = "score",
            ["thresholds"] = new JsonObject { ["review"] = 0.4, ["decline"] = 0.8 },
            ["sha256"] = new JsonObject
            {
                ["model.onnx"] = Convert.ToHexStringLower(SHA256.HashData(model)),
                ["golden.jsonl"] = Convert.ToHexStringLower(SHA256.HashData(golden)),
            },
        };
        var contract = new FeatureContract(set.Name, set.Version, set.Fingerprint, set.FeatureNames);
        return ModelBundle.Load(new BundleFiles("simulation", System.Text.Encoding.UTF8.GetBytes(manifest.ToJsonString()), model, golden), contract);
    }

    private static byte[] Resource(string name)
    {
        using var stream = typeof(SimulationModel).Assembly.GetManifestResourceStream(name)!;
        using var bytes = new MemoryStream();
        stream.CopyTo(bytes);
        return bytes.ToArray();
    }
}
