using Scoring.Models.Inference;
using Scoring.Models.Wire;

namespace Scoring.Tests.Inference;

public sealed class DecisionThresholdsTests
{
    private static readonly DecisionThresholds Thresholds = new(0.3f, 0.8f);

    [Theory]
    [InlineData(0f, Decision.Approve)]
    [InlineData(0.29999998f, Decision.Approve)]
    [InlineData(0.3f, Decision.Review)]
    [InlineData(0.79999995f, Decision.Review)]
    [InlineData(0.8f, Decision.Decline)]
    [InlineData(1f, Decision.Decline)]
    public void A_score_at_a_threshold_is_above_it(float score, Decision decision) => Assert.Equal(decision, Thresholds.Decide(score));

    [Fact]
    public void Equal_thresholds_leave_nothing_to_review() => Assert.Equal(Decision.Decline, new DecisionThresholds(0.5f, 0.5f).Decide(0.5f));

    [Theory]
    [InlineData(float.NaN, ScoreFault.NotANumber)]
    [InlineData(float.PositiveInfinity, ScoreFault.OutOfRange)]
    [InlineData(float.NegativeInfinity, ScoreFault.OutOfRange)]
    [InlineData(float.MaxValue, ScoreFault.OutOfRange)]
    [InlineData(1.0001f, ScoreFault.OutOfRange)]
    [InlineData(-0.0001f, ScoreFault.OutOfRange)]
    [InlineData(90f, ScoreFault.OutOfRange)]
    public void What_is_no_score_is_reviewed_with_the_threshold_of_a_review_in_its_place(float output, ScoreFault fault) =>
        Assert.Equal(new Verdict(0.3f, Decision.Review, fault), Thresholds.Judge(output));

    [Theory]
    [InlineData(0.1f, 0.1f, Decision.Approve)]
    [InlineData(0.3f, 0.3f, Decision.Review)]
    [InlineData(1f, 1f, Decision.Decline)]
    [InlineData(1.0000004f, 1f, Decision.Decline)]
    [InlineData(-0.0000004f, 0f, Decision.Approve)]
    public void What_misses_the_range_by_rounding_is_the_score_at_its_end(float output, float score, Decision decision) =>
        Assert.Equal(new Verdict(score, decision, ScoreFault.None), Thresholds.Judge(output));
}
