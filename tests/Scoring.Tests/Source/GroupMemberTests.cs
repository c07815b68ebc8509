using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Scoring.Actors.Log;
using Scoring.Actors.Source;

namespace Scoring.Tests.Source;

public sealed class GroupMemberTests : IDisposable
{
    private const int MailboxRecords = 4;

    private readonly ServiceProvider services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly FakeGroup group = new();
    private readonly FakeShards shards = new();
    private readonly TurnedTime time = new();
    private readonly SourceOptions options = new() { BootstrapServers = "none" };
    private readonly GroupMember member;
    private Action waiting = static () => { };

    public GroupMemberTests()
    {
        member = Member(null);
        member.Join();
    }

    public void Dispose() => services.Dispose();

    [Fact]
    public void A_shard_begins_with_what_the_group_has_committed_once_it_has_its_epoch()
    {
        group.Offsets[1] = 5;
        group.Assign(1);
        shards[1].AwaitsBegin = false;
        member.Turn(TimeSpan.Zero);
        Assert.Null(shards[1].Begun);

        // The owner before committed once more until it was fenced.
        group.Offsets[1] = 7;
        shards[1].AwaitsBegin = true;
        member.Turn(TimeSpan.Zero);
        Assert.Equal((7, 5), shards[1].Begun);
    }

    [Fact]
    public void Only_what_has_moved_is_committed_and_the_shard_hears_of_it()
    {
        Begin(1, 2);
        shards[1].CommittableOffset = 3;
        member.Commit();
        member.Commit();
        Assert.Equal([(1, 3L)], group.Commits);
        Assert.Equal([3L], shards[1].Acknowledged);
        Assert.Empty(shards[2].Acknowledged);
    }

    [Fact]
    public void A_refused_commit_is_repeated_and_no_shard_hears_of_it_before()
    {
        Begin(1);
        shards[1].CommittableOffset = 3;
        group.RefusesFor = 1;
        member.Commit();
        Assert.Empty(shards[1].Acknowledged);
        member.Commit();
        Assert.Equal([3L], shards[1].Acknowledged);
    }

    [Fact]
    public void A_member_that_is_halted_reads_no_partition_more_and_commits_what_was_finished()
    {
        Begin(1, 2);
        member.Halt("partition_count");
        member.Turn(TimeSpan.Zero);
        Assert.Equal([1, 2], group.Paused.Order());
        Assert.All(member.Partitions(), p => Assert.Equal("partition_count", p.Down));
        Assert.Null(member.Failure);

        // What comes to it later is not read either, and nothing is taken up again.
        group.Assign(3);
        member.Turn(TimeSpan.Zero);
        member.Turn(TimeSpan.Zero);
        Assert.Equal([1, 2, 3], group.Paused.Order());
        shards[1].CommittableOffset = 3;
        member.Commit();
        Assert.Equal([(1, 3L)], group.Commits);
    }

    [Fact]
    public void A_revoked_partition_is_stopped_committed_and_gone()
    {
        Begin(1, 2);
        shards[1].CommittableOffset = 3;
        var gone = shards[1];
        group.Revoke(1);
        Assert.True(gone.IsStopped);
        Assert.False(gone.IsAbandoned);
        Assert.Equal([(1, 3L)], group.Commits);
        Assert.Equal([2], member.Partitions().Select(p => p.Partition));

        gone.CommittableOffset = 4;
        member.Commit();
        Assert.Equal([(1, 3L)], group.Commits);
    }

    [Fact]
    public void A_shard_that_does_not_finish_in_time_is_given_up_and_what_it_finished_is_committed()
    {
        Begin(1);
        shards[1].Drains = false;
        shards[1].CommittableOffset = 2;
        group.Revoke(1);
        Assert.True(shards[1].IsAbandoned);
        Assert.Equal([(1, 2L)], group.Commits);
    }

    // A slow shard must not cost the others their last checkpoint.
    [Fact]
    public void Of_revoked_shards_those_that_finish_at_once_are_committed_and_ended_and_a_slow_one_alone_is_given_up()
    {
        Begin(1, 2);
        (shards[1].CommittableOffset, shards[2].CommittableOffset) = (3, 5);
        shards[1].Drains = false;
        var hadEnded = false;
        waiting = () => hadEnded |= shards[2].Completion.IsCompleted && !shards[2].IsAbandoned && group.Commits.Contains((2, 5L));
        group.Revoke(1, 2);
        Assert.True(hadEnded);
        Assert.True(shards[1].IsAbandoned);
        Assert.False(shards[2].IsAbandoned);
        Assert.Equal([(2, 5L), (1, 3L)], group.Commits);
    }

    [Fact]
    public void A_shard_that_drains_later_is_finished_without_waiting_for_one_that_never_does()
    {
        Begin(1, 2);
        shards[1].Drains = shards[2].Drains = false;
        waiting = () =>
        {
            shards[1].Drains = true;
            shards[1].CommittableOffset = 3;
            shards[1].RequestStop();
        };
        group.Revoke(1, 2);
        Assert.False(shards[1].IsAbandoned);
        Assert.True(shards[2].IsAbandoned);
        Assert.Equal([(1, 3L)], group.Commits);
    }

    [Fact]
    public void A_lost_partition_is_given_up_and_not_committed()
    {
        Begin(1);
        shards[1].CommittableOffset = 2;
        group.Lose(1);
        member.Commit();
        Assert.True(shards[1].IsAbandoned);
        Assert.Empty(group.Commits);
        Assert.Empty(member.Partitions());
    }

    [Fact]
    public void Records_of_a_partition_that_has_left_are_dropped()
    {
        Begin(1);
        var gone = shards[1];
        group.Revoke(1);
        Hand(1, 0);
        Assert.Empty(gone.Taken);
    }

    [Fact]
    public void A_full_mailbox_pauses_its_partition_until_half_of_it_is_free()
    {
        Begin(1);
        shards[1].Waiting = MailboxRecords;
        Hand(1, 0);
        Assert.Equal([1], group.Paused);

        shards[1].Waiting = (MailboxRecords / 2) + 1;
        member.Turn(TimeSpan.Zero);
        Assert.Equal([1], group.Paused);
        shards[1].Waiting = MailboxRecords / 2;
        member.Turn(TimeSpan.Zero);
        Assert.Empty(group.Paused);
    }

    [Fact]
    public void A_shard_that_was_fenced_begins_again_if_the_group_still_takes_its_commits()
    {
        Begin(1);
        FenceUntilReopen(1);
        member.Turn(TimeSpan.Zero);
        Assert.Equal(2, shards.Opened.Count);

        // What was fetched for the shard that is gone must not make the new one skip what it lacks.
        shards[1].AwaitsBegin = false;
        Hand(1, 9);
        Assert.Empty(shards[1].Taken);
        shards[1].AwaitsBegin = true;
        Hand(1, 0);
        Assert.Equal([(1, 0L)], group.Seeks);
        Assert.Equal([0L], shards[1].Taken);
    }

    [Fact]
    public void A_shard_that_was_fenced_stays_down_while_the_group_refuses_its_commits()
    {
        Begin(1);
        FenceUntilReopen(1);
        group.RefusesFor = 1;
        member.Turn(TimeSpan.Zero);
        Assert.Single(shards.Opened);
    }

    // A new shard would take a new epoch, and with it fence the partition's next owner.
    [Fact]
    public void A_partition_that_is_being_revoked_gets_no_new_shard()
    {
        Begin(1);
        FenceUntilReopen(1);
        group.Revoke(1);
        Assert.Single(shards.Opened);
        Assert.Empty(member.Partitions());
    }

    // What the group had when the shard began may be more than when the partition came.
    [Fact]
    public void A_reopened_shard_does_not_set_the_group_back()
    {
        group.Offsets[1] = 5;
        group.Assign(1);
        group.Offsets[1] = 7;
        member.Turn(TimeSpan.Zero);
        FenceUntilReopen(1);
        member.Turn(TimeSpan.Zero);
        Assert.Equal(2, shards.Opened.Count);
        Assert.Equal(7, group.Offsets[1]);
    }

    // The next owner may have come further by now, and this node's answers may have come too late for it to know.
    [Fact]
    public void A_reopened_shard_does_not_set_the_group_back_behind_what_another_has_committed()
    {
        group.Offsets[1] = 5;
        group.Assign(1);
        member.Turn(TimeSpan.Zero);
        FenceUntilReopen(1);
        group.Offsets[1] = 9;
        member.Turn(TimeSpan.Zero);
        Assert.Equal([(1, 9L)], group.Commits);
        member.Turn(TimeSpan.Zero);
        Assert.Equal((9, 5), shards[1].Begun);
    }

    [Fact]
    public void A_shard_that_can_not_go_on_stops_the_member()
    {
        Begin(1);
        shards[1].Fault(new InvalidDataException("made to fail"));
        member.Turn(TimeSpan.Zero);
        Assert.Equal("made to fail", member.Failure?.Message);
    }

    [Fact]
    public void Lost_transactions_drop_every_shard_and_begin_it_again_from_the_commit()
    {
        var transactions = new FakeTransactions();
        var transactional = Member(transactions);
        transactional.Join();
        group.Offsets[1] = 4;
        group.Assign(1);
        transactional.Turn(TimeSpan.Zero);
        var before = shards[1];
        transactions.IsLost = true;
        transactional.Turn(TimeSpan.Zero);
        Assert.True(before.IsAbandoned);
        Assert.NotSame(before, shards[1]);
        Assert.Equal((4, 4), shards[1].Begun);
        Assert.Equal([(1, 4L)], group.Seeks);
    }

    [Fact]
    public void Revocation_commits_the_open_transaction_until_its_shards_have_nothing_under_way()
    {
        var transactions = new FakeTransactions();
        var transactional = Member(transactions);
        transactional.Join();
        group.Assign(1);
        transactional.Turn(TimeSpan.Zero);
        var shard = shards[1];
        shard.Drains = false;
        transactions.Committing = () =>
        {
            shard.Drains = true;
            shard.RequestStop();
            return [(1, 6L)];
        };
        group.Revoke(1);
        Assert.False(shard.IsAbandoned);
        Assert.Equal(6, shard.Acknowledged[0]);
    }

    // The brokers may be away: nothing that the handler waits for may take longer than it has.
    [Fact]
    public void A_revocation_ends_in_its_time_though_the_transaction_does_not()
    {
        var transactions = new FakeTransactions();
        var transactional = Member(transactions);
        transactional.Join();
        group.Assign(1);
        transactional.Turn(TimeSpan.Zero);
        shards[1].Drains = false;
        transactional.Commit();
        Assert.Equal([options.RevocationTimeout / 2], transactions.Patiences);

        var turnsOfOthers = 0;
        transactions.Committing = Turn;
        var before = time.GetTimestamp();
        group.Revoke(1);
        // Another thread's turn must not begin: the handler would have to wait for its end.
        Assert.Equal(0, turnsOfOthers);
        Assert.InRange(time.GetElapsedTime(before), TimeSpan.Zero, options.RevocationTimeout + TimeSpan.FromMilliseconds(10));
        Assert.True(shards[1].IsAbandoned);
        Assert.Null(transactional.Failure);
        var turnsBefore = transactions.Patiences.Count;
        transactions.Committing = () => [];
        transactional.Commit();
        Assert.Equal(turnsBefore + 1, transactions.Patiences.Count);

        IReadOnlyList<(int Partition, long Offset)> Turn()
        {
            time.Advance(transactions.Patiences[^1]);
            transactions.Committing = () =>
            {
                turnsOfOthers++;
                return [];
            };
            transactional.Commit();
            transactions.Committing = Turn;
            return [];
        }
    }

    // As the embedded broker, of whose group nobody would hear how far the service is.
    [Fact]
    public void Offsets_that_a_broker_does_not_keep_are_committed_by_themselves_after_their_transaction()
    {
        var transactions = new FakeTransactions { Committing = () => [(1, 3L)] };
        var transactional = Member(transactions);
        transactional.Join();
        group.Assign(1);
        transactional.Turn(TimeSpan.Zero);
        transactional.Commit();
        Assert.Empty(group.Commits);

        shards[1].CommittableOffset = 3;
        transactional.Commit();
        Assert.Equal([(1, 3L)], group.Commits);
        shards[1].CommittableOffset = 4;
        group.Revoke(1);
        Assert.Equal([(1, 3L), (1, 4L)], group.Commits);
    }

    [Fact]
    public void Offsets_that_the_group_has_from_their_transaction_are_not_committed_again()
    {
        var transactions = new FakeTransactions { Committing = () => [(1, 3L)] };
        var transactional = Member(transactions);
        transactional.Join();
        group.Assign(1);
        transactional.Turn(TimeSpan.Zero);
        group.Offsets[1] = 3;
        transactional.Commit();
        shards[1].CommittableOffset = 4;
        transactional.Commit();
        group.Revoke(1);
        Assert.Empty(group.Commits);
    }

    [Fact]
    public void Transactions_that_are_lost_again_and_again_stop_the_member()
    {
        var transactions = new FakeTransactions();
        var transactional = Member(transactions);
        transactional.Join();
        group.Assign(1);
        for (var i = 0; i < 20 && transactional.Failure is null; i++)
        {
            transactions.IsLost = true;
            transactional.Turn(TimeSpan.Zero);
        }

        Assert.Contains("NodeId", transactional.Failure?.Message, StringComparison.Ordinal);
    }

    private GroupMember Member(ITransactions? transactions) => new(
        options,
        MailboxRecords,
        shards,
        group,
        transactions,
        Wait,
        time,
        services.GetRequiredService<IMeterFactory>(),
        NullLogger<GroupMember>.Instance);

    // A wait that does not end takes its time.
    private bool Wait(Task task, TimeSpan timeout)
    {
        if (!task.IsCompleted)
            waiting();
        if (!task.IsCompleted)
            time.Advance(timeout);
        return task.IsCompleted;
    }

    private void Begin(params int[] partitions)
    {
        foreach (var partition in partitions)
            group.Offsets[partition] = 0;
        group.Assign(partitions);
        member.Turn(TimeSpan.Zero);
    }

    private void Hand(int partition, long offset)
    {
        group.Records.Enqueue((partition, new InputRecord(offset, default, null, null, RecordKind.Transaction, null, default, 0)));
        member.Turn(TimeSpan.Zero);
    }

    // The shard has ended by itself, and the time is over after which its partition may be opened again.
    private void FenceUntilReopen(int partition)
    {
        shards[partition].End();
        member.Turn(TimeSpan.Zero);
        time.Advance(options.ReopenDelay);
    }

    private sealed class FakeTransactions : ITransactions
    {
        public bool IsLost { get; set; }

        public List<TimeSpan> Patiences { get; } = [];

        public Func<IReadOnlyList<(int Partition, long Offset)>> Committing { get; set; } = () => [];

        public bool TryCommit(IReadOnlyCollection<int> owned, TimeSpan patience, out IReadOnlyList<(int Partition, long Offset)> committed)
        {
            Patiences.Add(patience);
            committed = Committing();
            return true;
        }

        public void Restart() => IsLost = false;
    }
}
