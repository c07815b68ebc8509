using Akka.TestKit.Xunit2;
using Scoring.Host.Composition;
using Scoring.Tests.Kafka.Fakes;

namespace Scoring.Tests.Host.Composition;

public sealed class NodePulseTests : TestKit
{
    private static readonly TimeSpan Still = NodePulse.Patience + TimeSpan.FromSeconds(1);

    private readonly FakeTime time = new();
    private readonly NodePulse pulse;
    private long polls;

    public NodePulseTests() => pulse = new NodePulse(() => Interlocked.Read(ref polls), time);

    [Fact]
    public void A_node_that_has_not_started_is_not_held_dead()
    {
        time.Advance(Still);
        Assert.Empty(pulse.WhyNotAlive());
    }

    [Fact]
    public void An_actor_system_that_stands_still_is_told_and_may_go_on()
    {
        pulse.Beat();
        time.Advance(NodePulse.Patience);
        Assert.Empty(pulse.WhyNotAlive());
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(["the actor system has stood still for 31 s"], pulse.WhyNotAlive());
        pulse.Beat();
        Assert.Empty(pulse.WhyNotAlive());
    }

    [Fact]
    public void A_poll_loop_that_stands_still_is_told_though_actors_turn()
    {
        polls = 7;
        pulse.Beat();
        for (var passed = TimeSpan.Zero; passed < Still; passed += NodePulse.Interval)
        {
            Assert.Empty(pulse.WhyNotAlive());
            time.Advance(NodePulse.Interval);
            pulse.Beat();
        }

        Assert.Equal(["the thread that polls Kafka has stood still for 31 s"], pulse.WhyNotAlive());
        polls++;
        Assert.Empty(pulse.WhyNotAlive());
    }

    [Fact]
    public void It_beats_by_an_actor()
    {
        pulse.Start(Sys);
        AwaitAssert(() =>
        {
            // Only the actor's beat gives the standstill something to count from.
            time.Advance(Still);
            Assert.NotEmpty(pulse.WhyNotAlive());
        });
        AwaitAssert(() => Assert.Empty(pulse.WhyNotAlive()), TimeSpan.FromSeconds(10));
    }
}
