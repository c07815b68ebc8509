using Confluent.Kafka;
using Scoring.Kafka.Clients;
using Scoring.Kafka.Producers;
using Scoring.Tests.Kafka.Fakes;

namespace Scoring.Tests.Kafka.Producers;

/// <summary>The calls of one transactional producer, and the four classes of what goes wrong with them.</summary>
public sealed class TransactionalProducerTests(StreamFixture streams) : IClassFixture<StreamFixture>, IDisposable
{
    private const string Loop = "kafka-group-transactions-1";

    private readonly ProducerRig rig = new(streams);
    private readonly List<string> outcomes = [];

    public void Dispose() => rig.Dispose();

    private FakeTransactionalClient Client => rig.Base.Kafka.Transactional[^1];

    [Fact]
    public void It_fences_the_owner_before_and_has_a_transaction_open()
    {
        var first = Started();
        var second = Started();
        Assert.Equal((TransactionState.Open, TransactionState.Open), (first.State, second.State));
        first.Commit(new TopicPartitionOffset(ConsumerRig.P(1), 3), Told);
        rig.Base.Turns.Run();
        Assert.Equal(["Fenced"], outcomes);
        Assert.Equal(TransactionState.Fenced, first.State);
        Assert.Empty(rig.Base.Kafka.Offsets);
    }

    [Fact]
    public void A_commit_sends_the_offset_commits_and_opens_the_next()
    {
        var producer = Started();
        producer.Commit(new TopicPartitionOffset(ConsumerRig.P(1), 3), Told);
        rig.Base.Turns.Run();
        producer.Commit(null, Told);
        rig.Base.Turns.Run();
        Assert.Equal(["init", "begin", "offsets 1@3", "commit", "begin", "commit", "begin"], Client.Calls);
        Assert.Equal(["done", "done"], outcomes);
        Assert.Equal(3, rig.Base.Kafka.Offsets[ConsumerRig.P(1)]);
    }

    [Fact]
    public void A_call_that_may_be_made_again_is_after_a_pause_and_with_the_same_offsets()
    {
        var producer = Started();
        Client.FailNext("offsets", Retriable, Retriable).FailNext("commit", Retriable);
        producer.Commit(new TopicPartitionOffset(ConsumerRig.P(1), 3), Told);
        for (var i = 0; i < 6; i++)
            rig.Base.Turns.Turn(Loop);
        Assert.Equal(["offsets 1@3", "offsets 1@3", "offsets 1@3", "commit", "commit", "begin"], Client.Calls.Skip(2));
        Assert.Equal(["done"], outcomes);
    }

    [Fact]
    public void Each_try_that_fails_is_followed_by_the_pause()
    {
        var producer = Started();
        Client.FailNext("commit", Retriable);
        producer.Commit(null, Told);
        Assert.Equal(rig.Transactions.RetryPause, rig.Base.Turns.Turn(Loop));
        Assert.Equal(TransactionState.Committing, producer.State);
        Assert.Equal(TimeSpan.Zero, rig.Base.Turns.Turn(Loop));
    }

    [Fact]
    public async Task A_call_without_an_answer_is_given_up_at_its_deadline_and_nothing_is_taken_back()
    {
        var producer = Started();
        Client.FailNext("commit", [.. Enumerable.Repeat(Retriable, 99)]);
        producer.Commit(null, Told);
        for (var passed = TimeSpan.Zero; passed <= rig.Transactions.CallDeadline; passed += TimeSpan.FromSeconds(5))
        {
            rig.Base.Turns.Turn(Loop);
            rig.Base.Time.Advance(TimeSpan.FromSeconds(5));
        }

        Assert.Equal(["Fatal"], outcomes);
        Assert.Equal(TransactionState.Failed, producer.State);
        await EndAsync(producer);
        Assert.DoesNotContain("abort", Client.Calls);
    }

    [Theory]
    [InlineData("offsets")]
    [InlineData("commit")]
    public async Task A_lost_transaction_is_told_and_taken_back_when_the_producer_is_disposed_of(string call)
    {
        var producer = Started();
        Client.FailNext(call, FakeKafka.Failure(FailureClass.Abortable, ErrorCode.InvalidTxnState));
        producer.Commit(new TopicPartitionOffset(ConsumerRig.P(1), 3), Told);
        rig.Base.Turns.Run();
        Assert.Equal(["Abortable"], outcomes);
        Assert.Equal(TransactionState.MustAbort, producer.State);
        await EndAsync(producer);
        Assert.Equal("abort", Client.Calls[^1]);
        Assert.True(Client.IsDisposed);
        Assert.Empty(rig.Base.Kafka.Offsets);
    }

    [Theory]
    [InlineData(FailureClass.Fenced, TransactionState.Fenced)]
    [InlineData(FailureClass.Fatal, TransactionState.Failed)]
    public async Task What_is_fenced_or_fatal_is_called_no_more(FailureClass its, TransactionState state)
    {
        var producer = Started();
        Client.FailNext("commit", FakeKafka.Failure(its));
        producer.Commit(null, Told);
        rig.Base.Turns.Run();
        var calls = Client.Calls.Count;
        producer.Commit(null, Told);
        rig.Base.Turns.Run();
        Assert.Equal(state, producer.State);
        Assert.Equal([its.ToString(), its.ToString()], outcomes);
        await EndAsync(producer);
        Assert.Equal(calls, Client.Calls.Count);
        Assert.True(Client.IsDisposed);
    }

    [Fact]
    public void Brokers_that_are_away_at_the_start_are_waited_for()
    {
        rig.Base.Kafka.IsAway = true;
        var producer = rig.Transactional();
        var init = producer.InitAsync();
        for (var i = 0; i < 20; i++)
        {
            rig.Base.Turns.Run();
            rig.Base.Time.Advance(TimeSpan.FromSeconds(2));
        }

        Assert.False(init.IsCompleted);
        rig.Base.Kafka.IsAway = false;
        rig.Base.Turns.Run();
        Assert.True(init.IsCompletedSuccessfully);
    }

    [Fact]
    public async Task What_is_open_is_taken_back_at_the_end_within_its_bound()
    {
        var producer = Started();
        Client.FailNext("abort", [.. Enumerable.Repeat(Retriable, 99)]);
        var end = producer.DisposeAsync().AsTask();
        for (var i = 0; i < 5 && !end.IsCompleted; i++)
        {
            rig.Base.Turns.Turn(Loop);
            rig.Base.Time.Advance(rig.Transactions.AbortTimeout / 2);
        }

        await end;
        Assert.Equal(2, Client.Calls.Count(c => c == "abort"));
        Assert.True(Client.IsDisposed);
    }

    [Fact]
    public async Task What_is_asked_of_a_producer_that_is_disposed_of_is_refused()
    {
        var producer = Started();
        await EndAsync(producer);
        producer.Commit(null, Told);
        Assert.Equal(["Fatal"], outcomes);
    }

    [Fact]
    public void A_second_call_at_the_same_time_is_a_defect()
    {
        var producer = Started();
        producer.Commit(null, Told);
        Assert.Throws<InvalidOperationException>(() => producer.Commit(null, Told));
    }

    [Fact]
    public void An_offset_is_committed_by_itself()
    {
        var producer = Started();
        var commit = producer.CommitAsync(new TopicPartitionOffset(ConsumerRig.P(1), 12));
        rig.Base.Turns.Run();
        Assert.True(commit.IsCompletedSuccessfully);
        Assert.Equal(12, rig.Base.Kafka.Offsets[ConsumerRig.P(1)]);
    }

    private static KafkaFailure? Retriable => FakeKafka.Failure(FailureClass.Retriable, ErrorCode.ConcurrentTransactions);

    private void Told(TransactionFailedException? failure) => outcomes.Add(failure?.Failure.Class.ToString() ?? "done");

    private TransactionalProducer Started()
    {
        var producer = rig.Transactional();
        var init = producer.InitAsync();
        rig.Base.Turns.Run();
        Assert.True(init.IsCompletedSuccessfully);
        return producer;
    }

    private async Task EndAsync(TransactionalProducer producer)
    {
        var end = producer.DisposeAsync().AsTask();
        rig.Base.Turns.Run();
        await end;
    }
}
