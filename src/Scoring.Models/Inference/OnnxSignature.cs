using Microsoft.ML.OnnxRuntime;

namespace Scoring.Models.Inference;

/// <summary>What the input and the output of a scoring model must be.</summary>
/// <param name="Input">The input's name, float [N, <paramref name="InputCount"/>].</param>
/// <param name="InputCount">How many values a row has.</param>
/// <param name="Output">The output's name, float [N] or [N, 1].</param>
internal sealed record OnnxSignature(string Input, int InputCount, string Output)
{
    /// <summary>Says how a session differs from this signature, one text a difference.</summary>
    /// <param name="session">The session.</param>
    public IEnumerable<string> Problems(InferenceSession session)
    {
        foreach (var name in session.InputMetadata.Keys.Where(name => name != Input))
            yield return Wrong("input", name, $"unexpected; '{Input}' must be the only one");
        if (!session.InputMetadata.TryGetValue(Input, out var input))
            yield return Wrong("input", Input, "missing");
        else if (!IsFloat(input) || input.Dimensions is not [-1, var width] || width != InputCount)
            yield return Wrong("input", Input, $"{Describe(input)}; it must be float [N, {InputCount}]");

        if (!session.OutputMetadata.TryGetValue(Output, out var output))
            yield return Wrong("output", Output, $"missing; the model has {string.Join(", ", session.OutputMetadata.Keys)}");
        else if (!IsFloat(output) || output.Dimensions is not ([-1] or [-1, 1]))
            yield return Wrong("output", Output, $"{Describe(output)}; it must be float [N] or [N, 1]");
    }

    private static bool IsFloat(NodeMetadata node) => node.OnnxValueType == OnnxValueType.ONNX_TYPE_TENSOR && node.ElementType == typeof(float);

    private static string Wrong(string kind, string name, string what) => $"{BundleFiles.ModelName}: {kind} '{name}': {what}";

    private static string Describe(NodeMetadata node) => node.OnnxValueType != OnnxValueType.ONNX_TYPE_TENSOR
        ? node.OnnxValueType.ToString()
        : $"{node.ElementType.Name} [{string.Join(", ", node.Dimensions.Select(d => d < 0 ? "N" : $"{d}"))}]";
}
