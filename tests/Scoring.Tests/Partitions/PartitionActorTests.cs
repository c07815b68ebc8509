using Akka.Actor;
using Akka.TestKit;
using Akka.TestKit.Xunit2;
using Scoring.Actors.Messages;
using Scoring.Actors.Partitions;

namespace Scoring.Tests.Partitions;

/// <summary>A partition and its generations, with a clock of the tests and owners that do what they are told.</summary>
public sealed class PartitionActorTests : TestKit
{
    private const int Partition = 7;

    private readonly PartitionTimes times = new();
    private readonly PartitionRegistry registry = new();
    private readonly TestProbe generations;
    private readonly IActorRef partition;
    private Func<Task<LogProgress>> look = () => Task.FromResult(new LogProgress(10, 20));

    public PartitionActorTests()
        : base("""akka.scheduler.implementation = "Akka.TestKit.TestScheduler, Akka.TestKit" """)
    {
        generations = CreateTestProbe();
        partition = Sys.ActorOf(PartitionActor.Props(Partition, generations, registry, _ => look(), times));
        Watch(partition);
    }

    private TestScheduler Clock => (TestScheduler)Sys.Scheduler;

    private PartitionStatus Status => registry[Partition]!;

    [Fact]
    public void It_takes_over_at_once_and_is_live_when_its_owner_says_so()
    {
        var owner = Begin(1);
        Assert.Equal(PartitionPhase.TakingOver, Status.Phase);
        Report(owner, new WentLive(1));
        Assert.Equal((Partition, PartitionPhase.Live, 1L), (Status.Partition, Status.Phase, Status.Generation));
    }

    [Fact]
    public void After_a_loss_it_goes_on_though_the_old_owner_still_dies()
    {
        var owner = Live(1);
        Report(owner, new Lost(1, LossCause.Unavailable, "the store is away"));
        Assert.Equal((PartitionPhase.Waiting, "the store is away"), (Status.Phase, Status.Why));
        Clock.Advance(times.FirstBackoff);
        Begin(2);
        // Its end, which comes at last, is of no interest.
        Sys.Stop(owner);
        Settle();
        Assert.Equal((PartitionPhase.TakingOver, 2L), (Status.Phase, Status.Generation));
    }

    [Fact]
    public void Each_further_loss_waits_twice_as_long_up_to_a_bound()
    {
        double[] seconds = [1, 2, 4, 8, 16, 30, 30];
        for (var i = 0; i < seconds.Length; i++)
        {
            var owner = Begin(i + 1);
            Report(owner, new Lost(i + 1, LossCause.Failed, "a record failed"));
            Clock.Advance(TimeSpan.FromSeconds(seconds[i]) - TimeSpan.FromMilliseconds(1));
            Settle();
            Assert.Equal(PartitionPhase.Waiting, Status.Phase);
            Clock.Advance(TimeSpan.FromMilliseconds(1));
        }

        Begin(seconds.Length + 1);
    }

    [Fact]
    public void An_owner_that_was_live_for_a_while_makes_the_next_loss_a_first_one()
    {
        Lose(1, times.FirstBackoff);
        Lose(2, 2 * times.FirstBackoff);
        Live(3);
        Clock.Advance(times.Steady);
        Settle();
        Report(generations, new Lost(3, LossCause.Unavailable, "the brokers are away"));
        Clock.Advance(times.FirstBackoff);
        Begin(4);
    }

    [Fact]
    public void An_owner_that_was_live_for_a_moment_does_not()
    {
        Lose(1, times.FirstBackoff);
        Live(2);
        Clock.Advance(times.Steady - TimeSpan.FromSeconds(1));
        Settle();
        Report(generations, new Lost(2, LossCause.Unavailable, "the brokers are away"));
        Clock.Advance(times.FirstBackoff);
        Settle();
        Assert.Equal(PartitionPhase.Waiting, Status.Phase);
    }

    [Fact]
    public void An_owner_that_dies_without_a_word_is_lost()
    {
        var owner = Live(1);
        Sys.Stop(owner);
        AwaitCondition(() => Status.Phase == PartitionPhase.Waiting);
        Settle();
        Clock.Advance(times.FirstBackoff);
        Begin(2);
    }

    [Fact]
    public void An_owner_that_can_not_be_made_is_lost()
    {
        generations.ExpectMsg<BeginGeneration>();
        Report(generations, new Lost(1, LossCause.Failed, "its owner could not be made"));
        Clock.Advance(times.FirstBackoff);
        Begin(2);
    }

    [Fact]
    public void A_generation_that_does_not_begin_is_lost_and_drained_when_it_does()
    {
        generations.ExpectMsg<BeginGeneration>();
        Settle();
        Clock.Advance(times.Begin);
        Settle();
        Clock.Advance(times.FirstBackoff);
        var late = CreateTestProbe();
        generations.ExpectMsg<BeginGeneration>(b => b.Generation == 2);
        partition.Tell(new GenerationBegun(1, late));
        late.ExpectMsg<Drain>();
        var owner = CreateTestProbe();
        partition.Tell(new GenerationBegun(2, owner));
        Report(owner, new WentLive(2));
        Assert.Equal((PartitionPhase.Live, 2L), (Status.Phase, Status.Generation));
    }

    [Fact]
    public void What_an_earlier_generation_says_is_of_no_interest()
    {
        Lose(1, times.FirstBackoff);
        var owner = Live(2);
        Report(owner, new Lost(1, LossCause.Failed, "late"));
        Report(owner, new WentDown(1, "state_newer", "late"));
        Report(owner, new GaveBack(1));
        Assert.Equal((PartitionPhase.Live, 2L), (Status.Phase, Status.Generation));
    }

    [Fact]
    public void Fenced_it_rests_while_whoever_fenced_it_gets_on()
    {
        var committed = 10L;
        look = () => Task.FromResult(new LogProgress(++committed, 1_000));
        Fence(1);
        for (var i = 0; i < 20; i++)
            LookAgain();
        Assert.Equal(PartitionPhase.Fenced, Status.Phase);
        generations.ExpectNoMsg(TimeSpan.Zero);
    }

    [Fact]
    public void Fenced_it_takes_over_again_once_the_offset_has_stood_still_with_records_behind_it()
    {
        Fence(1);
        for (var waited = TimeSpan.Zero; waited + times.FencedLook < times.FencedRest; waited += times.FencedLook)
            LookAgain();
        Assert.Equal(PartitionPhase.Fenced, Status.Phase);
        LookAgain();
        Begin(2);
    }

    [Fact]
    public void Fenced_it_rests_while_there_is_nothing_to_do()
    {
        look = () => Task.FromResult(new LogProgress(20, 20));
        Fence(1);
        for (var i = 0; i < 20; i++)
            LookAgain();
        Assert.Equal(PartitionPhase.Fenced, Status.Phase);
    }

    [Fact]
    public void Fenced_it_rests_while_the_offset_is_not_known()
    {
        look = () => Task.FromException<LogProgress>(new TimeoutException("the brokers are away"));
        Fence(1);
        for (var i = 0; i < 20; i++)
            LookAgain();
        Assert.Equal(PartitionPhase.Fenced, Status.Phase);
        // Known again, it has to stand still from now on.
        look = () => Task.FromResult(new LogProgress(null, 20));
        for (var waited = TimeSpan.Zero; waited < times.FencedRest; waited += times.FencedLook)
            LookAgain();
        Assert.Equal(PartitionPhase.Fenced, Status.Phase);
        LookAgain();
        Begin(2);
    }

    [Fact]
    public void Fenced_it_looks_once_at_a_time()
    {
        var (looks, answer) = (0, new TaskCompletionSource<LogProgress>());
        look = () =>
        {
            Interlocked.Increment(ref looks);
            return answer.Task;
        };
        Fence(1, settled: false);
        for (var i = 0; i < 10; i++)
            LookAgain();
        Assert.Equal(1, looks);
    }

    [Fact]
    public void Down_it_says_why_and_tries_again_slowly_and_is_down_until_it_is_live()
    {
        var owner = Begin(1);
        Report(owner, new WentDown(1, "state_log_gap", "the log begins behind the checkpoint"));
        Assert.Equal((PartitionPhase.Down, "state_log_gap", "the log begins behind the checkpoint"), (Status.Phase, Status.Code, Status.Why));
        Clock.Advance(times.DownRetry - TimeSpan.FromMilliseconds(1));
        generations.ExpectNoMsg(TimeSpan.Zero);
        Clock.Advance(TimeSpan.FromMilliseconds(1));
        owner = Begin(2);
        Assert.Equal((PartitionPhase.Down, "state_log_gap"), (Status.Phase, Status.Code));
        Report(owner, new WentDown(2, "state_log_gap", "still"));
        Clock.Advance(times.DownRetry);
        owner = Begin(3);
        Report(owner, new WentLive(3));
        Assert.Equal((PartitionPhase.Live, null), (Status.Phase, Status.Code));
    }

    [Fact]
    public void Drained_it_ends_with_its_owners_last_word()
    {
        var owner = Live(1);
        partition.Tell(Drain.Instance);
        owner.ExpectMsg<Drain>();
        Settle();
        Assert.Equal(PartitionPhase.Draining, Status.Phase);
        owner.Send(partition, new GaveBack(1));
        ExpectTerminated(partition);
        Assert.Empty(registry.Statuses);
    }

    [Theory]
    [InlineData("lost")]
    [InlineData("down")]
    [InlineData("death")]
    public void Drained_it_ends_with_its_owner_however_that_ends(string end)
    {
        var owner = Live(1);
        partition.Tell(Drain.Instance);
        owner.ExpectMsg<Drain>();
        if (end == "death")
            Sys.Stop(owner);
        else
            owner.Send(partition, end == "lost" ? new Lost(1, LossCause.Unavailable, "") : new WentDown(1, "state_newer", ""));
        ExpectTerminated(partition);
        generations.ExpectNoMsg(TimeSpan.Zero);
    }

    [Fact]
    public void An_owner_that_does_not_drain_in_time_does_not_hold_it_up()
    {
        var owner = Live(1);
        partition.Tell(Drain.Instance);
        owner.ExpectMsg<Drain>();
        Settle();
        // Asked a second time it goes by the first bound, and asks the owner once.
        Clock.Advance(times.Drain - TimeSpan.FromMilliseconds(1));
        partition.Tell(Drain.Instance);
        Settle();
        Clock.Advance(TimeSpan.FromMilliseconds(1));
        ExpectTerminated(partition);
        owner.ExpectNoMsg(TimeSpan.Zero);
    }

    [Fact]
    public void An_owner_that_comes_while_it_drains_is_drained()
    {
        generations.ExpectMsg<BeginGeneration>();
        partition.Tell(Drain.Instance);
        var owner = CreateTestProbe();
        partition.Tell(new GenerationBegun(1, owner));
        owner.ExpectMsg<Drain>();
        owner.Send(partition, new GaveBack(1));
        ExpectTerminated(partition);
    }

    [Fact]
    public void An_owner_that_never_comes_does_not_hold_a_drain_up()
    {
        generations.ExpectMsg<BeginGeneration>();
        partition.Tell(Drain.Instance);
        Settle();
        Clock.Advance(times.Begin);
        ExpectTerminated(partition);
    }

    [Theory]
    [InlineData("waiting")]
    [InlineData("fenced")]
    [InlineData("down")]
    public void Without_an_owner_it_ends_at_once(string without)
    {
        var owner = Begin(1);
        Report(owner, without switch
        {
            "waiting" => new Lost(1, LossCause.Unavailable, ""),
            "fenced" => new Lost(1, LossCause.Fenced, ""),
            _ => new WentDown(1, "state_newer", ""),
        });
        partition.Tell(Drain.Instance);
        ExpectTerminated(partition);
    }

    [Fact]
    public void Questions_go_to_the_owner_while_it_is_live_and_are_refused_else()
    {
        var owner = Begin(1);
        Ask(new ReadCard("c", ["u"]));
        Assert.Null(ExpectMsg<CardRead>().Entries);
        Ask(ReadStatistics.Instance);
        Assert.Null(ExpectMsg<StatisticsRead>().Kinds);
        Report(owner, new WentLive(1));
        Ask(new ReadCard("c", ["u"]));
        owner.ExpectMsg<ReadCard>();
        Assert.Equal(TestActor, owner.LastSender);
        Ask(ReadStatistics.Instance);
        owner.ExpectMsg<ReadStatistics>();
        partition.Tell(Drain.Instance);
        Ask(new ReadCard("c", ["u"]));
        Assert.Null(ExpectMsg<CardRead>().Entries);
    }

    [Fact]
    public void One_that_comes_back_to_the_node_goes_on_with_the_numbers()
    {
        var owner = Live(1);
        partition.Tell(Drain.Instance);
        owner.ExpectMsg<Drain>();
        owner.Send(partition, new GaveBack(1));
        ExpectTerminated(partition);
        Sys.ActorOf(PartitionActor.Props(Partition, generations, registry, _ => look(), times));
        Assert.Equal(2, generations.ExpectMsg<BeginGeneration>().Generation);
    }

    private TestProbe Begin(long generation)
    {
        Assert.Equal(new BeginGeneration(Partition, generation), generations.ExpectMsg<BeginGeneration>());
        var owner = CreateTestProbe();
        generations.Send(partition, new GenerationBegun(generation, owner));
        Settle();
        return owner;
    }

    private TestProbe Live(long generation)
    {
        var owner = Begin(generation);
        Report(owner, new WentLive(generation));
        return owner;
    }

    private void Lose(long generation, TimeSpan backoff)
    {
        Report(Begin(generation), new Lost(generation, LossCause.Unavailable, "the store is away"));
        Clock.Advance(backoff);
    }

    private void Fence(long generation, bool settled = true)
    {
        Report(Live(generation), new Lost(generation, LossCause.Fenced, "another owner has it"));
        LookAgain(TimeSpan.Zero);
        if (settled)
            Assert.Equal(PartitionPhase.Fenced, Status.Phase);
    }

    private void LookAgain() => LookAgain(times.FencedLook);

    // The look's answer comes back as a message of its own.
    private void LookAgain(TimeSpan later)
    {
        Clock.Advance(later);
        Settle();
        Settle();
    }

    private void Report(TestProbe from, GenerationReport report)
    {
        from.Send(partition, report);
        Settle();
    }

    private void Ask(object question) => partition.Tell(question, TestActor);

    // Behind whatever was sent before.
    private void Settle()
    {
        var probe = CreateTestProbe();
        partition.Tell(new Identify(0), probe);
        probe.ExpectMsg<ActorIdentity>();
    }
}
