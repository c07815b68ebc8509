using Akka.Actor;
using Scoring.Actors.Messages;
using Scoring.Actors.Replies;
using Scoring.Models.Wire;

namespace Scoring.IntegrationTests.Cluster;

/// <summary>Three members in one process, over real connections: who owns what, while members come and go.</summary>
public sealed class ClusterTests : IAsyncLifetime
{
    private const int Partitions = 12;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly OwnerLog log = new();
    private readonly List<TestMember> members = [];

    public async Task InitializeAsync()
    {
        foreach (var name in new[] { "a", "b", "c" })
            members.Add(await TestMember.StartAsync(name, Partitions, log));
        foreach (var member in members)
            await member.JoinAsync(members[0]);
        await Task.WhenAll(members.Select(m => m.Engine.StartAsync(null, CancellationToken.None)));
        await Task.WhenAll(members.Select(m => m.Engine.Joined)).WaitAsync(Patience);
        await SpreadAsync(members);
    }

    public async Task DisposeAsync()
    {
        foreach (var member in members)
            await member.DisposeAsync();
    }

    [Fact]
    public async Task Each_partition_lives_on_one_member_and_is_asked_from_any()
    {
        Assert.Equal(Enumerable.Range(0, Partitions), members.SelectMany(m => m.Live).Order());
        foreach (var member in members)
        {
            foreach (var partition in Enumerable.Range(0, Partitions))
            {
                Assert.True(member.Engine.TryReadCard(partition, "c", ["u-1", "u-2"], out var features));
                var read = (await features)!;
                Assert.Equal(["u-1", "u-2"], read.Select(f => f.UserId));
                Assert.Equal([double.NaN, partition], read[0].Features);
                Assert.Equal(member.Live.Contains(partition), member.Engine.TryReadStatistics(partition, out var statistics));
                if (statistics is not null)
                    Assert.Equal(member.Name, Assert.Single(await statistics).Name);
            }
        }

        var owners = await members[2].Engine.Region!.OwnersAsync(TimeSpan.FromSeconds(5));
        Assert.All(members, m => Assert.Equal(m.Live, owners.Where(o => o.Value == m.Cluster.SelfAddress).Select(o => o.Key)));
    }

    [Fact]
    public async Task A_partition_is_given_back_before_it_is_live_elsewhere()
    {
        var leaving = members[1];
        var its = leaving.Live;
        await leaving.Engine.StopAsync().WaitAsync(Patience);
        await leaving.Engine.Completion;
        await SpreadAsync(members.Except([leaving]));
        foreach (var partition in its)
        {
            var did = log.Of(partition).SkipWhile(d => d != (partition, leaving.Name, "gave back")).ToArray();
            Assert.True(did.Length > 1);
            Assert.DoesNotContain(did[1..], d => d.Member == leaving.Name);
        }

        AssertOneOwnerAtATime();
    }

    [Fact]
    public async Task The_coordinators_member_can_leave_too()
    {
        await members[0].Engine.StopAsync().WaitAsync(Patience);
        await SpreadAsync(members[1..]);
        AssertOneOwnerAtATime();
        Assert.True(members[2].Engine.TryReadCard(0, "c", ["u"], out var features));
        Assert.NotNull(await features);
    }

    [Fact]
    public async Task The_partitions_of_a_member_that_dies_go_to_the_others()
    {
        var its = members[2].Live;
        await members[2].DieAsync();
        await SpreadAsync(members[..2]);
        Assert.All(its, partition => Assert.NotEqual("c", log.Of(partition)[^1].Member));
        Assert.True(members[0].Engine.Completion is { IsCompleted: false } && members[1].Engine.Completion is { IsCompleted: false });
    }

    [Fact]
    public async Task A_member_that_was_downed_says_so_and_ends()
    {
        var downed = members[2];
        members[0].Cluster.Down(downed.Cluster.SelfAddress);
        var failure = await Assert.ThrowsAsync<InvalidOperationException>(() => downed.Engine.Completion.WaitAsync(Patience));
        Assert.Contains("downed", failure.Message, StringComparison.Ordinal);
        await SpreadAsync(members[..2]);
    }

    [Fact]
    public async Task A_reply_reaches_the_member_on_which_its_call_waits()
    {
        var calls = members.Select(_ => new Calls()).ToArray();
        foreach (var (member, its) in members.Zip(calls))
            member.System.ActorOf(ReplyActor.Props(its, member.Replies), ReplyActor.Name);
        using var dropped = new CounterReading(members[0].Meters, "scoring.replies.dropped");
        var router = new ClusterReplyRouter(() => members[0].System, members[0].Replies);
        for (var i = 0; i < members.Count; i++)
        {
            router.Scored(new ReplyTo(members[i].Cluster.SelfUniqueAddress.Uid, (UInt128)i), [(byte)i]);
            router.Rejected(new ReplyTo(members[i].Cluster.SelfUniqueAddress.Uid, (UInt128)i + 10), Rejection.Conflict);
        }

        for (var i = 0; i < members.Count; i++)
        {
            Assert.Equal(((UInt128)i, (byte)i), await calls[i].Scored.Task.WaitAsync(Patience));
            Assert.Equal(((UInt128)i + 10, Rejection.Conflict.Detail), await calls[i].Rejected.Task.WaitAsync(Patience));
        }

        // A life of before, and a node that is none.
        router.Scored(new ReplyTo(members[1].Cluster.SelfUniqueAddress.Uid + 1, 0), null);
        Assert.Equal(1, dropped.Total);
    }

    private static async Task SpreadAsync(IEnumerable<TestMember> over)
    {
        var their = over.ToArray();
        await Eventually.TrueAsync(
            () => their.SelectMany(m => m.Live).Order().SequenceEqual(Enumerable.Range(0, Partitions)) && their.All(m => Math.Abs(m.Live.Length - (Partitions / their.Length)) <= 1),
            "each partition lives on one member, and each member has its share");
    }

    // As far as nobody has died.
    private void AssertOneOwnerAtATime()
    {
        foreach (var partition in Enumerable.Range(0, Partitions))
        {
            var did = log.Of(partition);
            for (var i = 0; i < did.Count; i++)
                Assert.Equal((i % 2 == 0 ? "live" : "gave back", i % 2 == 0 ? did[i].Member : did[i - 1].Member), (did[i].Did, did[i].Member));
        }
    }

    private sealed class Calls : IWaitingCalls
    {
        public TaskCompletionSource<(UInt128 Call, byte Score)> Scored { get; } = new();

        public TaskCompletionSource<(UInt128 Call, string Detail)> Rejected { get; } = new();

        public bool TryScored(UInt128 call, byte[]? score) => Scored.TrySetResult((call, score![0]));

        public bool TryRejected(UInt128 call, Rejection rejection) => Rejected.TrySetResult((call, rejection.Detail));
    }
}
