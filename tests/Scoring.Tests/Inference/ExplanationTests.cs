using Scoring.Models.Inference;
using Scoring.Models.Wire;

namespace Scoring.Tests.Inference;

public sealed class ExplanationTests : IDisposable
{
    private readonly ModelBundle bundle = new BundleFixture().Load();

    public void Dispose() => bundle.Dispose();

    [Fact]
    public void The_features_whose_replacement_lowers_the_score_most_come_after_the_threshold() =>
        Assert.Equal(["score_above_decline", "feature:amount", "feature:ratio"], Explain(150, 7, 5, 1));

    [Fact]
    public void Of_equally_strong_features_the_first_of_the_vector_comes_first() =>
        Assert.Equal(["score_above_review", "feature:ratio", "feature:night"], Explain(20, 7, 5, 1));

    [Fact]
    public void A_feature_whose_replacement_does_not_lower_the_score_is_no_reason()
    {
        // This model's score is the sigmoid of the amount alone, whose baseline is higher than this one.
        using var first = new BundleFixture().With(BundleFixture.Onnx("first"), BundleFixture.FirstInputGolden()).Load();
        var codes = new string[ModelBundle.MaxReasons];

        Assert.Equal(1, first.Explain([3, 9, 9, 1], 0.95257413f, codes));
        Assert.Equal("score_above_decline", codes[0]);
    }

    [Fact]
    public void An_approved_transaction_has_no_reasons() => Assert.Empty(Explain(20, 1, 1, 0));

    [Fact]
    public void No_more_codes_are_written_than_asked_for()
    {
        var codes = new string[2];
        Assert.Equal(2, bundle.Explain([150, 7, 5, 1], Score(150, 7, 5, 1), codes));
        Assert.Equal(["score_above_decline", "feature:amount"], codes);
        Assert.Equal(1, bundle.Explain([150, 7, 5, 1], Score(150, 7, 5, 1), codes.AsSpan(0, 1)));
        Assert.Equal(0, bundle.Explain([150, 7, 5, 1], Score(150, 7, 5, 1), []));
    }

    [Fact]
    public void A_missing_value_is_compared_with_the_baseline_as_a_missing_value()
    {
        // The amount is missing, as cheap as the baseline's to this model; a missing count counts as many.
        Assert.Equal(["score_above_review", "feature:ratio", "feature:night"], Explain(double.NaN, double.NaN, 5, 1));
    }

    [Fact]
    public void A_score_that_is_no_number_is_reviewed_and_says_so()
    {
        using var first = new BundleFixture().With(BundleFixture.Onnx("first"), BundleFixture.FirstInputGolden()).Load();
        var scores = new float[1];
        first.Model.Score([double.NaN, 0, 0, 0], scores);
        var codes = new string[ModelBundle.MaxReasons];

        Assert.True(float.IsNaN(scores[0]));
        Assert.Equal(Decision.Review, first.Manifest.Thresholds.Decide(scores[0]));
        Assert.Equal(1, first.Explain([double.NaN, 0, 0, 0], scores[0], codes));
        Assert.Equal("score_not_a_number", codes[0]);
    }

    [Fact]
    public void Explaining_allocates_no_managed_memory()
    {
        double[] row = [150, 7, 5, 1];
        var codes = new string[ModelBundle.MaxReasons];
        var score = Score(row);
        bundle.Explain(row, score, codes);

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 100; i++)
            bundle.Explain(row, score, codes);

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private float Score(params double[] row)
    {
        var scores = new float[1];
        bundle.Model.Score(row, scores);
        return scores[0];
    }

    private string[] Explain(params double[] row)
    {
        var codes = new string[ModelBundle.MaxReasons];
        return codes[..bundle.Explain(row, Score(row), codes)];
    }
}
