using Scoring.Producer.Load;

namespace Scoring.Tests.Producer.Load;

public class LedgerBoundTests
{
    private const int ScoreBytes = 500;

    private readonly CommitBound inputs = new(2, 1_000_000);
    private readonly long[] scores = [0, 0];
    private readonly long?[] ledger = [null, null];
    private readonly LedgerBound bound;

    public LedgerBoundTests() => bound = new LedgerBound(inputs, p => scores[p], p => ledger[p], () => ScoreBytes, 4 * ScoreBytes);

    [Fact]
    public void Records_on_their_way_count_as_the_scores_that_they_will_make()
    {
        for (var i = 0; i < 3; i++)
        {
            Assert.True(bound.HasRoom(0));
            Assert.True(inputs.TryTake(0, 10));
        }

        Assert.True(bound.HasRoom(0));
        Assert.True(inputs.TryTake(0, 10));
        Assert.False(bound.HasRoom(0));
        Assert.True(bound.HasRoom(1));
    }

    [Fact]
    public void A_commit_alone_makes_no_room_while_the_ledger_has_not_read_the_scores()
    {
        for (var i = 0; i < 4; i++)
            Assert.True(inputs.TryTake(0, 10));
        for (var i = 0; i < 4; i++)
            inputs.Deliver(0, i, 10);
        scores[0] = 4;
        inputs.Commit(0, 4);
        Assert.False(bound.HasRoom(0));
        Assert.Equal(4, bound.Behind(0));

        ledger[0] = 1;
        Assert.True(bound.HasRoom(0));
        Assert.Equal(3, bound.Behind(0));
    }

    [Fact]
    public void A_score_that_is_larger_than_the_bound_goes_alone()
    {
        var narrow = new LedgerBound(inputs, p => scores[p], p => ledger[p], () => ScoreBytes, ScoreBytes / 2);
        Assert.True(narrow.HasRoom(0));
        Assert.True(inputs.TryTake(0, 10));
        Assert.False(narrow.HasRoom(0));
    }

    [Fact]
    public void A_record_that_was_not_stored_takes_no_room()
    {
        for (var i = 0; i < 4; i++)
            Assert.True(inputs.TryTake(0, 10));
        Assert.False(bound.HasRoom(0));
        inputs.Fail(0, 10);
        Assert.True(bound.HasRoom(0));
    }
}
