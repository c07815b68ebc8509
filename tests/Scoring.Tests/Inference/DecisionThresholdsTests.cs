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
    [InlineData(float.NaN, Decision.Review)]
    public void A_score_at_a_threshold_is_above_it(float score, Decision decision) => Assert.Equal(decision, Thresholds.Decide(score));

    [Fact]
    public void Equal_thresholds_leave_nothing_to_review() => Assert.Equal(Decision.Decline, new DecisionThresholds(0.5f, 0.5f).Decide(0.5f));
}
