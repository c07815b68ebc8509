using System.Text;
using Scoring.Models.Wire;
using Scoring.Producer.Collect;

namespace Scoring.Tests.Producer.Collect;

public sealed class ScoreViewTests
{
    [Fact]
    public void A_score_record_is_read_whatever_stands_between_its_fields()
    {
        var value = ReconciliationTests.Record("t-7", "decline", late: true);

        Assert.True(ScoreView.TryRead(value, out var score));

        Assert.Equal("t-7", Encoding.UTF8.GetString(score.Identity.TransactionId));
        Assert.Equal("c-1", Encoding.UTF8.GetString(score.Identity.CardId));
        Assert.Equal("u-1", Encoding.UTF8.GetString(score.Identity.UserId));
        Assert.Equal(0.25, score.Score);
        Assert.Equal(Decision.Decline, score.Decision);
        Assert.True(score.Late);
        Assert.Equal(["amount", "night"], score.Reasons(value));
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{")]
    [InlineData("""{"transactionId":"t-1"}""")]
    [InlineData("""{"decision":"approve"}""")]
    [InlineData("""{"transactionId":"t-1","decision":"perhaps"}""")]
    [InlineData("""{"transactionId":17,"decision":"approve"}""")]
    public void What_is_no_score_is_not_read(string text) => Assert.False(ScoreView.TryRead(Encoding.UTF8.GetBytes(text), out _));
}
