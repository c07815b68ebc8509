using Microsoft.ML.OnnxRuntime;

namespace Scoring.Models.Inference;

/// <summary>Words for what a model's inputs and outputs are, and for how to export them otherwise.</summary>
internal static class OnnxText
{
    /// <summary>How to export a model that takes any number of rows.</summary>
    public const string OpenFirstDimension = "skl2onnx: FloatTensorType([None, inputs]); torch.onnx.export: dynamic_axes or dynamic_shapes";

    /// <summary>A problem of an input or output.</summary>
    /// <param name="kind">Which of them.</param>
    /// <param name="name">Its name.</param>
    /// <param name="what">What it is, and what would be right.</param>
    public static string Wrong(string kind, string name, string what) => $"{BundleFiles.ModelName}: {kind} '{name}': {what}";

    /// <summary>A tensor's type and dimensions, N where one is left open; what it is if it is no tensor.</summary>
    /// <param name="node">The input or output.</param>
    public static string Describe(NodeMetadata node) => node.OnnxValueType switch
    {
        OnnxValueType.ONNX_TYPE_TENSOR => $"{node.ElementDataType} [{string.Join(", ", node.Dimensions.Select(d => d < 0 ? "N" : $"{d}"))}]",
        OnnxValueType.ONNX_TYPE_SEQUENCE => "a sequence",
        OnnxValueType.ONNX_TYPE_MAP => "a map",
        _ => "no tensor",
    };
}
