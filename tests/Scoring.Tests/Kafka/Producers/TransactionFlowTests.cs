using Confluent.Kafka;
using Scoring.Kafka.Clients;
using Scoring.Kafka.Consumers;
using Scoring.Kafka.Producers;
using Scoring.Kafka.Settings;
using Scoring.Tests.Kafka.Fakes;

namespace Scoring.Tests.Kafka.Producers;

/// <summary>Outputs and offsets of one partition in transactions.</summary>
public sealed class TransactionFlowTests(StreamFixture streams) : IClassFixture<StreamFixture>, IDisposable
{
    private readonly ProducerRig rig = new(streams, transactions: new TransactionSettings { MaxMessages = 4 });

    public void Dispose() => rig.Dispose();

    private FakeTransactionalClient Client => rig.Base.Kafka.Transactional[^1];

    [Fact]
    public void Outputs_and_the_offset_behind_them_are_visible_together_and_then_handed_on()
    {
        var (control, committed) = Begun();
        Add(3);
        Assert.Empty(rig.Base.Kafka.Visible);
        committed.ExpectNoMsg(TimeSpan.Zero);
        Interval();
        Assert.Equal(["v0", "v1", "v2"], rig.Base.Kafka.Visible.Select(v => v.TrimEnd()));
        Assert.Equal(3, rig.Base.Kafka.Offsets[ConsumerRig.P(1)]);
        Assert.Equal([1L, 2, 3], Enumerable.Range(0, 3).Select(_ => committed.ExpectNext().Next));
        Assert.Equal(3, control.State.Committed);
    }

    [Fact]
    public void What_comes_while_a_transaction_is_committed_goes_into_the_next()
    {
        var (_, committed) = Begun();
        Add(1);
        Client.Calling = call =>
        {
            if (call != "commit")
                return;
            Client.Calling = static _ => { };
            Add(2);
            Assert.Equal(1, Client.Records);
        };
        Interval();
        Assert.Single(rig.Base.Kafka.Visible);
        Assert.Equal(1, rig.Base.Kafka.Offsets[ConsumerRig.P(1)]);
        Interval();
        Assert.Equal(3, rig.Base.Kafka.Visible.Count);
        Assert.Equal(3, rig.Base.Kafka.Offsets[ConsumerRig.P(1)]);
        Assert.Equal([1L, 2, 3], Enumerable.Range(0, 3).Select(_ => committed.ExpectNext().Next));
    }

    [Fact]
    public void A_transaction_is_committed_once_all_of_it_is_acknowledged_and_takes_nothing_more_meanwhile()
    {
        Begun();
        Client.HoldsBack = true;
        Add(2);
        Interval();
        Assert.Empty(rig.Base.Kafka.Visible);
        Add(1);
        Assert.Equal(2, Client.Records);
        Client.Acknowledge();
        rig.Base.Turns.Run();
        Assert.Equal(2, rig.Base.Kafka.Visible.Count);
        Assert.Equal(2, rig.Base.Kafka.Offsets[ConsumerRig.P(1)]);
        Client.Acknowledge();
        Interval();
        Client.Acknowledge();
        rig.Base.Turns.Run();
        Assert.Equal(3, rig.Base.Kafka.Offsets[ConsumerRig.P(1)]);
    }

    [Fact]
    public void A_transaction_that_is_full_is_committed_at_once()
    {
        Begun();
        for (var i = 0; i < 4; i++)
            Add(1);
        rig.Base.Turns.Run();
        Assert.Equal(4, rig.Base.Kafka.Offsets[ConsumerRig.P(1)]);
    }

    [Fact]
    public void Half_a_message_is_not_committed()
    {
        Begun(outputs: b => b.Records.SelectMany(r => new[] { r.Value!, [.. r.Value!], [.. r.Value!] }));
        Client.Room = 4;
        Add(2);
        Assert.Equal(4, Client.Records);
        Interval();
        Assert.Empty(rig.Base.Kafka.Visible);
        Client.Room = 9;
        streams.Advance(rig.Transactions.RetryBackoff);
        rig.Base.Turns.Run();
        Assert.Equal(6, rig.Base.Kafka.Visible.Count);
        Assert.Equal(2, rig.Base.Kafka.Offsets[ConsumerRig.P(1)]);
    }

    [Fact]
    public void A_stretch_without_records_is_committed_too()
    {
        Begun();
        Add(1);
        Interval();
        rig.Base.Log(1).AddInvisible(2);
        rig.Base.Turns.Run();
        Interval();
        Assert.Equal(3, rig.Base.Kafka.Offsets[ConsumerRig.P(1)]);
    }

    [Fact]
    public void What_is_read_again_waits_for_no_transaction_and_sets_nothing_back()
    {
        rig.Base.Log(1).Add(5);
        rig.Base.Kafka.Offsets[ConsumerRig.P(1)] = 7;
        var (_, committed) = Begun(2, 7, _ => []);
        Assert.Equal([3L, 4, 5], Enumerable.Range(0, 3).Select(_ => committed.ExpectNext().Next));
        rig.Base.Log(1).Add(1);
        rig.Base.Turns.Run();
        Interval();
        Assert.Equal(7, rig.Base.Kafka.Offsets[ConsumerRig.P(1)]);
        Assert.Equal(["init", "begin"], Client.Calls);
    }

    [Theory]
    [InlineData(FailureClass.Abortable)]
    [InlineData(FailureClass.Fenced)]
    [InlineData(FailureClass.Fatal)]
    public void What_cannot_be_committed_fails_the_stream_with_its_class_and_nothing_is_handed_on(FailureClass its)
    {
        var (control, committed) = Begun();
        Add(2);
        Client.FailNext("commit", FakeKafka.Failure(its));
        Interval();
        Assert.Equal(its, Assert.IsType<TransactionFailedException>(committed.ExpectError()).Failure.Class);
        Assert.Null(control.State.Committed);
        Assert.True(control.IsShutdown.IsCompleted);
        Assert.Empty(rig.Base.Kafka.Offsets);
    }

    [Fact]
    public void A_fenced_owners_outputs_are_never_seen()
    {
        var (_, committed) = Begun();
        Add(2);
        var next = rig.Transactional();
        _ = next.InitAsync();
        rig.Base.Turns.Run();
        streams.Advance(rig.Transactions.CommitInterval);
        rig.Base.Turns.Run();
        Assert.Equal(FailureClass.Fenced, Assert.IsType<TransactionFailedException>(committed.ExpectError()).Failure.Class);
        Assert.Empty(rig.Base.Kafka.Visible);
        Assert.Equal(TransactionState.Open, next.State);
    }

    [Fact]
    public void A_record_that_is_refused_is_named_and_its_transaction_is_not_committed()
    {
        var (_, committed) = Begun();
        Client.MaxValueBytes = 20;
        Add(1);
        rig.Base.Log(1).Add(1).Add(1, bytes: 50);
        rig.Base.Turns.Run();
        var failure = Assert.IsType<TransactionFailedException>(committed.ExpectError());
        Assert.Equal(FailureClass.Refused, failure.Failure.Class);
        Assert.Equal(0, failure.RecordIndex);
        Assert.Equal(2, Assert.IsType<PartitionBatch>(failure.PassThrough).From);
        Interval();
        Assert.Empty(rig.Base.Kafka.Visible);
    }

    [Fact]
    public void Nothing_of_an_assignment_that_has_ended_is_committed()
    {
        var (control, committed) = Begun();
        Add(2);
        _ = control.Shutdown();
        rig.Base.Turns.Run(1);
        streams.Advance(rig.Transactions.CommitInterval);
        rig.Base.Turns.Run();
        Assert.IsType<AssignmentEndedException>(committed.ExpectError());
        Assert.Empty(rig.Base.Kafka.Visible);
    }

    [Fact]
    public void A_source_that_is_stopped_has_what_is_under_way_committed_before_the_stream_ends()
    {
        var (control, committed) = Begun();
        Add(2);
        _ = control.Stop();
        rig.Base.Turns.Run();
        Assert.Equal(2, rig.Base.Kafka.Offsets[ConsumerRig.P(1)]);
        committed.ExpectNext();
        committed.ExpectNext();
        committed.ExpectComplete();
    }

    [Fact]
    public void An_idle_partitions_offset_is_committed_again_before_it_expires()
    {
        rig.Base.Log(1).Add(5);
        Begun(5, 5);
        streams.Advance(rig.Transactions.CommitRefreshInterval);
        rig.Base.Turns.Run();
        Assert.Equal(5, rig.Base.Kafka.Offsets[ConsumerRig.P(1)]);
        Add(1);
        Interval();
        var calls = Client.Calls.Count;
        streams.Advance(rig.Transactions.CommitRefreshInterval);
        rig.Base.Turns.Run();
        Assert.Equal(calls, Client.Calls.Count);
        streams.Advance(rig.Transactions.CommitRefreshInterval);
        rig.Base.Turns.Run();
        Assert.Equal("offsets 1@6", Client.Calls[calls]);
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Whatever_fails_each_output_is_visible_once_and_in_order(int seed)
    {
        var random = new Random(seed);
        rig.Base.Log(1).Add(60);
        TransactionalProducer? producer = null;
        for (var owners = 0; rig.Base.Kafka.Visible.Count < 60; owners++)
        {
            Assert.True(owners < 100, $"seed {seed}: {rig.Base.Kafka.Visible.Count} outputs after {owners} owners");
            var before = producer;
            producer = rig.Transactional();
            var init = producer.InitAsync();
            rig.Base.Turns.Run(6);
            Assert.True(init.IsCompletedSuccessfully, $"seed {seed}");
            var from = rig.Base.Kafka.Offsets.GetValueOrDefault(ConsumerRig.P(1));
            var (control, committed) = rig.Transact(producer, 1, from, from);
            committed.Request(1_000);
            Client.FailNext("offsets", Some(random)).FailNext("commit", Some(random));
            for (var step = random.Next(40); step >= 0; step--)
            {
                rig.Base.Turns.TurnAny(random);
                if (random.Next(6) == 0)
                    streams.Advance(rig.Transactions.CommitInterval);
            }

            // The owner before may still be there: fenced, it changes nothing.
            _ = random.Next(2) == 0 ? control.Shutdown() : control.Stop();
            _ = before?.DisposeAsync().AsTask();
        }

        Assert.Equal(Enumerable.Range(0, 60).Select(i => $"v{i}"), rig.Base.Kafka.Visible.Select(v => v.TrimEnd()));
    }

    public static TheoryData<int> Seeds => [.. Enumerable.Range(1, 25)];

    private static KafkaFailure?[] Some(Random random) => [.. Enumerable.Range(0, 4).Select(_ => random.Next(4) switch
    {
        0 => FakeKafka.Failure(FailureClass.Retriable),
        1 when random.Next(3) == 0 => FakeKafka.Failure(FailureClass.Abortable),
        2 when random.Next(4) == 0 => FakeKafka.Failure(FailureClass.Fatal),
        _ => null,
    })];

    private (IPartitionControl Control, Akka.Streams.TestKit.TestSubscriber.Probe<PartitionBatch> Committed) Begun(
        long offset = 0, long? committedBefore = null, Func<PartitionBatch, IEnumerable<byte[]>>? outputs = null)
    {
        var producer = rig.Transactional();
        _ = producer.InitAsync();
        rig.Base.Turns.Run();
        var (control, committed) = rig.Transact(producer, 1, offset, committedBefore, outputs);
        committed.Request(99);
        rig.Base.Turns.Run();
        // Where there is nothing to read yet, the first batch says so.
        if (rig.Base.Log(1).High == offset)
            Assert.True(committed.ExpectNext().IsAtEnd);
        return (control, committed);
    }

    // Records that come one batch.
    private void Add(int records)
    {
        rig.Base.Log(1).Add(records);
        rig.Base.Turns.Turn("kafka-poll");
        rig.Base.Turns.Turn("kafka-poll");
    }

    private void Interval()
    {
        streams.Advance(rig.Transactions.CommitInterval);
        rig.Base.Turns.Run();
    }
}
