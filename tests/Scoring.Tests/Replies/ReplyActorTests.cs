using System.Diagnostics.Metrics;
using Akka.Actor;
using Akka.TestKit.Xunit2;
using Microsoft.Extensions.DependencyInjection;
using Scoring.Actors.Messages;
using Scoring.Actors.Replies;
using Scoring.Models.Wire;
using Scoring.Tests.Pipeline;

namespace Scoring.Tests.Replies;

/// <summary>What the owners tell the calls of a node.</summary>
public sealed class ReplyActorTests : TestKit
{
    [Fact]
    public void A_waiting_call_is_told_and_a_call_that_waits_no_more_is_counted()
    {
        using var services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        var meters = services.GetRequiredService<IMeterFactory>();
        using var dropped = new CounterTotal(meters, "scoring.replies.dropped");
        var calls = new Calls(TestActor);
        var actor = Sys.ActorOf(ReplyActor.Props(calls, new ReplyMetrics(meters)));
        actor.Tell(new CallScored(1, [7]));
        ExpectMsg<byte[]>(score => score[0] == 7);
        actor.Tell(new CallRejected(1, Rejection.Conflict));
        ExpectMsg<Rejection>();
        actor.Tell(new CallScored(2, [7]));
        actor.Tell(new CallRejected(2, Rejection.Conflict));
        AwaitAssert(() => Assert.Equal(2, dropped.Value));
    }

    private sealed class Calls(IActorRef told) : IWaitingCalls
    {
        public bool TryScored(UInt128 call, byte[]? score)
        {
            if (call == 1)
                told.Tell(score!);
            return call == 1;
        }

        public bool TryRejected(UInt128 call, Rejection rejection)
        {
            if (call == 1)
                told.Tell(rejection);
            return call == 1;
        }
    }
}
