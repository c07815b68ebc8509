using Confluent.Kafka;
using Scoring.Kafka.Clients;
using Scoring.Kafka.Producers;
using Scoring.Kafka.Settings;
using Scoring.Tests.Kafka.Fakes;

namespace Scoring.Tests.Kafka.Producers;

/// <summary>The node's producer and the flow of its acknowledgements.</summary>
public sealed class ProduceFlowTests(StreamFixture streams) : IClassFixture<StreamFixture>, IDisposable
{
    private readonly ProducerRig rig = new(streams, new ProducerSettings { BootstrapServers = "none:1", MaxUnacknowledged = 3 });

    public void Dispose() => rig.Dispose();

    [Fact]
    public void A_message_is_handed_on_once_all_its_records_are_acknowledged()
    {
        var (messages, results) = rig.Produce();
        results.Request(5);
        messages.SendNext(ProducerRig.Message("a", "1", "2"));
        rig.Client.Acknowledge();
        results.ExpectNoMsg(TimeSpan.Zero);
        rig.Client.Acknowledge();
        Assert.Equal("a", results.ExpectNext().PassThrough);
    }

    [Fact]
    public void Messages_are_handed_on_in_their_order()
    {
        var (messages, results) = rig.Produce();
        results.Request(5);
        messages.SendNext(ProducerRig.Message("a", "1"));
        messages.SendNext(ProducerRig.Message("without records"));
        messages.SendNext(ProducerRig.Message("b", "2"));
        results.ExpectNoMsg(TimeSpan.Zero);
        rig.Client.Acknowledge(2);
        Assert.Equal(["a", "without records", "b"], Enumerable.Range(0, 3).Select(_ => results.ExpectNext().PassThrough));
    }

    [Fact]
    public void A_stream_that_has_enough_under_way_asks_for_no_more()
    {
        var (messages, results) = rig.Produce();
        results.Request(50);
        for (var i = 0; i < 3; i++)
            messages.SendNext(ProducerRig.Message($"{i}", $"{i}"));
        Assert.Equal(3, rig.Client.Waiting);
        messages.UnsafeSendNext(ProducerRig.Message("3", "3"));
        Assert.Equal(3, rig.Client.Waiting);
        rig.Client.Acknowledge();
        Assert.Equal(3, rig.Client.Waiting);
        Assert.Equal("0", results.ExpectNext().PassThrough);
    }

    [Fact]
    public void A_full_client_holds_the_stream_up_and_nothing_is_dropped()
    {
        var (messages, results) = rig.Produce();
        results.Request(50);
        rig.Client.Room = 2;
        messages.SendNext(ProducerRig.Message("a", "1", "2", "3"));
        Assert.Equal(["1", "2"], rig.Client.Taken);
        rig.Client.Acknowledge();
        Assert.Equal(["1", "2", "3"], rig.Client.Taken);
        rig.Client.Acknowledge(2);
        Assert.Equal("a", results.ExpectNext().PassThrough);
    }

    [Fact]
    public void A_client_that_is_full_of_others_records_is_tried_again_after_a_pause()
    {
        var (messages, results) = rig.Produce();
        results.Request(50);
        rig.Client.Room = 0;
        messages.SendNext(ProducerRig.Message("a", "1"));
        Assert.Empty(rig.Client.Taken);
        rig.Client.Room = 5;
        streams.Advance(rig.Producing.FullPause);
        Assert.Equal(["1"], rig.Client.Taken);
        rig.Client.Acknowledge();
        Assert.Equal("a", results.ExpectNext().PassThrough);
    }

    [Fact]
    public void A_record_that_the_log_will_never_take_is_named_and_the_others_are_in_it()
    {
        var (messages, results) = rig.Produce();
        results.Request(50);
        rig.Client.MaxValueBytes = 3;
        messages.SendNext(ProducerRig.Message("a", "1", "too long", "2", "as long"));
        rig.Client.Acknowledge();
        rig.Client.Fail(FakeKafka.Failure(FailureClass.Refused, ErrorCode.InvalidRecord));
        var result = results.ExpectNext();
        Assert.Equal([(1, ErrorCode.MsgSizeTooLarge), (3, ErrorCode.MsgSizeTooLarge), (2, ErrorCode.InvalidRecord)], result.Refused.Select(r => (r.Index, r.Failure.Code)));
    }

    [Fact]
    public void Of_records_with_the_same_value_each_is_refused_once()
    {
        var (messages, results) = rig.Produce();
        results.Request(50);
        byte[] value = [1];
        messages.SendNext(new ProducerMessage<string>([new("scores", null, value), new("scores", null, value)], "a"));
        for (var i = 0; i < 2; i++)
            rig.Client.Fail(FakeKafka.Failure(FailureClass.Refused, ErrorCode.InvalidRecord));
        Assert.Equal([0, 1], results.ExpectNext().Refused.Select(r => r.Index));
    }

    [Fact]
    public void A_record_that_is_not_acknowledged_fails_the_stream_and_says_which()
    {
        var (messages, results) = rig.Produce();
        results.Request(50);
        messages.SendNext(ProducerRig.Message("a", "1", "2"));
        rig.Client.Acknowledge();
        rig.Client.Fail(FakeKafka.Failure(FailureClass.Retriable, ErrorCode.Local_MsgTimedOut));
        var failure = Assert.IsType<ProduceFailedException>(results.ExpectError());
        Assert.Equal("record 1 of a was not acknowledged: made to fail: Local_MsgTimedOut", failure.Message);
        Assert.Equal(FailureClass.Retriable, failure.Failure.Class);
    }

    [Fact]
    public void A_stream_whose_input_ends_ends_once_everything_is_acknowledged()
    {
        var (messages, results) = rig.Produce();
        results.Request(50);
        messages.SendNext(ProducerRig.Message("a", "1"));
        messages.SendComplete();
        results.ExpectNoMsg(TimeSpan.Zero);
        rig.Client.Acknowledge();
        results.ExpectNext();
        results.ExpectComplete();
    }

    [Fact]
    public void A_client_that_comes_to_its_end_fails_the_streams_that_wait_for_it_and_is_replaced()
    {
        var (messages, results) = rig.Produce();
        var (others, otherResults) = rig.Produce();
        results.Request(50);
        otherResults.Request(50);
        messages.SendNext(ProducerRig.Message("a", "1"));
        rig.Client.End();
        Assert.Equal(FailureClass.Fatal, Assert.IsType<ProduceFailedException>(results.ExpectError()).Failure.Class);

        // A stream that waited for nothing goes on with the next client.
        var old = rig.Client;
        others.SendNext(ProducerRig.Message("b", "2"));
        Assert.NotSame(old, rig.Client);
        rig.Client.Acknowledge();
        Assert.Equal("b", otherResults.ExpectNext().PassThrough);
        rig.Base.Turns.Run(1);
        Assert.True(old.IsDisposed);
    }

    [Fact]
    public void Without_gaps_nothing_that_stands_behind_a_failed_record_reaches_a_client_or_the_next_one()
    {
        using var gapless = new ProducerRig(streams, new ProducerSettings { BootstrapServers = "none:1", Gapless = true });
        var (messages, results) = gapless.Produce();
        var (idle, idleResults) = gapless.Produce();
        results.Request(50);
        idleResults.Request(50);
        messages.SendNext(ProducerRig.Message("a", "1"));
        gapless.Client.Fail(FakeKafka.Failure(FailureClass.Retriable, ErrorCode.Local_UnknownTopic));
        Assert.IsType<ProduceFailedException>(results.ExpectError());

        // Another stream of the client had nothing under way, and fails with it all the same.
        gapless.Client.End();
        Assert.IsType<ProduceFailedException>(idleResults.ExpectError());
        Assert.Equal(["1"], gapless.Client.Taken);

        // A stream that begins now has the next client.
        var (again, fine) = gapless.Produce();
        fine.Request(5);
        again.SendNext(ProducerRig.Message("b", "2"));
        Assert.Equal(2, gapless.Base.Kafka.Producers.Count);
        gapless.Client.Acknowledge();
        Assert.Equal("b", fine.ExpectNext().PassThrough);
    }

    [Fact]
    public void Clients_are_not_replaced_one_right_after_the_other()
    {
        rig.Client.End();
        var (messages, results) = rig.Produce();
        results.Request(50);
        messages.SendNext(ProducerRig.Message("a", "1"));
        rig.Client.End();
        Assert.IsType<ProduceFailedException>(results.ExpectError());
        var (again, failing) = rig.Produce();
        failing.Request(5);
        again.SendNext(ProducerRig.Message("b", "2"));
        Assert.IsType<ProduceFailedException>(failing.ExpectError());
        Assert.Equal(2, rig.Base.Kafka.Producers.Count);

        rig.Base.Time.Advance(rig.Producing.ReplacePause);
        var (third, fine) = rig.Produce();
        fine.Request(5);
        third.SendNext(ProducerRig.Message("c", "3"));
        rig.Client.Acknowledge();
        Assert.Equal("c", fine.ExpectNext().PassThrough);
        Assert.Equal(3, rig.Base.Kafka.Producers.Count);
    }

    [Fact]
    public void An_acknowledgement_that_comes_after_the_stream_has_ended_is_for_nobody()
    {
        var (messages, results) = rig.Produce();
        results.Request(50);
        messages.SendNext(ProducerRig.Message("a", "1"));
        results.Cancel();
        rig.Client.Acknowledge();
        var (again, others) = rig.Produce();
        others.Request(1);
        again.SendNext(ProducerRig.Message("b", "2"));
        rig.Client.Acknowledge();
        Assert.Equal("b", others.ExpectNext().PassThrough);
    }
}
