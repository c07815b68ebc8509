using Scoring.Actors.Source;
using Scoring.Host.Commands;
using Scoring.Tests.Source;

namespace Scoring.Tests.Host.Commands;

public sealed class SoleMemberTests
{
    private readonly FakeGroup group = new();
    private readonly TurnedTime time = new();

    [Fact]
    public void It_commits_once_all_partitions_are_its_own_and_leaves()
    {
        var polls = 0;
        group.RefusesFor = 1;
        group.Polled = () =>
        {
            Assert.Empty(group.Commits);
            if (++polls <= 2)
                group.Assign(polls - 1);
        };

        Commit();

        Assert.Equal([(0, 17L), (1, 20L)], group.Commits);
        Assert.True(group.IsClosed);
    }

    [Fact]
    public void A_group_that_keeps_partitions_from_it_has_other_members()
    {
        var given = false;
        group.Polled = () =>
        {
            if (!given)
                group.Assign(1);
            given = true;
            time.Advance(TimeSpan.FromSeconds(1));
        };

        var refusal = Assert.Throws<GroupException>(Commit);

        Assert.Contains("1 of 2 partitions", refusal.Message, StringComparison.Ordinal);
        Assert.Empty(group.Commits);
        Assert.True(group.IsClosed);
    }

    private void Commit() => new SoleMember(group, TimeSpan.FromSeconds(5), time).Commit([(0, 17), (1, 20)], CancellationToken.None);
}
