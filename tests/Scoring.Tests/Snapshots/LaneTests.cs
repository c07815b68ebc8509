using System.Diagnostics.Metrics;
using Akka.Actor;
using Microsoft.Extensions.DependencyInjection;
using Scoring.Actors.Snapshots;

namespace Scoring.Tests.Snapshots;

public sealed class LaneTests : IDisposable
{
    private readonly ServiceProvider services = new ServiceCollection().AddMetrics().BuildServiceProvider();

    public void Dispose() => services.Dispose();

    [Fact]
    public void A_group_starts_when_it_is_due_or_full_and_not_before_the_one_under_way_is_done()
    {
        var lane = Lane();
        Assert.True(Accept(lane, new Call(1)));
        Assert.False(Accept(lane, new Call(1)));
        Assert.Null(lane.TryStart());
        lane.Due();
        var first = lane.TryStart();
        Assert.Equal(2, first!.Length);
        foreach (var _ in Enumerable.Range(0, 4))
            Accept(lane, new Call(1));
        Assert.Null(lane.TryStart());
        lane.Done(first);
        Assert.Equal(4, lane.TryStart()!.Length);
        Assert.Null(lane.TryStart());
    }

    [Fact]
    public void A_window_that_ended_while_a_group_was_under_way_counts_for_what_came_in_it_and_no_more()
    {
        var lane = Lane();
        Accept(lane, new Call(1));
        lane.Due();
        var first = lane.TryStart()!;
        Accept(lane, new Call(1));
        lane.Due();
        lane.Done(first);
        var second = lane.TryStart()!;
        Assert.Single(second);
        lane.Done(second);
        Accept(lane, new Call(1));
        Assert.Null(lane.TryStart());
    }

    [Fact]
    public void A_group_ends_before_a_call_of_another_type_or_one_that_goes_alone()
    {
        var lane = Lane();
        StoreCall[] calls = [new Call(1), new Call(1), new Other(), new Other(), new Call(1)];
        foreach (var call in calls)
            Accept(lane, call);
        List<int> sizes = [];
        for (lane.Due(); lane.TryStart() is { } group; lane.Done(group))
            sizes.Add(group.Length);
        Assert.Equal([2, 1, 1, 1], sizes);
    }

    [Fact]
    public void What_is_under_way_counts_against_the_bounds()
    {
        var lane = Lane();
        foreach (var _ in Enumerable.Range(0, 3))
            Accept(lane, new Call(30));
        lane.Due();
        var group = lane.TryStart()!;
        Assert.Equal(WaitingBound.Bytes, lane.Accept(new Call(30), out var _));
        foreach (var _ in Enumerable.Range(0, 3))
            Accept(lane, new Call(1));
        Assert.Equal(WaitingBound.Rows, lane.Accept(new Call(1), out var _));
        Assert.Equal(6, lane.Calls.Count());
        lane.Done(group);
        Assert.Null(lane.Accept(new Call(30), out var _));
        Assert.Equal(4, lane.Calls.Count());
        lane.Clear();
        Assert.Empty(lane.Calls);
        Assert.Null(lane.Accept(new Call(100), out var _));
    }

    [Fact]
    public void What_no_lane_ever_takes_is_told_from_what_does_not_fit_now()
    {
        Assert.True(Lane().NeverFits(new Call(101)));
        Assert.False(Lane().NeverFits(new Call(100)));
    }

    private Lane Lane() => new(
        LaneName.Write,
        new LaneBounds { Rows = 6, RowsAre = WaitingBound.Rows, Bytes = 100, GroupRows = 4, Groups = 1, Window = TimeSpan.FromMilliseconds(2) },
        new SnapshotMetrics(services.GetRequiredService<IMeterFactory>()));

    private static bool Accept(Lane lane, StoreCall call)
    {
        Assert.Null(lane.Accept(call, out var isFirst));
        return isFirst;
    }

    private sealed class Call(long bytes) : StoreCall(ActorRefs.Nobody)
    {
        internal override string Operation => "save";

        internal override long Bytes => bytes;

        internal override object Answer() => this;
    }

    private sealed class Other() : StoreCall(ActorRefs.Nobody)
    {
        internal override string Operation => "delete";

        internal override bool IsGrouped => false;

        internal override object Answer() => this;
    }
}
