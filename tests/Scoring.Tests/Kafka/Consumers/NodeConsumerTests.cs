using Akka.Streams.Dsl;
using Akka.Streams.TestKit;
using Confluent.Kafka;
using Scoring.Kafka.Clients;
using Scoring.Kafka.Consumers;
using Scoring.Kafka.Settings;
using Scoring.Tests.Kafka.Fakes;

namespace Scoring.Tests.Kafka.Consumers;

/// <summary>What is assigned, read, paused and taken away. The fake client refuses every thread but the poll loop's.</summary>
public sealed class NodeConsumerTests(StreamFixture streams) : IClassFixture<StreamFixture>, IDisposable
{
    private readonly ConsumerRig rig = new(streams, new ConsumerSettings
    {
        BootstrapServers = "none:1",
        GroupId = "group",
        BufferBytes = 1_024,
        MaxBatchBytes = 1_024,
        BufferRecords = 1_000,
        MaxPartitions = 8,
    });

    public void Dispose() => rig.Dispose();

    [Fact]
    public void A_partition_is_read_from_the_offset_that_it_is_given()
    {
        rig.Log(1).Add(10);
        rig.Kafka.Offsets[ConsumerRig.P(1)] = 3;
        var (_, batches) = rig.Read(1, 7);
        batches.Request(10);
        rig.Turns.Run();
        Assert.Equal([7L, 8, 9], Offsets(batches.ExpectNext()).Concat(Offsets(batches.ExpectNext())).Concat(Offsets(batches.ExpectNext())));
        Assert.Equal(["assign 1@7"], rig.Kafka.Consumer.Calls);
    }

    [Fact]
    public void What_others_ask_for_waits_for_the_loop_that_owns_the_client()
    {
        var (control, _) = rig.Read(1, 0);
        Assert.Empty(rig.Kafka.Consumer.Calls);
        rig.Turns.Turn("kafka-poll");
        Assert.Equal(["assign 1@0"], rig.Kafka.Consumer.Calls);
        var shutdown = control.Shutdown();
        Assert.Equal(["assign 1@0"], rig.Kafka.Consumer.Calls);
        Assert.False(shutdown.IsCompleted);
        rig.Turns.Turn("kafka-poll");
        Assert.Equal(["assign 1@0", "unassign 1"], rig.Kafka.Consumer.Calls);
        Assert.True(shutdown.IsCompletedSuccessfully);
    }

    [Fact]
    public void What_is_asked_for_comes_before_the_records_that_wait()
    {
        rig.Log(1).Add(50);
        rig.Log(2).Add(50);
        var (first, batches) = rig.Read(1, 0);
        rig.Read(2, 0);
        rig.Turns.Turn("kafka-poll");
        // In the middle of a turn: the stage of one partition is woken by a record, and its stream takes the other away.
        var waiting = rig.Kafka.Consumer.Calls.Count;
        _ = first.Shutdown();
        rig.Log(1).Add(50);
        rig.Turns.Turn("kafka-poll");
        Assert.Equal("unassign 1", rig.Kafka.Consumer.Calls[waiting]);
        Assert.Equal(0, first.State.BufferedRecords);
        batches.Request(1);
        batches.ExpectComplete();
    }

    [Fact]
    public void A_turn_ends_early_when_something_is_asked_for_during_it()
    {
        rig.Log(1).Add(100);
        var (second, _) = rig.Read(2, 0);
        var source = rig.Source(1, 0);
        source.RunForeach(_ => second.Shutdown(), streams.Materializer);
        rig.Turns.Turn("kafka-poll");
        // The first record woke the stream, which asked; the records behind it wait for what was asked.
        Assert.True(rig.Log(1).High - ReadSoFar() > 50);
        rig.Turns.Turn("kafka-poll");
        Assert.Contains("unassign 2", rig.Kafka.Consumer.Calls);

        long ReadSoFar() => rig.Consumer.State.BufferedRecords + 1;
    }

    [Fact]
    public void Taking_a_partition_away_drops_its_buffer_in_the_same_turn()
    {
        rig.Log(1).Add(10);
        var (control, batches) = rig.Read(1, 0);
        rig.Turns.Run();
        Assert.Equal(11, control.State.BufferedRecords);
        _ = control.Stop();
        rig.Turns.Turn("kafka-poll");
        Assert.Equal(0, control.State.BufferedRecords);
        Assert.Equal(0, rig.Consumer.State.BufferedBytes);
        batches.Request(5);
        batches.ExpectComplete();
    }

    [Fact]
    public void A_record_of_an_earlier_assignment_is_dropped()
    {
        rig.Log(1).Add(20);
        var (first, _) = rig.Read(1, 0);
        rig.Turns.Run();
        first.Shutdown();
        rig.Turns.Turn("kafka-poll");
        var (_, batches) = rig.Read(1, 15);
        // What the client had fetched for the first comes out after the second has begun.
        rig.Kafka.Consumer.Stray.Enqueue(Record(1, 5));
        batches.Request(10);
        rig.Turns.Run();
        var offsets = Enumerable.Range(0, 5).SelectMany(_ => Offsets(batches.ExpectNext())).ToList();
        Assert.Equal([15L, 16, 17, 18, 19], offsets);
    }

    [Fact]
    public void A_record_of_a_partition_that_was_taken_away_is_dropped()
    {
        rig.Log(1).Add(5);
        var (control, batches) = rig.Read(1, 0);
        rig.Turns.Turn("kafka-poll");
        control.Shutdown();
        rig.Turns.Turn("kafka-poll");
        rig.Kafka.Consumer.Stray.Enqueue(Record(1, 3));
        rig.Turns.Run();
        Assert.Equal(0, rig.Consumer.State.BufferedRecords);
        batches.Request(1);
        batches.ExpectComplete();
    }

    [Fact]
    public void Assigning_a_partition_anew_ends_the_assignment_before()
    {
        rig.Log(1).Add(5);
        var (first, batches) = rig.Read(1, 0);
        batches.Request(1);
        rig.Turns.Turn("kafka-poll");
        var (second, others) = rig.Read(1, 2);
        rig.Turns.Run();
        batches.ExpectNext();
        Assert.IsType<AssignmentEndedException>(batches.ExpectError());
        Assert.True(first.IsShutdown.IsCompletedSuccessfully);
        Assert.True(second.State.Epoch > first.State.Epoch);
        others.Request(1);
        Assert.Equal(2, others.ExpectNext().From);
        Assert.Equal(["assign 1@0", "unassign 1", "assign 1@2"], rig.Kafka.Consumer.Calls);
    }

    [Fact]
    public void A_partition_is_paused_at_its_bound_and_goes_on_when_half_of_it_is_free()
    {
        rig.Log(1).Add(40, bytes: 100);
        rig.Log(2).Add(5);
        var (control, batches) = rig.Read(1, 0);
        var (other, _) = rig.Read(2, 0);
        rig.Turns.Run();
        Assert.True(control.State.IsPaused);
        Assert.Equal(1_100, control.State.BufferedBytes);
        Assert.Equal(6, other.State.BufferedRecords);

        // A batch of at most 1,024 bytes: more than half is free then.
        batches.Request(1);
        Assert.Equal(10, batches.ExpectNext().Records.Count);
        rig.Turns.Turn("kafka-poll");
        Assert.Equal(["pause 1", "resume 1", "pause 1"], rig.Kafka.Consumer.Calls.Where(c => c.EndsWith('1') && c != "assign 1@0" && !c.Contains('@', StringComparison.Ordinal)));
        Assert.Equal(1, rig.Consumer.State.Paused);
    }

    [Fact]
    public void A_partition_is_not_resumed_before_half_of_its_buffer_is_free()
    {
        using var small = new ConsumerRig(streams, rig.Settings with { MaxBatchRecords = 2 });
        small.Log(1).Add(40, bytes: 100);
        var (control, batches) = small.Read(1, 0);
        small.Turns.Run();
        Assert.True(control.State.IsPaused);
        for (var left = 1_100; left > 512; left -= 200)
        {
            Assert.True(control.State.IsPaused);
            batches.Request(1);
            batches.ExpectNext();
            Assert.Equal(left - 200, control.State.BufferedBytes);
            small.Turns.Turn("kafka-poll");
        }

        Assert.Equal(2, small.Kafka.Consumer.Calls.Count(c => c == "pause 1"));
    }

    [Fact]
    public void Nothing_is_lost_or_doubled_by_pausing()
    {
        rig.Log(1).Add(200, bytes: 100);
        var (_, batches) = rig.Read(1, 0);
        var offsets = new List<long>();
        while (offsets.Count < 200)
        {
            rig.Turns.Run(2);
            batches.Request(1);
            offsets.AddRange(Offsets(batches.ExpectNext()));
        }

        Assert.Equal(Enumerable.Range(0, 200).Select(i => (long)i), offsets);
    }

    [Fact]
    public void A_partition_that_was_paused_when_it_was_taken_away_is_read_when_it_comes_again()
    {
        rig.Log(1).Add(40, bytes: 100);
        var (first, _) = rig.Read(1, 0);
        rig.Turns.Run();
        Assert.True(first.State.IsPaused);
        first.Shutdown();
        rig.Turns.Turn("kafka-poll");
        var (_, batches) = rig.Read(1, 30);
        batches.Request(1);
        rig.Turns.Run();
        Assert.Equal(30, batches.ExpectNext().From);
        Assert.False(rig.Kafka.Consumer.IsPaused(ConsumerRig.P(1)));
    }

    [Fact]
    public void A_batch_is_what_waits_up_to_its_bounds()
    {
        using var bounded = new ConsumerRig(streams, rig.Settings with { MaxBatchRecords = 4, MaxBatchBytes = 250 });
        bounded.Log(1).Add(3, bytes: 100).Add(6, bytes: 10).Add(1, bytes: 400);
        var (_, batches) = bounded.Read(1, 0);
        bounded.Turns.Run();
        batches.Request(10);
        Assert.Equal([2, 4, 3, 1], Enumerable.Range(0, 4).Select(_ => batches.ExpectNext().Records.Count));
    }

    [Fact]
    public void An_offset_that_the_log_does_not_hold_fails_its_partition_alone_and_says_what_it_holds()
    {
        rig.Log(1).Add(20).Trim(10);
        rig.Log(2).Add(3);
        var (_, batches) = rig.Read(1, 4);
        var (_, others) = rig.Read(2, 0);
        batches.Request(1);
        rig.Turns.Run();
        var gap = Assert.IsType<LogGapException>(batches.ExpectError());
        Assert.Equal(4, gap.Needed);
        Assert.Contains("offset 4 of transactions [[1]] is needed, and the log holds 10 to 20", gap.Message, StringComparison.Ordinal);
        others.Request(1);
        Assert.Equal(3, others.ExpectNext().Records.Count);
    }

    [Fact]
    public void What_was_read_before_a_gap_is_handed_out_first()
    {
        rig.Log(1).Add(20);
        var (control, batches) = rig.Read(1, 15);
        rig.Turns.Run();
        rig.Log(1).Add(20).Trim(30);
        rig.Kafka.Consumer.Stray.Enqueue(new ConsumerEvent(
            ConsumerEventKind.Gap, "transactions", 1, 20, default, FakeKafka.Failure(FailureClass.Retriable, ErrorCode.Local_AutoOffsetReset)));
        rig.Turns.Run();
        Assert.NotNull(control.State.Trouble);
        batches.Request(10);
        Assert.Equal([15L, 16, 17, 18, 19], Offsets(batches.ExpectNext()));
        Assert.Equal((20, 30), batches.ExpectError() is LogGapException gap ? (gap.Needed, gap.Low) : default);
    }

    [Fact]
    public void A_reader_that_commits_nothing_holds_no_batch_back()
    {
        rig.Log(1).Add(5);
        var (control, batches) = rig.Source(1, 0, isCommitted: false).ToMaterialized(streams.SinkProbe<PartitionBatch>(), Keep.Both).Run(streams.Materializer);
        batches.Request(10);
        rig.Turns.Run();
        Assert.NotEmpty(batches.ExpectNext().Records);
        Assert.Equal(0, control.State.OpenBatches);
    }

    [Fact]
    public void An_offset_beyond_the_log_is_a_gap_too()
    {
        rig.Log(1).Add(20);
        var (_, batches) = rig.Read(1, 21);
        batches.Request(1);
        rig.Turns.Run();
        Assert.Equal(21, Assert.IsType<LogGapException>(batches.ExpectError()).Needed);
    }

    [Theory]
    [InlineData(3)]
    [InlineData(18)]
    public void A_gap_of_an_earlier_assignment_does_not_fail_the_one_of_now(long offset)
    {
        rig.Log(1).Add(20);
        var (_, batches) = rig.Read(1, 15);
        rig.Kafka.Consumer.Stray.Enqueue(new ConsumerEvent(
            ConsumerEventKind.Gap, "transactions", 1, offset, default, FakeKafka.Failure(FailureClass.Retriable, ErrorCode.Local_AutoOffsetReset)));
        rig.Turns.Run();
        batches.Request(10);
        rig.Turns.Run();
        Assert.Equal([15L, 16, 17, 18, 19], Offsets(batches.ExpectNext()));
    }

    [Fact]
    public void A_gap_is_asked_about_until_the_log_answers()
    {
        rig.Log(1).Add(20).Trim(10);
        rig.Kafka.IsAway = true;
        var (control, batches) = rig.Read(1, 4);
        rig.Kafka.Consumer.Stray.Enqueue(new ConsumerEvent(
            ConsumerEventKind.Gap, "transactions", 1, 4, default, FakeKafka.Failure(FailureClass.Retriable, ErrorCode.Local_AutoOffsetReset)));
        rig.Turns.Run();
        Assert.NotNull(control.State.Trouble);
        for (var i = 0; i < 3; i++)
        {
            rig.Time.Advance(TimeSpan.FromSeconds(1));
            rig.Turns.Run();
        }

        rig.Kafka.IsAway = false;
        rig.Time.Advance(TimeSpan.FromSeconds(1));
        rig.Turns.Run();
        batches.Request(1);
        Assert.IsType<LogGapException>(batches.ExpectError());
    }

    [Fact]
    public void A_partition_that_cannot_be_read_now_says_so_and_goes_on()
    {
        var (control, batches) = rig.Read(1, 0);
        rig.Kafka.Consumer.Stray.Enqueue(new ConsumerEvent(
            ConsumerEventKind.PartitionFailure, "transactions", 1, 0, default, new KafkaFailure(FailureClass.Retriable, ErrorCode.TopicAuthorizationFailed, "no right to read")));
        rig.Kafka.IsAway = true;
        rig.Turns.Run();
        Assert.Equal("no right to read", control.State.Trouble);
        rig.Kafka.IsAway = false;
        rig.Log(1).Add(1);
        batches.Request(2);
        rig.Turns.Run();
        Assert.Null(control.State.Trouble);
    }

    [Fact]
    public void A_client_that_comes_to_its_end_fails_its_streams_and_is_replaced()
    {
        rig.Log(1).Add(5);
        var (_, batches) = rig.Read(1, 0);
        batches.Request(1);
        rig.Turns.Turn("kafka-poll");
        batches.ExpectNext();
        rig.Kafka.Consumer.Stray.Enqueue(new ConsumerEvent(ConsumerEventKind.ClientFailure, "", 0, 0, default, FakeKafka.Failure(FailureClass.Fatal, ErrorCode.Local_Fatal)));
        rig.Turns.Turn("kafka-poll");
        Assert.IsType<KafkaCallException>(batches.ExpectError());
        Assert.True(rig.Kafka.Consumers[0].IsDisposed);

        // What is asked for meanwhile begins with the next client.
        var (_, again) = rig.Read(1, 2);
        rig.Turns.Run();
        rig.Time.Advance(rig.Settings.RetryPause);
        rig.Turns.Run();
        again.Request(1);
        Assert.Equal(2, again.ExpectNext().From);
        Assert.Equal(2, rig.Kafka.Consumers.Count);
    }

    [Fact]
    public void A_client_that_refuses_what_it_is_told_is_replaced()
    {
        rig.Log(1).Add(5);
        var (control, _) = rig.Read(1, 0);
        rig.Turns.Run();
        rig.Kafka.Consumer.Fails["Unassign"] = FakeKafka.Failure(FailureClass.Retriable, ErrorCode.Local_State);
        var shutdown = control.Shutdown();
        rig.Turns.Run();
        Assert.True(shutdown.IsCompletedSuccessfully);
        Assert.True(rig.Kafka.Consumers[0].IsDisposed);
    }

    [Fact]
    public void A_partition_too_many_is_refused_by_name()
    {
        for (var i = 0; i < rig.Settings.MaxPartitions; i++)
            rig.Read(i, 0);
        var (_, batches) = rig.Read(99, 0);
        batches.Request(1);
        rig.Turns.Run();
        Assert.Contains("MaxPartitions", batches.ExpectError().Message, StringComparison.Ordinal);
        Assert.Equal(rig.Settings.MaxPartitions, rig.Consumer.State.Partitions);
    }

    [Fact]
    public async Task Closing_the_consumer_ends_every_assignment()
    {
        var (control, batches) = rig.Read(1, 0);
        batches.Request(1);
        rig.Turns.Run();
        var closing = rig.Consumer.DisposeAsync().AsTask();
        rig.Turns.Run();
        await closing;
        batches.ExpectNext();
        Assert.IsType<AssignmentEndedException>(batches.ExpectError());
        Assert.True(control.IsShutdown.IsCompletedSuccessfully);
        Assert.True(rig.Kafka.Consumer.IsDisposed);
        Assert.True(rig.Kafka.OffsetClient.IsDisposed);
        Assert.Empty(rig.Turns.Names);
        Assert.True(control.Shutdown().IsCompletedSuccessfully);
    }

    [Fact]
    public async Task A_defect_of_a_loop_ends_the_consumer_and_is_told()
    {
        var (control, batches) = rig.Read(1, 0);
        batches.Request(1);
        rig.Turns.Run();
        rig.Kafka.OffsetClient.WhileCommitting = () => throw new InvalidCastException("a defect");
        _ = rig.Consumer.CommitAsync(new TopicPartitionOffset(ConsumerRig.P(3), 1));
        rig.Turns.Run();
        batches.ExpectNext();
        Assert.IsType<AssignmentEndedException>(batches.ExpectError());
        Assert.True(control.IsShutdown.IsCompleted);
        await Assert.ThrowsAsync<InvalidCastException>(() => rig.Consumer.Completion);
    }

    [Fact]
    public void Settings_that_are_not_possible_are_refused_by_name_all_at_once()
    {
        var wrong = Assert.Throws<ArgumentException>(() => new ConsumerRig(streams, new ConsumerSettings { BufferBytes = 2_000, MaxBatchBytes = 3_000, GroupId = "group", PollTimeout = TimeSpan.Zero, BootstrapServers = "none:1" }));
        Assert.Contains("MaxBatchBytes", wrong.Message, StringComparison.Ordinal);
        Assert.Contains("PollTimeout", wrong.Message, StringComparison.Ordinal);
        Assert.Contains("BootstrapServers", Assert.Throws<ArgumentException>(() => new ConsumerRig(streams, new ConsumerSettings { GroupId = "group" })).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", 1, 0)]
    [InlineData("transactions", -1, 0)]
    [InlineData("transactions", 1, -2)]
    public void A_subscription_names_a_partition_and_an_offset(string topic, int partition, long offset) =>
        Assert.Throws<ArgumentException>(() => Subscriptions.AssignmentWithOffset(new TopicPartitionOffset(topic, partition, offset)));

    private ConsumerEvent Record(int partition, long offset) => new(ConsumerEventKind.Record, "transactions", partition, offset, rig.Log(partition).At(offset), null);

    private static IEnumerable<long> Offsets(PartitionBatch batch) => batch.Records.Select(r => r.Offset);
}
