namespace Scoring.Models.Inference;

/// <summary>
/// Finds the features that raise a score most: each in turn is replaced by the baseline's value, and the
/// features whose replacement lowers the score most come first. (One-at-a-time occlusion; see Zeiler and
/// Fergus, 2014.) It takes one row of the model per feature that differs from the baseline, in one run.
/// Owned by whoever owns the model, whose row buffer it overwrites.
/// </summary>
internal sealed class BaselineAttribution
{
    private readonly OnnxModel model;
    private readonly float[] baseline;
    private readonly float[] row;
    private readonly int[] candidates;

    /// <summary>Attributes scores of a model.</summary>
    /// <param name="model">The model.</param>
    /// <param name="baseline">One unremarkable value per input.</param>
    public BaselineAttribution(OnnxModel model, IReadOnlyList<float> baseline)
    {
        this.model = model;
        this.baseline = [.. baseline];
        row = new float[this.baseline.Length];
        candidates = new int[OnnxModel.MaxBatchRows];
    }

    /// <summary>One unremarkable value per input.</summary>
    public ReadOnlySpan<float> Baseline => baseline;

    /// <summary>Finds the strongest features of a row, strongest first; of equal ones the first in the vector's order.</summary>
    /// <param name="features">The row that was scored.</param>
    /// <param name="score">Its score.</param>
    /// <param name="strongest">Receives the features' places in the vector; its length is the most to find.</param>
    /// <returns>How many were found: only those whose replacement lowers the score.</returns>
    public int Strongest(ReadOnlySpan<double> features, float score, Span<int> strongest)
    {
        OnnxModel.ToSingle(features, row);
        Span<float> scoresWithout = stackalloc float[strongest.Length];
        var found = 0;
        for (var next = 0; next < row.Length;)
        {
            var count = FillRows(ref next);
            if (count == 0)
                break;
            var replaced = model.Run(count);
            for (var i = 0; i < count; i++)
            {
                // What is below the range is no score, and says nothing of the feature.
                if (replaced[i] < score && replaced[i] >= -DecisionThresholds.RangeTolerance)
                    Insert(candidates[i], replaced[i], strongest, scoresWithout, ref found);
            }
        }

        return found;
    }

    // One row per feature that differs from the baseline, until the features or the model's rows are used up.
    private int FillRows(ref int next)
    {
        var count = 0;
        for (; next < row.Length && count < candidates.Length; next++)
        {
            // Equals, other than ==, takes NaN for equal to NaN.
            if (row[next].Equals(baseline[next]))
                continue;
            var replaced = model.Row(count);
            row.CopyTo(replaced);
            replaced[next] = baseline[next];
            candidates[count++] = next;
        }

        return count;
    }

    private static void Insert(int feature, float scoreWithout, Span<int> strongest, Span<float> scoresWithout, ref int found)
    {
        var place = found;
        while (place > 0 && scoreWithout < scoresWithout[place - 1])
            place--;
        if (place == strongest.Length)
            return;
        found = Math.Min(found + 1, strongest.Length);
        for (var i = found - 1; i > place; i--)
            (strongest[i], scoresWithout[i]) = (strongest[i - 1], scoresWithout[i - 1]);
        (strongest[place], scoresWithout[place]) = (feature, scoreWithout);
    }
}
