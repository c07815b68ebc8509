using Microsoft.ML.OnnxRuntime;

namespace Scoring.Models.Inference;

/// <summary>
/// Scores rows before a model is accepted. Golden rows must get their scores, and the very same bits among others and alone: how
/// transactions fall into batches is chance, and a score must not depend on it. The baseline, and a row of nothing but missing
/// inputs, which is more than a first payment lacks, must get scores.
/// </summary>
internal sealed class GoldenCheck
{
    private const int MaxNamedRows = 5;

    private const string MissingInputs = "a first payment has no history, so the model must take missing values "
        + "(trees do; before others put an imputer into what is exported, such as scikit-learn's SimpleImputer)";

    private readonly OnnxModel model;
    private readonly List<string> problems;

    private GoldenCheck(OnnxModel model, List<string> problems)
    {
        this.model = model;
        this.problems = problems;
    }

    /// <summary>Checks a model.</summary>
    /// <param name="model">The model, whose rows are overwritten.</param>
    /// <param name="golden">Its golden rows; null if they are not to be had.</param>
    /// <param name="baseline">One unremarkable value per input.</param>
    /// <param name="problems">Receives what is wrong, one text a problem.</param>
    public static void Run(OnnxModel model, GoldenRows? golden, IReadOnlyList<float> baseline, List<string> problems)
    {
        var check = new GoldenCheck(model, problems);
        var rows = "the golden rows";
        try
        {
            if (golden is not null)
                check.Compare(golden);
            rows = "the inputs' baselines";
            check.Score(rows, [.. baseline], "they are the values of an unremarkable transaction");
            rows = "a row of nothing but missing inputs";
            check.Score(rows, [.. baseline.Select(_ => float.NaN)], MissingInputs);
        }
        catch (OnnxRuntimeException e)
        {
            problems.Add($"{BundleFiles.ModelName}: ONNX Runtime cannot run it on {rows} ({e.Message})");
        }
    }

    private void Score(string name, float[] row, string why)
    {
        row.CopyTo(model.Row(0));
        var output = model.Run(1)[0];
        if (default(DecisionThresholds).Judge(output).Fault != ScoreFault.None)
            problems.Add($"{BundleFiles.ModelName}: it gives {name} {output}; a score is a number from 0 to 1, and {why}");
    }

    private void Compare(GoldenRows golden)
    {
        var scores = new float[golden.Count];
        for (var first = 0; first < golden.Count; first += OnnxModel.MaxBatchRows)
        {
            var count = Math.Min(golden.Count - first, OnnxModel.MaxBatchRows);
            for (var i = 0; i < count; i++)
                golden.Inputs(first + i).CopyTo(model.Row(i));
            model.Run(count).CopyTo(scores.AsSpan(first));
        }

        var wrong = new List<string>();
        for (var row = 0; row < golden.Count; row++)
        {
            golden.Inputs(row).CopyTo(model.Row(0));
            if (Difference(scores[row], model.Run(1)[0], golden.Score(row)) is { } difference)
                wrong.Add($"line {golden.Line(row)}: {difference}");
        }

        Report(wrong);
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

    private void Report(List<string> wrong)
    {
        problems.AddRange(wrong.Take(MaxNamedRows).Select(text => $"{BundleFiles.GoldenName}: {text}"));
        if (wrong.Count > MaxNamedRows)
            problems.Add($"{BundleFiles.GoldenName}: {wrong.Count - MaxNamedRows} more rows differ");
    }
}
