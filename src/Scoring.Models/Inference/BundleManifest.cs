using System.Text.Json;

namespace Scoring.Models.Inference;

/// <summary>What a bundle's <c>model.json</c> says.</summary>
/// <param name="Name">The model's name.</param>
/// <param name="Version">The model's version.</param>
/// <param name="FeatureSet">The feature set that the model was trained on, its features in the order of the inputs.</param>
/// <param name="Baseline">One unremarkable value per input, against which causes are measured; NaN where that is a missing one.</param>
/// <param name="Input">The name of the ONNX model's input, float [N, inputs].</param>
/// <param name="Output">The name of the ONNX model's output with the scores, float [N], [N, 1] or [N, columns].</param>
/// <param name="OutputColumn">The scores' column in it, from 0; null where it has but one.</param>
/// <param name="Thresholds">From which scores a transaction is reviewed and declined.</param>
/// <param name="Sha256">The SHA-256 of the bundle's other files by name, in hexadecimal.</param>
/// <param name="Training">How the model was trained and how well it does; not interpreted here.</param>
public sealed record BundleManifest(
    string Name,
    int Version,
    FeatureContract FeatureSet,
    IReadOnlyList<float> Baseline,
    string Input,
    string Output,
    int? OutputColumn,
    DecisionThresholds Thresholds,
    IReadOnlyDictionary<string, string> Sha256,
    JsonElement Training)
{
    /// <summary>The format of <c>model.json</c> that this version reads.</summary>
    public const int FormatVersion = 1;

    /// <summary>The most inputs a model may have.</summary>
    public const int MaxInputs = 4_096;
}
