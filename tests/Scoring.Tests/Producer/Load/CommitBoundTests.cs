using Scoring.Producer.Load;
using Scoring.Producer.Simulation;

namespace Scoring.Tests.Producer.Load;

public sealed class CommitBoundTests
{
    private const int Size = 400;
    private const int Stored = Size + CommitBound.OverheadBytes;

    [Fact]
    public void A_partition_takes_records_up_to_the_bound_and_no_further_until_a_commit()
    {
        var bound = new CommitBound(2, 3 * Stored);
        for (var offset = 0; offset < 3; offset++)
        {
            Assert.True(bound.TryTake(0, Size));
            bound.Deliver(0, offset, Size);
        }

        Assert.False(bound.TryTake(0, Size));
        Assert.True(bound.TryTake(1, Size), "another partition has room of its own");

        bound.Commit(0, 1);
        Assert.True(bound.TryTake(0, Size));
        Assert.False(bound.TryTake(0, Size));
        Assert.Equal(3 * Stored, bound.BytesAhead(0));
    }

    [Fact]
    public void A_record_in_flight_counts_before_its_delivery_is_reported()
    {
        var bound = new CommitBound(1, 2 * Stored);

        Assert.True(bound.TryTake(0, Size));
        Assert.True(bound.TryTake(0, Size));

        Assert.False(bound.TryTake(0, Size));
    }

    [Fact]
    public void A_commit_may_be_heard_of_before_the_delivery_that_it_covers()
    {
        var bound = new CommitBound(1, Stored);
        Assert.True(bound.TryTake(0, Size));
        bound.Commit(0, 10);
        Assert.False(bound.TryTake(0, Size));

        bound.Deliver(0, 9, Size);

        Assert.Equal(0, bound.BytesAhead(0));
        Assert.True(bound.TryTake(0, Size));
    }

    [Fact]
    public void A_record_that_was_not_stored_gives_its_room_back()
    {
        var bound = new CommitBound(1, Stored);
        Assert.True(bound.TryTake(0, Size));

        bound.Fail(0, Size);

        Assert.True(bound.TryTake(0, Size));
    }

    [Fact]
    public void A_record_larger_than_the_bound_passes_alone()
    {
        var bound = new CommitBound(1, Stored);

        Assert.True(bound.TryTake(0, 10 * Size));
        Assert.False(bound.TryTake(0, 1));
        bound.Deliver(0, 0, 10 * Size);
        bound.Commit(0, 1);

        Assert.Equal(0, bound.BytesAhead(0));
        Assert.True(bound.TryTake(0, 1));
    }

    [Fact]
    public void Whatever_the_order_of_reports_and_commits_the_bound_holds_and_all_room_comes_back()
    {
        const long Max = 20_000;
        for (ulong seed = 1; seed <= 10; seed++)
        {
            var random = new SeededRandom(seed);
            var bound = new CommitBound(1, Max);
            var taken = new List<(int Bytes, bool Stored)>();
            var committed = 0L;
            for (var step = 0; step < 3_000; step++)
            {
                var bytes = random.Between(1, 2_000);
                if (bound.TryTake(0, bytes))
                    taken.Add((bytes, false));
                if (random.Chance(0.6))
                    Store(random.Chance(0.5) ? Math.Max(0, taken.FindIndex(t => !t.Stored)) : taken.Count - 1 - random.Next(Math.Min(10, taken.Count)));
                if (random.Chance(0.1))
                    bound.Commit(0, committed = Math.Max(committed, taken.Count - random.Next(5)));

                Assert.True(bound.BytesAhead(0) <= Max, $"seed {seed}: {bound.BytesAhead(0)} bytes ahead");
                Assert.Equal(taken.Where((t, offset) => !t.Stored || offset >= committed).Sum(t => t.Bytes + CommitBound.OverheadBytes), bound.BytesAhead(0));
            }

            for (var offset = 0; offset < taken.Count; offset++)
                Store(offset);
            bound.Commit(0, taken.Count);
            Assert.Equal(0, bound.BytesAhead(0));
            Assert.True(taken.Count > 1_000, $"seed {seed}: {taken.Count} records passed");

            void Store(int offset)
            {
                if (taken[offset].Stored)
                    return;
                bound.Deliver(0, offset, taken[offset].Bytes);
                taken[offset] = (taken[offset].Bytes, true);
            }
        }
    }
}
