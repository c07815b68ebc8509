using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace Scoring.Models.Inference;

/// <summary>Where the scores stand in a model's output, a tensor [N], [N, 1] or [N, columns].</summary>
/// <param name="Name">The output's name.</param>
/// <param name="Rank">How many dimensions it has: 1 or 2.</param>
/// <param name="Columns">How many numbers a row has.</param>
/// <param name="Column">Which of them is the score.</param>
/// <param name="IsDouble">Whether the numbers are float64; scores are float32.</param>
internal readonly record struct ScoreOutput(string Name, int Rank, int Columns, int Column, bool IsDouble)
{
    /// <summary>The most columns of an output.</summary>
    public const int MaxColumns = 1_024;

    /// <summary>Whether the output is the scores and nothing else, as they are.</summary>
    public bool IsPlain => Columns == 1 && !IsDouble;

    /// <summary>The tensor's dimensions.</summary>
    /// <param name="rows">For so many rows.</param>
    public long[] Shape(int rows) => Rank == 1 ? [rows] : [rows, Columns];

    /// <summary>Finds the scores in a session's output.</summary>
    /// <param name="session">The session.</param>
    /// <param name="signature">Which output and column are asked for.</param>
    /// <param name="classes">What the columns stand for, where the model says so.</param>
    /// <param name="canRun">Whether the input is right, so that the session can run where the output's shape is left open.</param>
    /// <param name="problems">Receives what is wrong, one text a problem.</param>
    /// <returns>Null if anything is wrong.</returns>
    public static ScoreOutput? Find(InferenceSession session, OnnxSignature signature, IReadOnlyList<string> classes, bool canRun, List<string> problems)
    {
        if (!session.OutputMetadata.TryGetValue(signature.Output, out var output))
            problems.Add(Wrong(signature, $"missing; the model has {Others(session, null)}"));
        else if (output.OnnxValueType != OnnxValueType.ONNX_TYPE_TENSOR)
            problems.Add(Wrong(signature, $"{OnnxText.Describe(output)}; it must be a float tensor: export the classifier without a ZipMap (skl2onnx: options={{'zipmap': False}}; onnxmltools: zipmap=False)"));
        else if (output.ElementDataType is not (TensorElementType.Float or TensorElementType.Double))
            problems.Add(Wrong(signature, $"{OnnxText.Describe(output)}; it must be float [N], [N, 1] or [N, columns] (a classifier's label is no score; the other outputs are {Others(session, signature.Output)})"));
        else if ((Declared(output) ?? (canRun ? Seen(session, signature, output, problems) : null)) is { } dimensions)
            return Choose(signature, output, dimensions, classes, problems);
        return null;
    }

    private static ScoreOutput? Choose(OnnxSignature signature, NodeMetadata output, int[] dimensions, IReadOnlyList<string> classes, List<string> problems)
    {
        var columns = dimensions.Length == 2 ? dimensions[1] : 1;
        if (dimensions is not ([-1] or [-1, >= 1 and <= MaxColumns]))
        {
            problems.Add(Wrong(signature, $"{OnnxText.Describe(output)}; it must be float [N], [N, 1] or [N, columns], with at most {MaxColumns} columns and a first dimension that is left open ({OnnxText.OpenFirstDimension})"));
            return null;
        }

        if (columns == 1 ? signature.OutputColumn is null or 0 : signature.OutputColumn < columns)
            return new ScoreOutput(signature.Output, dimensions.Length, columns, signature.OutputColumn ?? 0, output.ElementDataType == TensorElementType.Double);
        var named = classes.Count == columns ? $", which stand for the classes {string.Join(", ", classes)}" : "";
        problems.Add(signature.OutputColumn is { } column
            ? $"{BundleFiles.ManifestName}: outputColumn: {column}; output '{signature.Output}' has the columns 0 to {columns - 1}{named}"
            : $"{BundleFiles.ManifestName}: outputColumn: missing; output '{signature.Output}' has the columns 0 to {columns - 1}{named}: say which is the probability of fraud, \"outputColumn\": 1 as a rule");
        return null;
    }

    private static int[]? Declared(NodeMetadata output) => output.Dimensions is [_, .. var inner] all && !inner.Contains(-1) ? all : null;

    // What the model leaves open is seen when it runs.
    private static int[]? Seen(InferenceSession session, OnnxSignature signature, NodeMetadata output, List<string> problems)
    {
        try
        {
            var rows = new float[2 * signature.InputCount];
            using var options = new RunOptions();
            using var input = OrtValue.CreateTensorValueFromMemory(rows, [2, signature.InputCount]);
            using var results = session.Run(options, [signature.Input], [input], [signature.Output]);
            var shape = results[0].GetTensorTypeAndShape().Shape;
            if (shape is [2, ..])
                return [-1, .. shape[1..].Select(length => (int)length)];
            problems.Add(Wrong(signature, $"{OnnxText.Describe(output)}; for 2 rows it is [{string.Join(", ", shape)}], and its first dimension must be the rows ({OnnxText.OpenFirstDimension})"));
        }
        catch (OnnxRuntimeException e)
        {
            problems.Add(Wrong(signature, $"{OnnxText.Describe(output)}; its shape shows only when the model runs, and ONNX Runtime cannot run it ({e.Message})"));
        }

        return null;
    }

    private static string Others(InferenceSession session, string? except) =>
        string.Join(", ", session.OutputMetadata.Where(o => o.Key != except).Select(o => $"'{o.Key}' {OnnxText.Describe(o.Value)}").DefaultIfEmpty("none"));

    private static string Wrong(OnnxSignature signature, string what) => OnnxText.Wrong("output", signature.Output, what);
}
