using Scoring.Models.Inference;
using Scoring.Models.Wire;

namespace Scoring.Tests.Inference;

public sealed class RowFailureTests
{
    [Fact]
    public void A_row_that_the_model_fails_on_is_reviewed_and_the_others_of_its_batch_get_their_scores()
    {
        using var bundle = BundleFixture.Lookup().Load();
        var verdicts = new Verdict[4];

        bundle.Score([0, 0, 0, 1, 70, 0, 0, 1, 3, 0, 0, 1, -99, 0, 0, 1], verdicts);

        Assert.Equal([0.125f, 0.5f, 1f, 0.5f], verdicts.Select(verdict => verdict.Score));
        Assert.Equal([ScoreFault.None, ScoreFault.ModelFailed, ScoreFault.None, ScoreFault.ModelFailed], verdicts.Select(verdict => verdict.Fault));
        Assert.Equal(Decision.Review, verdicts[1].Decision);
        var codes = new string[ModelBundle.MaxReasons];
        Assert.Equal(1, bundle.Explain([70, 0, 0, 1], verdicts[1], codes));
        Assert.Equal("model_failed", codes[0]);
    }

    [Fact]
    public void Rows_of_more_than_one_batch_are_scored_whole()
    {
        using var bundle = BundleFixture.Lookup().Load();
        var verdicts = new Verdict[(2 * OnnxModel.MaxBatchRows) + 3];
        var rows = new double[4 * verdicts.Length];
        for (var row = 0; row < verdicts.Length; row++)
            rows[4 * row] = row % 4;
        rows[4 * 1500] = 70;

        bundle.Score(rows, verdicts);

        Assert.Equal(ScoreFault.ModelFailed, verdicts[1500].Fault);
        Assert.Equal(verdicts.Length - 1, verdicts.Where((verdict, row) => verdict.Fault == ScoreFault.None && verdict.Score == 0.125f * (1 << (row % 4))).Count());
    }

    [Fact]
    public void Rows_that_do_not_fill_the_batch_are_an_error()
    {
        using var bundle = BundleFixture.Lookup().Load();

        Assert.Throws<ArgumentException>(() => bundle.Score(new double[7], new Verdict[2]));
    }
}
