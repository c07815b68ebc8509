using System.Text.Json.Nodes;
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

        Assert.Equal(1, first.Explain([3, 9, 9, 1], Verdict(first, 3, 9, 9, 1), codes));
        Assert.Equal("score_above_decline", codes[0]);
    }

    [Fact]
    public void An_approved_transaction_has_no_reasons() => Assert.Empty(Explain(20, 1, 1, 0));

    [Fact]
    public void No_more_codes_are_written_than_asked_for()
    {
        var codes = new string[2];
        Assert.Equal(2, bundle.Explain([150, 7, 5, 1], Verdict(bundle, 150, 7, 5, 1), codes));
        Assert.Equal(["score_above_decline", "feature:amount"], codes);
        Assert.Equal(1, bundle.Explain([150, 7, 5, 1], Verdict(bundle, 150, 7, 5, 1), codes.AsSpan(0, 1)));
        Assert.Equal(0, bundle.Explain([150, 7, 5, 1], Verdict(bundle, 150, 7, 5, 1), []));
    }

    [Fact]
    public void A_missing_value_is_compared_with_the_baseline_as_a_missing_value()
    {
        // The amount is missing, as cheap as the baseline's to this model; a missing count counts as many.
        Assert.Equal(["score_above_review", "feature:ratio", "feature:night"], Explain(double.NaN, double.NaN, 5, 1));
    }

    [Theory]
    [InlineData(0, 0, "score_not_a_number")]
    [InlineData(5, 0, "score_out_of_range")]
    [InlineData(5, 1, "score_out_of_range")]
    [InlineData(-5, 1, "score_out_of_range")]
    public void Where_the_model_gives_no_score_that_is_the_only_reason(double first, double last, string reason)
    {
        using var quotient = BundleFixture.Quotient().Load();
        var codes = new string[ModelBundle.MaxReasons];

        var verdict = Verdict(quotient, first, 0, 0, last);

        Assert.Equal(Decision.Review, verdict.Decision);
        Assert.Equal(1, quotient.Explain([first, 0, 0, last], verdict, codes));
        Assert.Equal(reason, codes[0]);
    }

    [Fact]
    public void A_feature_whose_replacement_gives_no_score_is_no_reason()
    {
        // With the baseline of either input alone the quotient is negative.
        using var quotient = BundleFixture.Quotient().WithBaseline(0, -1).WithBaseline(3, -1).Load();
        var codes = new string[ModelBundle.MaxReasons];

        Assert.Equal(1, quotient.Explain([0.95, 0, 0, 1], Verdict(quotient, 0.95, 0, 0, 1), codes));
        Assert.Equal("score_above_decline", codes[0]);
    }

    [Fact]
    public void A_model_that_fails_on_the_baseline_s_rows_leaves_the_threshold_as_the_reason()
    {
        var fixture = BundleFixture.Lookup();
        fixture.Manifest["thresholds"] = new JsonObject { ["review"] = 0.2, ["decline"] = 0.3 };
        using var lookup = fixture.Load();
        var codes = new string[ModelBundle.MaxReasons];

        Assert.Equal(1, lookup.Explain([70, 0, 0, 1], new Verdict(0.5f, Decision.Decline, ScoreFault.None), codes));
        Assert.Equal("score_above_decline", codes[0]);
    }

    [Fact]
    public void Explaining_allocates_no_managed_memory()
    {
        double[] row = [150, 7, 5, 1];
        var codes = new string[ModelBundle.MaxReasons];
        var verdict = Verdict(bundle, row);
        bundle.Explain(row, verdict, codes);

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 100; i++)
            bundle.Explain(row, verdict, codes);

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private static Verdict Verdict(ModelBundle of, params double[] row)
    {
        var verdicts = new Verdict[1];
        of.Score(row, verdicts);
        return verdicts[0];
    }

    private string[] Explain(params double[] row)
    {
        var codes = new string[ModelBundle.MaxReasons];
        return codes[..bundle.Explain(row, Verdict(bundle, row), codes)];
    }
}
