using Confluent.Kafka;
using Scoring.Kafka.Clients;
using Scoring.Kafka.Settings;
using Scoring.Tests.Kafka.Fakes;

namespace Scoring.Tests.Kafka.Consumers;

/// <summary>Questions to the brokers, and what becomes of everything while they are away.</summary>
public sealed class LookupTests(StreamFixture streams) : IClassFixture<StreamFixture>, IDisposable
{
    private readonly ConsumerRig rig = new(streams, new ConsumerSettings { BootstrapServers = "none:1", GroupId = "group", MaxLookups = 3 });

    public void Dispose() => rig.Dispose();

    [Fact]
    public async Task A_look_up_is_answered_on_its_own_loop()
    {
        rig.Kafka.Offsets[ConsumerRig.P(1)] = 7;
        rig.Log(1).Add(9).Trim(4);
        var committed = rig.Consumer.CommittedAsync(ConsumerRig.P(1));
        var none = rig.Consumer.CommittedAsync(ConsumerRig.P(2));
        var bounds = rig.Consumer.BoundsAsync(ConsumerRig.P(1));
        rig.Turns.Run();
        Assert.Equal(7, await committed);
        Assert.Null(await none);
        Assert.Equal(new LogBounds(4, 9), await bounds);
    }

    [Fact]
    public async Task An_offset_that_is_not_stable_is_asked_for_again()
    {
        rig.Kafka.Offsets[ConsumerRig.P(1)] = 7;
        rig.Kafka.OffsetClient.UnstableFor = 2;
        var committed = rig.Consumer.CommittedAsync(ConsumerRig.P(1));
        for (var i = 0; i < 2; i++)
        {
            rig.Turns.Run();
            Assert.False(committed.IsCompleted);
            rig.Time.Advance(rig.Settings.RetryPause);
        }

        rig.Turns.Run();
        Assert.Equal(7, await committed);
    }

    [Fact]
    public async Task What_has_no_answer_by_its_deadline_fails_with_the_last_reason()
    {
        rig.Kafka.IsAway = true;
        var bounds = rig.Consumer.BoundsAsync(ConsumerRig.P(1));
        for (var passed = TimeSpan.Zero; passed < rig.Settings.LookupDeadline; passed += TimeSpan.FromSeconds(1))
        {
            rig.Turns.Run();
            Assert.False(bounds.IsCompleted);
            rig.Time.Advance(TimeSpan.FromSeconds(1));
        }

        rig.Turns.Run();
        var failure = await Assert.ThrowsAsync<KafkaCallException>(() => bounds);
        Assert.Equal((FailureClass.Retriable, ErrorCode.Local_Transport), (failure.Failure.Class, failure.Failure.Code));
    }

    [Fact]
    public async Task What_fails_for_good_is_not_asked_again()
    {
        rig.Kafka.OffsetClient.UnstableFor = 0;
        var asked = 0;
        var question = rig.Consumer.Lookups.Ask<int>(
            (_, _) =>
            {
                asked++;
                throw new KafkaCallException(FakeKafka.Failure(FailureClass.Fatal, ErrorCode.Local_Fatal));
            },
            CancellationToken.None);
        rig.Turns.Run();
        await Assert.ThrowsAsync<KafkaCallException>(() => question);
        Assert.Equal(1, asked);
    }

    [Fact]
    public async Task One_that_is_tried_again_does_not_hold_up_the_others()
    {
        rig.Kafka.OffsetClient.UnstableFor = 1;
        var unstable = rig.Consumer.CommittedAsync(ConsumerRig.P(1));
        var bounds = rig.Consumer.BoundsAsync(ConsumerRig.P(1));
        rig.Turns.Run();
        Assert.False(unstable.IsCompleted);
        Assert.Equal(new LogBounds(0, 0), await bounds);
    }

    [Fact]
    public async Task Look_ups_beyond_the_bound_are_refused_by_name()
    {
        var waiting = Enumerable.Range(0, 3).Select(i => rig.Consumer.BoundsAsync(ConsumerRig.P(i))).ToList();
        Assert.Contains("MaxLookups", (await Assert.ThrowsAsync<InvalidOperationException>(() => rig.Consumer.BoundsAsync(ConsumerRig.P(9)))).Message, StringComparison.Ordinal);
        rig.Turns.Run();
        await Task.WhenAll(waiting);
        Assert.Equal(0, rig.Consumer.State.Lookups);
    }

    [Fact]
    public async Task One_that_is_given_up_is_not_asked()
    {
        using var stop = new CancellationTokenSource();
        var bounds = rig.Consumer.BoundsAsync(ConsumerRig.P(1), stop.Token);
        await stop.CancelAsync();
        rig.Turns.Run();
        Assert.True(bounds.IsCanceled);
    }

    [Fact]
    public void Brokers_that_were_never_there_are_told_from_those_that_were_lost()
    {
        rig.Kafka.IsAway = true;
        rig.Turns.Run();
        rig.Time.Advance(TimeSpan.FromMinutes(3));
        rig.Turns.Run();
        Assert.Equal(new BrokerState(BrokerCondition.NeverReached, TimeSpan.FromMinutes(3), "made to fail: Local_Transport"), rig.Consumer.State.Brokers);

        rig.Kafka.IsAway = false;
        rig.Time.Advance(rig.Settings.ProbeInterval);
        rig.Turns.Run();
        Assert.Equal(new BrokerState(BrokerCondition.Reached, TimeSpan.Zero, null), rig.Consumer.State.Brokers);

        rig.Kafka.IsAway = true;
        rig.Time.Advance(rig.Settings.ProbeInterval);
        rig.Turns.Run();
        rig.Time.Advance(TimeSpan.FromMinutes(1));
        rig.Turns.Run();
        Assert.Equal((BrokerCondition.Lost, TimeSpan.FromMinutes(1)), (rig.Consumer.State.Brokers.Condition, rig.Consumer.State.Brokers.For));
    }

    [Fact]
    public void While_the_brokers_are_away_everything_waits_and_then_goes_on()
    {
        rig.Log(1).Add(2);
        var (control, committed) = rig.Commit(1, 0);
        committed.Request(50);
        rig.Turns.Run();
        rig.Kafka.IsAway = true;
        rig.Log(1).Add(3);
        for (var minute = 0; minute < 10; minute++)
        {
            rig.Time.Advance(TimeSpan.FromMinutes(1));
            rig.Turns.Run();
        }

        Assert.Equal(2, control.State.Committed);
        var turns = rig.Consumer.State.Turns;
        rig.Turns.Run();
        Assert.True(rig.Consumer.State.Turns > turns);
        rig.Kafka.IsAway = false;
        rig.Time.Advance(TimeSpan.FromSeconds(1));
        rig.Turns.Run();
        Assert.Equal(5, control.State.Committed);
    }

    [Fact]
    public void A_client_that_finds_no_broker_has_them_asked_at_once()
    {
        rig.Turns.Run();
        var probes = rig.Kafka.OffsetClient.Probes;
        rig.Turns.Run();
        Assert.Equal(probes, rig.Kafka.OffsetClient.Probes);
        rig.Kafka.Consumer.Stray.Enqueue(new ConsumerEvent(ConsumerEventKind.ClientFailure, "", 0, 0, default, FakeKafka.Failure(FailureClass.Retriable, ErrorCode.Local_AllBrokersDown)));
        rig.Turns.Run();
        Assert.Equal(probes + 1, rig.Kafka.OffsetClient.Probes);
    }
}
