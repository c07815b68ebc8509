using Akka.Actor;
using Akka.TestKit;
using Akka.TestKit.Xunit2;
using Scoring.Actors.Messages;
using Scoring.Actors.Partitions;

namespace Scoring.Tests.Partitions;

/// <summary>The parent of a region's owners.</summary>
public sealed class GenerationsActorTests : TestKit
{
    private readonly TestProbe partition;
    private readonly TestProbe heard;
    private readonly IActorRef generations;

    public GenerationsActorTests()
    {
        partition = CreateTestProbe();
        heard = CreateTestProbe();
        generations = Sys.ActorOf(GenerationsActor.Props((p, _, _) => p == 13 ? throw new InvalidOperationException("no owner") : Owner.Props(heard)));
    }

    [Fact]
    public void A_newer_generation_ends_the_owner_before()
    {
        var first = Begin(1);
        var second = Begin(2);
        Watch(first);
        ExpectTerminated(first);
        second.Tell("still there?");
        heard.ExpectMsg("still there?");
    }

    [Fact]
    public void An_owner_that_fails_is_not_restarted()
    {
        var owner = Begin(1);
        Watch(owner);
        owner.Tell(new InvalidOperationException("a defect"));
        ExpectTerminated(owner);
        Begin(2);
    }

    [Fact]
    public void An_owner_does_not_outlive_its_partitions_actor()
    {
        var owner = Begin(1);
        Watch(owner);
        Sys.Stop(partition);
        ExpectTerminated(owner);
    }

    [Fact]
    public void An_owner_that_can_not_be_made_is_told_as_lost()
    {
        partition.Send(generations, new BeginGeneration(13, 1));
        Assert.Equal((1, LossCause.Failed), (partition.ExpectMsg<Lost>().Generation, LossCause.Failed));
        Begin(2);
    }

    [Fact]
    public void Halted_it_ends_all_owners_and_begins_none()
    {
        var owner = Begin(1);
        Watch(owner);
        generations.Tell(new Halt("topic_replaced", "made anew"));
        ExpectTerminated(owner);
        Assert.Equal(new WentDown(1, "topic_replaced", "made anew"), partition.ExpectMsg<WentDown>());
        partition.Send(generations, new BeginGeneration(0, 2));
        Assert.Equal(new WentDown(2, "topic_replaced", "made anew"), partition.ExpectMsg<WentDown>());
    }

    private IActorRef Begin(long generation)
    {
        partition.Send(generations, new BeginGeneration(0, generation));
        var begun = partition.ExpectMsg<GenerationBegun>();
        Assert.Equal(generation, begun.Generation);
        return begun.Owner;
    }

    private sealed class Owner(IActorRef heard) : UntypedActor
    {
        public static Props Props(IActorRef heard) => Akka.Actor.Props.Create(() => new Owner(heard));

        protected override void OnReceive(object message)
        {
            if (message is Exception failure)
                throw failure;
            heard.Tell(message);
        }
    }
}
