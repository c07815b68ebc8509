using System.Diagnostics.Metrics;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Scoring.Actors.Log;
using Scoring.Actors.Sink;
using Scoring.Tests.Source;

namespace Scoring.Tests.Sink;

public sealed class TransactionalLogTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private readonly ServiceProvider services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly FakeBrokers brokers = new();
    private readonly TransactionalLog log;
    private readonly TurnedTime time = new();
    private readonly int[] owned = [1, 2];

    public TransactionalLogTests() => log = new TransactionalLog(
        brokers.Connect,
        time,
        services.GetRequiredService<IMeterFactory>(),
        NullLogger<TransactionalLog>.Instance);

    public void Dispose()
    {
        log.Dispose();
        services.Dispose();
    }

    [Fact]
    public void No_batch_begins_before_a_transaction_is_open()
    {
        var session = log.Open(1);
        Assert.False(session.TryBeginBatch());
        Commit();
        Assert.True(session.TryBeginBatch());
    }

    [Fact]
    public void Outputs_and_offsets_are_committed_together_and_then_acknowledged()
    {
        var session = Open(1);
        var watch = Batch(session, 5, "a", "b");
        Assert.Equal(0, watch.Appends);
        Assert.Equal([(1, 5L)], Commit());
        Assert.Equal(["a", "b"], brokers.Visible);
        Assert.Equal(5, brokers.Offsets[1]);
        Assert.Equal(2, watch.Appends);
    }

    [Fact]
    public void A_commit_waits_for_the_batches_that_are_being_appended_and_lets_no_other_begin()
    {
        var (first, second) = (Open(1), log.Open(2));
        Batch(first, 1, "a");
        Assert.True(second.TryBeginBatch());
        Append(second, "b", new Watch());
        Assert.False(log.TryCommit(owned, Patience, out _));
        Assert.False(first.TryBeginBatch());
        Assert.Empty(brokers.Visible);

        second.EndBatch(7);
        Assert.Equal([(1, 1L), (2, 7L)], Commit().Order());
        Assert.Equal(["a", "b"], brokers.Visible);
        Assert.True(first.TryBeginBatch());
    }

    [Fact]
    public void A_batch_without_outputs_commits_its_offset()
    {
        Batch(Open(1), 3);
        Assert.Equal([(1, 3L)], Commit());
        Assert.Empty(Commit());
    }

    [Theory]
    [InlineData("commit")]
    [InlineData("offsets")]
    public void An_aborted_transaction_is_sent_again_in_order_without_the_shards_knowing(string call)
    {
        var watch = Batch(Open(1), 2, "a", "b");
        FailOnce(call, TransactionFailure.Abortable);
        Assert.False(log.TryCommit(owned, Patience, out _));
        Assert.Equal(0, watch.Appends);
        Assert.Equal([(1, 2L)], Commit());
        Assert.Equal(["a", "b"], brokers.Visible);
        Assert.Equal(2, watch.Appends);
        Assert.Equal(1, brokers.Aborts);
    }

    [Fact]
    public void A_full_queue_is_waited_for_when_a_transaction_is_sent_again()
    {
        Batch(Open(1), 2, "a", "b");
        FailOnce("commit", TransactionFailure.Abortable);
        Assert.False(log.TryCommit(owned, Patience, out _));
        brokers.FullFor = 2;
        Commit();
        Assert.Equal(["a", "b"], brokers.Visible);
    }

    [Theory]
    [InlineData("offsets")]
    [InlineData("commit")]
    [InlineData("begin")]
    public void A_call_that_may_succeed_later_is_made_again_in_the_next_turn(string call)
    {
        var session = Open(1);
        Batch(session, 2, "a");
        var failed = 0;
        brokers.Calling = c => FailRetriably(c == call && failed++ < 3);
        for (var turns = 1; !log.TryCommit(owned, Patience, out _); turns++)
        {
            Assert.True(turns <= 3);
            // Nobody appends to a transaction that may be committed by now.
            Assert.False(session.TryBeginBatch());
        }

        Assert.Equal(["a"], brokers.Visible);
        Assert.Equal(2, brokers.Offsets[1]);
        Assert.Equal(0, brokers.Aborts);
        Assert.True(session.TryBeginBatch());
    }

    // The caller holds a lock that a rebalance waits for.
    [Theory]
    [InlineData("start")]
    [InlineData("offsets")]
    [InlineData("commit")]
    [InlineData("abort")]
    [InlineData("flush")]
    public void A_turn_takes_no_longer_than_its_callers_patience_whatever_the_brokers_answer(string silent)
    {
        var hasStarted = silent != "start";
        brokers.Unanswered = hasStarted ? null : silent;
        brokers.Time = time;
        if (hasStarted)
        {
            Batch(Open(1), 2, "a");
            var closed = log.Open(2);
            Batch(closed, 3, "b");
            if (silent is "abort" or "flush")
                closed.Close();
        }

        brokers.Unanswered = silent;
        brokers.FullFor = silent == "flush" ? int.MaxValue : 0;
        for (var turn = 0; turn < 5; turn++)
        {
            var before = time.GetTimestamp();
            Assert.False(log.TryCommit(owned, Patience, out _));
            Assert.InRange(time.GetElapsedTime(before), TimeSpan.FromMilliseconds(1), Patience);
        }

        brokers.Unanswered = null;
        brokers.FullFor = 0;
        Drain();
        Assert.False(log.IsLost);
        Assert.Equal(hasStarted ? ["a"] : [], brokers.Visible.Take(1));
        Assert.True(log.Open(1).TryBeginBatch());
    }

    [Fact]
    public void A_call_that_is_refused_for_longer_than_a_transaction_lives_loses_the_transactions()
    {
        Batch(Open(1), 2, "a");
        brokers.Calling = c => FailRetriably(c == "commit");
        log.TryCommit(owned, Patience, out _);
        time.Advance(TimeSpan.FromSeconds(59));
        log.TryCommit(owned, Patience, out _);
        Assert.False(log.IsLost);
        time.Advance(TimeSpan.FromSeconds(2));
        log.TryCommit(owned, Patience, out _);
        Assert.True(log.IsLost);
    }

    [Fact]
    public void A_client_is_started_for_as_long_as_the_brokers_are_away()
    {
        brokers.Calling = c => FailRetriably(c == "start");
        for (var i = 0; i < 5; i++)
        {
            Assert.False(log.TryCommit(owned, Patience, out _));
            time.Advance(TimeSpan.FromMinutes(10));
        }

        Assert.False(log.IsLost);
        brokers.Calling = static _ => { };
        Commit();
        Assert.Single(brokers.Clients);
    }

    // Its outcome is not known, so it can't be aborted any more.
    [Fact]
    public void A_commit_that_was_not_answered_is_asked_for_again_though_a_shard_of_it_has_closed()
    {
        var session = Open(1);
        Batch(session, 4, "a");
        FailOnce("commit", TransactionFailure.Retriable);
        Assert.False(log.TryCommit(owned, Patience, out _));
        session.Close();
        Assert.True(log.TryCommit([2], Patience, out var committed));
        Assert.Equal([(1, 4L)], committed);
        Assert.Equal(["a"], brokers.Visible);
        Assert.Equal(0, brokers.Aborts);
    }

    // They may still reach the group, in the next transaction.
    [Fact]
    public void Offsets_that_were_sent_without_an_answer_for_a_shard_that_is_gone_lose_the_transactions()
    {
        var session = Open(1);
        Batch(session, 4, "a");
        FailOnce("offsets", TransactionFailure.Retriable);
        Assert.False(log.TryCommit(owned, Patience, out _));
        session.Close();
        Drain();
        Assert.True(log.IsLost);
        Assert.Empty(brokers.Visible);
    }

    [Fact]
    public void What_a_closed_session_appended_never_becomes_visible()
    {
        var (first, second) = (Open(1), log.Open(2));
        Batch(first, 4, "a");
        Batch(second, 9, "b");
        first.Close();
        Assert.Equal([(2, 9L)], Commit());
        Assert.Equal(["b"], brokers.Visible);
        Assert.False(brokers.Offsets.ContainsKey(1));
    }

    [Fact]
    public void Half_a_batch_of_a_closed_session_holds_up_no_commit()
    {
        var (first, second) = (Open(1), log.Open(2));
        Assert.True(first.TryBeginBatch());
        Append(first, "half", new Watch());
        Batch(second, 9, "b");
        first.Close();
        Append(first, "more", new Watch());
        first.EndBatch(4);
        Assert.Equal([(2, 9L)], Commit());
        Assert.Equal(["b"], brokers.Visible);
    }

    [Fact]
    public void What_belongs_to_a_partition_that_has_left_is_taken_back()
    {
        var (first, second) = (Open(1), Open(2));
        Batch(first, 4, "a");
        Batch(second, 9, "b");
        Assert.True(log.TryCommit([2], Patience, out var committed));
        Assert.Equal([(2, 9L)], committed);
        Assert.Equal(["b"], brokers.Visible);
    }

    // The shard was fenced on its own thread while another was committing.
    [Theory]
    [InlineData("abort")]
    [InlineData("begin")]
    [InlineData("offsets")]
    [InlineData("commit")]
    public void A_session_that_closes_during_a_commit_has_outputs_and_offset_visible_or_neither(string call)
    {
        var (first, second) = (Open(1), Open(2));
        Batch(first, 4, "a");
        Batch(second, 9, "b");
        // Something to abort, so that each of the calls takes place.
        var third = log.Open(2);
        Batch(third, 11, "c");
        third.Close();
        OnceBefore(call, first.Close);
        Drain();
        Assert.Contains("b", brokers.Visible);
        Assert.DoesNotContain("c", brokers.Visible);
        Assert.Equal(brokers.Visible.Contains("a"), brokers.Offsets.ContainsKey(1));
    }

    [Fact]
    public void A_transaction_that_was_committed_is_not_aborted_for_a_session_that_closed_meanwhile()
    {
        var session = Open(1);
        Batch(session, 4, "a");
        OnceBefore("commit", session.Close);
        Drain();
        Assert.Equal(0, brokers.Aborts);
    }

    [Fact]
    public void A_record_that_is_too_large_is_taken_back_and_its_observer_may_append_a_smaller_one()
    {
        brokers.MaxValueBytes = 10;
        var session = Open(1);
        Assert.True(session.TryBeginBatch());
        var watch = new Watch();
        Append(session, "a", watch);
        var letter = new OutputRecord("dlq", null, Encoding.UTF8.GetBytes("much too large"), null);
        Assert.True(session.TryAppend(letter, new DeadLetterAppend(session, letter, watch)));
        session.EndBatch(2);
        Assert.Equal([(1, 2L)], Commit());
        Assert.Equal(["a", "null"], brokers.Visible);
        Assert.Equal(2, watch.Appends);
        Assert.Equal(0, watch.Failures);
    }

    [Fact]
    public void No_offset_is_committed_without_a_record_that_the_client_did_not_take()
    {
        var session = Open(1);
        brokers.RefusesFor = 1;
        var watch = Batch(session, 2, "a", "b");
        Assert.Equal([(1, 2L)], Commit());
        Assert.Equal(["a", "b"], brokers.Visible);
        Assert.Equal(2, watch.Appends);
    }

    [Fact]
    public void A_record_that_is_too_large_in_its_smaller_form_too_is_not_acknowledged()
    {
        brokers.MaxValueBytes = 1;
        var session = Open(1);
        var watch = Batch(session, 2, "a");
        brokers.MaxValueBytes = int.MaxValue;
        Drain();
        Assert.Equal(0, watch.Appends);
        Assert.Equal(1, watch.Failures);
    }

    [Theory]
    [InlineData("commit")]
    [InlineData("offsets")]
    [InlineData("begin")]
    public void A_client_that_can_not_go_on_loses_the_transactions_until_a_restart(string call)
    {
        var session = Open(1);
        var watch = Batch(session, 2, "a");
        FailOnce(call, TransactionFailure.Fatal);
        Drain();
        Assert.True(log.IsLost);
        Assert.False(session.TryBeginBatch());

        session.Close();
        log.Restart();
        Assert.False(log.IsLost);
        Assert.True(brokers.Clients[0].IsDisposed);
        var again = Open(1);
        Batch(again, 2, "again");
        Assert.Equal([(1, 2L)], Commit());
        Assert.Equal("again", brokers.Visible[^1]);
        Assert.Equal(call == "begin" ? 1 : 0, watch.Appends);
    }

    // A restart can't be told from a member that has left, so it must not wait for a batch that was half appended.
    [Fact]
    public void A_shard_that_was_appending_when_the_transactions_were_lost_holds_up_nothing_afterwards()
    {
        var session = Open(1);
        Assert.True(session.TryBeginBatch());
        Append(session, "half", new Watch());
        session.Close();
        FailOnce("abort", TransactionFailure.Fatal);
        Drain();
        Assert.True(log.IsLost);
        log.Restart();
        Append(session, "more", new Watch());
        session.EndBatch(1);
        Batch(Open(1), 1, "again");
        Assert.Equal([(1, 1L)], Commit());
        Assert.Equal(["again"], brokers.Visible);
    }

    [Fact]
    public void Transactions_that_are_aborted_again_and_again_are_given_up()
    {
        Batch(Open(1), 2, "a");
        brokers.Calling = c =>
        {
            if (c == "commit")
                throw new TransactionException(TransactionFailure.Abortable, "made to fail", null);
        };
        for (var i = 0; i < 1_000 && !log.IsLost; i++)
            log.TryCommit(owned, Patience, out _);
        Assert.True(log.IsLost);
    }

    private IOutputSession Open(int partition)
    {
        Commit();
        return log.Open(partition);
    }

    private IReadOnlyList<(int Partition, long Offset)> Commit()
    {
        Assert.True(log.TryCommit(owned, Patience, out var committed));
        return committed;
    }

    private void Drain()
    {
        for (var i = 0; i < 5; i++)
            log.TryCommit(owned, Patience, out _);
    }

    private static Watch Batch(IOutputSession session, long nextOffset, params string[] values)
    {
        Assert.True(session.TryBeginBatch());
        var watch = new Watch();
        foreach (var value in values)
            Append(session, value, watch);
        session.EndBatch(nextOffset);
        return watch;
    }

    private static void Append(IOutputSession session, string value, Watch watch) =>
        Assert.True(session.TryAppend(new OutputRecord("scores", null, Encoding.UTF8.GetBytes(value), null), watch));

    private void FailOnce(string call, TransactionFailure failure) =>
        OnceBefore(call, () => throw new TransactionException(failure, "made to fail", null));

    private static void FailRetriably(bool fails)
    {
        if (fails)
            throw new TransactionException(TransactionFailure.Retriable, "made to fail", null);
    }

    private void OnceBefore(string call, Action act) => brokers.Calling = c =>
    {
        if (c != call)
            return;
        brokers.Calling = static _ => { };
        act();
    };

    private sealed class Watch : AppendObserver
    {
        public int Appends { get; private set; }

        public int Failures { get; private set; }

        public override void Appended() => Appends++;

        public override void Failed(AppendFailure failure, string detail) => Failures++;
    }
}
