using Microsoft.ML.OnnxRuntime;

namespace Scoring.Models.Inference;

/// <summary>
/// Scores golden rows and says where a model differs. Each row is scored among others and alone, and must
/// get the very same bits: how transactions fall into batches is chance, and a score must not depend on it.
/// </summary>
internal static class GoldenCheck
{
    private const int MaxNamedRows = 5;

    public static void Run(OnnxModel model, GoldenRows golden, List<string> problems)
    {
        try
        {
            Report(Compare(model, golden), problems);
        }
        catch (OnnxRuntimeException e)
        {
            problems.Add($"{BundleFiles.ModelName}: ONNX Runtime cannot run it on the golden rows ({e.Message})");
        }
    }

    private static List<string> Compare(OnnxModel model, GoldenRows golden)
    {
        var wrong = new List<string>();
        var scores = new float[golden.Count];
        for (var first = 0; first < golden.Count; first += OnnxModel.MaxBatchRows)
        {
            var count = Math.Min(golden.Count - first, OnnxModel.MaxBatchRows);
            for (var i = 0; i < count; i++)
                golden.Inputs(first + i).CopyTo(model.Row(i));
            model.Run(count).CopyTo(scores.AsSpan(first));
        }

        for (var row = 0; row < golden.Count; row++)
        {
            golden.Inputs(row).CopyTo(model.Row(0));
            if (Difference(scores[row], model.Run(1)[0], golden.Score(row)) is { } difference)
                wrong.Add($"line {row + 1}: {difference}");
        }

        return wrong;
    }

    private static string? Difference(float inBatch, float alone, float expected)
    {
        // Written so that NaN differs.
        if (!(Math.Abs(inBatch - expected) <= ModelBundle.GoldenTolerance))
            return $"the model scores {inBatch}; {expected} ± {ModelBundle.GoldenTolerance} is right";
        return BitConverter.SingleToUInt32Bits(inBatch) == BitConverter.SingleToUInt32Bits(alone)
            ? null
            : $"the model scores {inBatch} among other rows and {alone} alone; a score must not depend on its batch";
    }

    private static void Report(List<string> wrong, List<string> problems)
    {
        problems.AddRange(wrong.Take(MaxNamedRows).Select(text => $"{BundleFiles.GoldenName}: {text}"));
        if (wrong.Count > MaxNamedRows)
            problems.Add($"{BundleFiles.GoldenName}: {wrong.Count - MaxNamedRows} more rows differ");
    }
}
