using Akka.Streams.Dsl;
using Confluent.Kafka;
using Scoring.Kafka.Clients;
using Scoring.Kafka.Consumers;
using Scoring.Tests.Kafka.Fakes;

namespace Scoring.Tests.Kafka.Consumers;

// Beside the namespaces of these tests that are called so.
using Sink = Akka.Streams.Dsl.Sink;

/// <summary>What is committed, when, and who hears of it.</summary>
public sealed class CommitTests(StreamFixture streams) : IClassFixture<StreamFixture>, IDisposable
{
    private readonly ConsumerRig rig = new(streams);

    public void Dispose() => rig.Dispose();

    [Fact]
    public void A_batch_is_handed_on_once_the_group_has_acknowledged_its_offset()
    {
        rig.Log(1).Add(3);
        var (control, committed) = rig.Commit(1, 0);
        committed.Request(5);
        rig.Turns.Turn("kafka-poll");
        committed.ExpectNoMsg(TimeSpan.Zero);
        rig.Turns.Turn("kafka-commit");
        Assert.Equal(["1@3"], rig.Kafka.Commits);
        Assert.NotEmpty(committed.ExpectNext().Records);
        Assert.Equal(3, control.State.Committed);
    }

    [Fact]
    public void All_partitions_are_committed_together_with_one_call_under_way()
    {
        for (var i = 0; i < 5; i++)
        {
            rig.Log(i).Add(i + 1);
            rig.Commit(i, 0).Committed.Request(9);
        }

        // The fake refuses a second call within the first.
        rig.Kafka.OffsetClient.WhileCommitting = () => rig.Turns.Turn("kafka-poll");
        rig.Turns.Turn("kafka-poll");
        rig.Turns.Turn("kafka-commit");
        Assert.Equal(["0@1, 1@2, 2@3, 3@4, 4@5"], rig.Kafka.Commits.Select(c => string.Join(", ", c.Split(", ").Order())));
    }

    [Fact]
    public void What_is_done_while_a_commit_is_under_way_goes_into_the_next()
    {
        rig.Log(1).Add(1);
        var (_, committed) = rig.Commit(1, 0);
        committed.Request(9);
        rig.Turns.Turn("kafka-poll");
        rig.Kafka.OffsetClient.WhileCommitting = () =>
        {
            rig.Kafka.OffsetClient.WhileCommitting = static () => { };
            rig.Log(1).Add(2);
            rig.Turns.Turn("kafka-poll");
        };
        rig.Turns.Turn("kafka-commit");
        rig.Time.Advance(rig.Settings.CommitInterval);
        rig.Turns.Turn("kafka-commit");
        Assert.Equal(["1@1", "1@3"], rig.Kafka.Commits);
    }

    [Fact]
    public void Commits_begin_no_oftener_than_their_interval()
    {
        var (_, committed) = rig.Commit(1, 0);
        committed.Request(99);
        for (var i = 0; i < 10; i++)
        {
            rig.Log(1).Add(1);
            rig.Turns.Run(2);
            rig.Time.Advance(rig.Settings.CommitInterval / 5);
        }

        rig.Time.Advance(rig.Settings.CommitInterval);
        rig.Turns.Run();
        Assert.Equal(["1@1", "1@5", "1@10"], rig.Kafka.Commits);
    }

    [Fact]
    public void A_commit_that_fails_is_repeated_and_nobody_hears_of_it_before()
    {
        rig.Log(1).Add(1);
        var (control, committed) = rig.Commit(1, 0);
        committed.Request(5);
        rig.Kafka.OffsetClient.CommitFails.Enqueue(FakeKafka.Failure(FailureClass.Retriable, ErrorCode.Local_WaitCoord));
        rig.Turns.Run();
        Assert.Null(control.State.Committed);
        Assert.Contains("Local_WaitCoord", rig.Consumer.State.CommitTrouble, StringComparison.Ordinal);
        committed.ExpectNoMsg(TimeSpan.Zero);
        rig.Time.Advance(rig.Settings.CommitInterval);
        rig.Turns.Run();
        committed.ExpectNext();
        Assert.Null(rig.Consumer.State.CommitTrouble);
    }

    [Fact]
    public void A_partition_whose_commit_is_refused_holds_up_no_other()
    {
        rig.Log(1).Add(1);
        rig.Log(2).Add(1);
        rig.Kafka.OffsetClient.Refused[ConsumerRig.P(1)] = FakeKafka.Failure(FailureClass.Retriable, ErrorCode.UnknownTopicOrPart);
        var (first, _) = rig.Commit(1, 0);
        var (second, committed) = rig.Commit(2, 0);
        committed.Request(5);
        rig.Turns.Run();
        Assert.Null(first.State.Committed);
        Assert.Equal(1, second.State.Committed);
        rig.Kafka.OffsetClient.Refused.Clear();
        rig.Time.Advance(rig.Settings.CommitInterval);
        rig.Turns.Run();
        Assert.Equal(1, first.State.Committed);
    }

    [Fact]
    public void A_commit_that_is_answered_after_its_assignment_has_ended_is_for_nobody()
    {
        rig.Log(1).Add(5);
        var (first, committed) = rig.Commit(1, 0);
        committed.Request(9);
        rig.Turns.Turn("kafka-poll");
        IPartitionControl? second = null;
        rig.Kafka.OffsetClient.WhileCommitting = () =>
        {
            rig.Kafka.OffsetClient.WhileCommitting = static () => { };
            first.Shutdown();
            second = rig.Commit(1, 2).Control;
            rig.Turns.Turn("kafka-poll");
        };
        rig.Turns.Turn("kafka-commit");
        Assert.Equal(["1@5"], rig.Kafka.Commits);
        Assert.Null(first.State.Committed);
        Assert.Null(second!.State.Committed);
    }

    [Fact]
    public void Nothing_of_an_assignment_that_has_ended_is_committed()
    {
        rig.Log(1).Add(5);
        var (first, committed) = rig.Commit(1, 0);
        committed.Request(9);
        rig.Turns.Turn("kafka-poll");
        rig.Read(1, 0);
        rig.Turns.Turn("kafka-poll");
        rig.Turns.Turn("kafka-commit");
        Assert.Empty(rig.Kafka.Commits);
        Assert.IsType<AssignmentEndedException>(committed.ExpectError());
        Assert.True(first.IsShutdown.IsCompleted);
    }

    [Fact]
    public void What_was_committed_before_is_not_set_back_by_a_replay()
    {
        rig.Log(1).Add(10);
        rig.Kafka.Offsets[ConsumerRig.P(1)] = 7;
        var (_, committed) = rig.Commit(1, 2, committed: 7);
        committed.Request(50);
        rig.Turns.Turn("kafka-poll");
        rig.Turns.Run(1);
        Assert.Equal(["1@10"], rig.Kafka.Commits);
        committed.ExpectNext();
        Assert.Equal(10, rig.Kafka.Offsets[ConsumerRig.P(1)]);
    }

    [Fact]
    public void Batches_that_are_replayed_wait_for_no_commit()
    {
        rig.Log(1).Add(5);
        var (_, committed) = rig.Commit(1, 2, committed: 7);
        committed.Request(50);
        rig.Turns.Turn("kafka-poll");
        Assert.Equal(2, committed.ExpectNext().From);
        Assert.Empty(rig.Kafka.Commits);
    }

    [Fact]
    public void An_idle_partitions_offset_is_committed_again_before_it_expires()
    {
        rig.Commit(1, 4, committed: 4, isRefreshed: true);
        rig.Commit(2, 4, committed: 4);
        rig.Commit(3, 4, committed: null, isRefreshed: true);
        rig.Log(1).Add(4);
        rig.Log(2).Add(4);
        rig.Log(3).Add(4);
        rig.Turns.Run();
        Assert.Empty(rig.Kafka.Commits);
        rig.Time.Advance(rig.Settings.CommitRefreshInterval - TimeSpan.FromSeconds(1));
        Assert.Equal(TimeSpan.FromSeconds(1), rig.Turns.Turn("kafka-commit"));
        Assert.Empty(rig.Kafka.Commits);
        rig.Time.Advance(TimeSpan.FromSeconds(1));
        rig.Turns.Turn("kafka-commit");
        Assert.Equal(["1@4"], rig.Kafka.Commits);
        rig.Time.Advance(rig.Settings.CommitRefreshInterval);
        rig.Turns.Turn("kafka-commit");
        Assert.Equal(["1@4", "1@4"], rig.Kafka.Commits);
    }

    [Fact]
    public void An_offset_is_committed_without_reading_the_partition()
    {
        var commit = rig.Consumer.CommitAsync(new TopicPartitionOffset(ConsumerRig.P(5), 12));
        rig.Kafka.OffsetClient.CommitFails.Enqueue(FakeKafka.Failure(FailureClass.Retriable));
        rig.Turns.Run();
        Assert.False(commit.IsCompleted);
        rig.Time.Advance(rig.Settings.CommitInterval);
        rig.Turns.Run();
        Assert.True(commit.IsCompletedSuccessfully);
        Assert.Equal(12, rig.Kafka.Offsets[ConsumerRig.P(5)]);
    }

    [Fact]
    public void A_stream_of_two_assignments_is_a_defect()
    {
        rig.Log(1).Add(1);
        rig.Log(2).Add(1);
        var done = rig.Source(1, 0).Merge(rig.Source(2, 0)).Via(Committer.Flow<PartitionBatch>(rig.Consumer, b => b)).RunWith(Sink.Ignore<PartitionBatch>(), streams.Materializer);
        rig.Turns.Run();
        Assert.Contains("a stream of its own", done.Exception?.GetBaseException().Message, StringComparison.Ordinal);
    }
}
