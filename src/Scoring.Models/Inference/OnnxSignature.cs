using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace Scoring.Models.Inference;

/// <summary>What the input of a scoring model must be, and which of its outputs has the scores.</summary>
/// <param name="Input">The input's name, float [N, <paramref name="InputCount"/>].</param>
/// <param name="InputCount">How many values a row has.</param>
/// <param name="Output">The output's name; see <see cref="ScoreOutput"/>.</param>
/// <param name="OutputColumn">The scores' column, from 0; null where there is but one.</param>
internal sealed record OnnxSignature(string Input, int InputCount, string Output, int? OutputColumn)
{
    /// <summary>Says how a session's input differs from this signature, one text a difference.</summary>
    /// <param name="session">The session.</param>
    public IEnumerable<string> InputProblems(InferenceSession session)
    {
        foreach (var name in session.InputMetadata.Keys.Where(name => name != Input))
            yield return OnnxText.Wrong("input", name, $"unexpected; '{Input}' must be the only one");
        if (!session.InputMetadata.TryGetValue(Input, out var input))
            yield return OnnxText.Wrong("input", Input, "missing");
        else if (!IsFloat(input) || input.Dimensions is not [-1, var width] || (width != InputCount && width != -1))
            yield return OnnxText.Wrong("input", Input, $"{OnnxText.Describe(input)}; it must be float [N, {InputCount}], its first dimension left open ({OnnxText.OpenFirstDimension})");
    }

    private static bool IsFloat(NodeMetadata node) => node.OnnxValueType == OnnxValueType.ONNX_TYPE_TENSOR && node.ElementDataType == TensorElementType.Float;
}
