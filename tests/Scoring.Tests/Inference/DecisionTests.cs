using Scoring.Models.Inference;

namespace Scoring.Tests.Inference;

public sealed class DecisionTests
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

    [Theory]
    [InlineData(Decision.Approve, "approve")]
    [InlineData(Decision.Review, "review")]
    [InlineData(Decision.Decline, "decline")]
    public void A_decision_is_written_and_read_by_its_name(Decision decision, string name)
    {
        Assert.Equal(name, decision.WireName());
        Assert.True(DecisionNames.TryParse(name, out var read));
        Assert.Equal(decision, read);
    }

    [Theory]
    [InlineData("Decline")]
    [InlineData("")]
    [InlineData("reject")]
    public void Another_name_is_no_decision(string name) => Assert.False(DecisionNames.TryParse(name, out _));
}
