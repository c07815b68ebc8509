using System.Text.Json.Nodes;
using Scoring.Actors.Log;
using Scoring.Actors.Entities;
using Scoring.Actors.Pipeline;
using Scoring.Actors.State;
using Scoring.Models.Wire;
using static Scoring.Tests.Pipeline.ShardFixture;

namespace Scoring.Tests.Pipeline;

/// <summary>Tests that watch a shard's progress by turns, which others beside them would starve.</summary>
[CollectionDefinition(nameof(ShardTurns), DisableParallelization = true)]
public sealed class ShardTurns;

[Collection(nameof(ShardTurns))]
public class ShardRecoveryTests
{
    private readonly MemoryStore store = new();
    private readonly MemoryLog input = new();

    [Fact]
    public async Task A_shard_goes_on_where_the_one_before_handed_over()
    {
        await using (var first = Fixture())
        {
            await first.EnqueueAsync(Record(0, "t-0"));
            await first.EnqueueAsync(Record(1, "t-1", afterMillis: 1));
            await first.HandOverAsync();
        }

        Assert.Equal(2, store.CheckpointOffset);
        await using var second = Fixture(committed: 2);
        await second.EnqueueAsync(Record(2, "t-2", afterMillis: 2));
        Assert.Equal(3, await CountAsync(second, 0));
        Assert.Empty(input.Read);
    }

    [Fact]
    public async Task What_lies_between_checkpoint_and_commit_is_applied_again_and_nothing_of_it_emitted()
    {
        await CrashAfterAsync(5, checkpointAt: 2);
        await using var second = Fixture(committed: 5);
        await second.EnqueueAsync(Record(5, "t-5", afterMillis: 5));
        Assert.Equal(6, await CountAsync(second, 0));
        Assert.Equal([2, 3, 4], input.Read);
        await second.SettledAsync();
        Assert.Single(second.Log.Appended);
    }

    [Fact]
    public async Task A_record_that_was_emitted_and_not_committed_is_scored_again_with_the_same_bytes()
    {
        byte[] before;
        await using (var first = Fixture())
        {
            await first.EnqueueAsync(Record(0, "t-0"));
            await first.EnqueueAsync(Record(1, "t-1", afterMillis: 1));
            before = first.Log.Appended[1].Value!;
            first.Shard.Abandon();
        }

        await using var second = Fixture(committed: 1);
        await second.EnqueueAsync(Record(1, "t-1", afterMillis: 1));
        Assert.Equal(before, second.Log.Appended[0].Value);
    }

    [Fact]
    public async Task A_checkpoint_waits_for_the_commit_of_its_offset()
    {
        await using var fixture = Fixture(state: s => s with { MaxDirtyEntities = 1 });
        fixture.Log.AcknowledgesAtOnce = true;
        await fixture.EnqueueAsync(Record(0, "t-0"));
        await fixture.SettledAsync();
        Assert.Equal(0, store.CheckpointOffset);

        fixture.Commit();
        await UntilAsync(() => store.CheckpointOffset == 1);
    }

    [Fact]
    public async Task Nothing_is_applied_before_a_new_shard_has_its_first_checkpoint()
    {
        store.HoldWrites();
        await using var fixture = Fixture();
        fixture.Enqueue(Record(0, "t-0"));
        await fixture.SettledAsync();
        Assert.Empty(fixture.Log.Appended);

        store.ReleaseWrites();
        await fixture.Log.ReachedAsync(1);
    }

    [Fact]
    public async Task A_shard_waits_for_its_checkpoint_once_a_recovery_would_read_too_much_of_the_log_again()
    {
        await using var fixture = Fixture(state: s => s with { CheckpointBytes = 1 });
        fixture.Log.AcknowledgesAtOnce = true;
        await fixture.EnqueueAsync(Record(0, "t-0"));
        await fixture.EnqueueAsync(Record(1, "t-1", afterMillis: 1));
        fixture.Enqueue(Record(2, "t-2", afterMillis: 2));
        await fixture.SettledAsync();
        Assert.Equal(2, fixture.Log.Appended.Count);

        fixture.Commit();
        await fixture.Log.ReachedAsync(3);
    }

    [Fact]
    public async Task The_shard_goes_on_while_a_checkpoint_is_written_which_holds_the_state_of_its_offset()
    {
        await using (var first = Fixture(state: s => s with { MaxDirtyEntities = 2 }))
        {
            first.Log.AcknowledgesAtOnce = true;
            await first.EnqueueAsync(Record(0, "t-0"));
            store.HoldWrites();
            first.Commit();
            for (var i = 1; i < 4; i++)
                await first.EnqueueAsync(Record(i, $"t-{i}", afterMillis: i));
            store.ReleaseWrites();
            await UntilAsync(() => store.CheckpointOffset == 1);
            first.Shard.Abandon();
        }

        await using var second = Fixture(committed: 1);
        await second.EnqueueAsync(Record(1, "t-1", afterMillis: 1));
        Assert.Equal(2, await CountAsync(second, 0));
    }

    [Fact]
    public async Task A_shard_that_another_node_has_taken_over_writes_nothing_and_drops_itself()
    {
        await using var old = Fixture(state: s => s with { MaxDirtyEntities = 1 });
        await old.EnqueueAsync(Record(0, "t-0"));
        await using var taker = Fixture(committed: 0);
        await taker.SettledAsync();
        var written = store.Written.Count;

        old.Log.AcknowledgeAll();
        await UntilAsync(() => old.Shard.CommittableOffset == 1);
        old.Commit();
        await old.Shard.Completion.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal("fenced", old.Shard.Progress.Down);
        Assert.Equal(written, store.Written.Count);
    }

    // A zombie: what it would emit with features of its own making could not be told from a repeat of the owner's.
    [Fact]
    public async Task A_shard_whose_entities_a_later_owner_has_removed_emits_nothing_of_them_and_drops_itself()
    {
        await CrashAfterAsync(2, checkpointAt: 2);
        await using var old = Fixture(committed: 2);
        await old.SettledAsync();
        store.TakeOverAndPurge();
        old.Enqueue(Record(2, "t-2", afterMillis: 2));
        await old.Shard.Completion.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal("fenced", old.Shard.Progress.Down);
        Assert.Empty(old.Log.Appended);
    }

    [Theory]
    [InlineData(1L, null)] // The group was set back behind the checkpoint.
    [InlineData(null, null)] // The group has no offset any more.
    [InlineData(3L, 3L)] // The log no longer reaches back to the checkpoint.
    public async Task A_shard_that_can_not_be_rebuilt_stays_down_and_says_so(long? committed, long? logBegins)
    {
        await CrashAfterAsync(3, checkpointAt: 2);
        input.Low = logBegins ?? 0;
        await using var fixture = Fixture(committed: committed);
        await UntilAsync(() => fixture.Shard.Progress.Phase == ShardPhase.Down);
        Assert.Equal("state_log_gap", fixture.Shard.Progress.Down);
        fixture.Enqueue(Record(3, "t-3"));
        Assert.Null(fixture.Shard.CommittableOffset);
        Assert.False(fixture.Shard.Completion.IsCompleted);
    }

    [Fact]
    public async Task A_group_that_has_committed_but_has_no_checkpoint_is_rebuilt_from_the_whole_log()
    {
        for (var i = 0; i < 4; i++)
            input.Add(Record(i, $"t-{i}", afterMillis: i));
        await using var fixture = Fixture(committed: 4);
        await fixture.EnqueueAsync(Record(4, "t-4", afterMillis: 4));
        Assert.Equal(5, await CountAsync(fixture, 0));
    }

    [Fact]
    public async Task State_may_be_ten_times_what_is_in_memory()
    {
        const int users = 200;
        const int inMemory = 40;
        // Without sessions: a user with an open one waits in memory for the watermark.
        await using var fixture = Fixture(state: s => s with { MaxEntitiesInMemory = inMemory, MaxDirtyEntities = 8 }, hasSessions: false);
        fixture.Log.AcknowledgesAtOnce = true;
        for (var i = 0; i < 3 * users; i++)
        {
            fixture.Enqueue(Record(i, $"t-{i}", card: $"c-{i * 7 % users}", afterMillis: i));
            await UntilAsync(() =>
            {
                fixture.Commit();
                return fixture.Log.Appended.Count == i + 1;
            });
            Assert.InRange(fixture.Shard.Progress.Entities, 0, inMemory);
        }

        for (var i = 0; i < 3 * users; i++)
            Assert.Equal((i / users) + 1, await CountAsync(fixture, i));
        Assert.Equal(users, store.Rows.Count);
    }

    [Fact]
    public async Task A_record_that_makes_an_entity_fail_once_is_tried_again_and_scored()
    {
        var failures = 1;
        await using var fixture = Fixture(probe: (step, r) =>
        {
            if (step == RecordStep.Apply && r.Offset == 1 && failures-- > 0)
                throw new InvalidDataException("made to fail");
        });
        fixture.Log.AcknowledgesAtOnce = true;
        for (var i = 0; i < 3; i++)
            await fixture.EnqueueAsync(Record(i, $"t-{i}", afterMillis: i));
        for (var i = 0; i < 3; i++)
            Assert.Equal(i + 1, await CountAsync(fixture, i));
        Assert.Empty(store.Quarantined);
    }

    [Fact]
    public async Task A_record_that_fails_twice_is_set_aside_in_the_store_and_changes_nothing()
    {
        await using (var first = Fixture(probe: FailAtOne))
        {
            first.Log.AcknowledgesAtOnce = true;
            first.Log.Appending = r =>
            {
                if (r.Topic == "x.transactions.dlq")
                    Assert.Equal([1], store.Quarantined.Select(q => q.Offset));
            };
            for (var i = 0; i < 3; i++)
                await first.EnqueueAsync(Record(i, $"t-{i}", afterMillis: i));
            Assert.Equal("x.transactions.dlq", first.Log.Appended[1].Topic);
            Assert.Contains(first.Log.Appended[1].Headers!, h => h.Name == RecordHeaders.Reason && h.Value.AsSpan().SequenceEqual("poison"u8));
            Assert.Equal(2, await CountAsync(first, 2));
            first.Shard.Abandon();
        }

        // Replayed without it, even by a program on which it would not fail.
        await using var second = Fixture(committed: 3);
        await second.EnqueueAsync(Record(3, "t-3", afterMillis: 3));
        Assert.Equal(3, await CountAsync(second, 0));

        static void FailAtOne(RecordStep step, InputRecord record)
        {
            if (step == RecordStep.Apply && record.Offset == 1)
                throw new InvalidDataException("made to fail");
        }
    }

    [Fact]
    public async Task A_damaged_entity_is_rebuilt_from_its_previous_version_and_the_log()
    {
        await TwoVersionsAsync();
        store.Damage("card");
        store.Damage("user");
        await using var fixture = Fixture(committed: 4);
        await fixture.EnqueueAsync(Record(4, "t-4", afterMillis: 4));
        var score = await fixture.ScoreAsync(0);
        Assert.Equal(5, (double)score["features"]!["count_1d"]!);
        Assert.DoesNotContain((JsonArray?)score["degraded"] ?? [], d => ((string)d!).Contains("state_incomplete", StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_entity_damaged_beyond_repair_starts_empty_and_its_scores_say_so()
    {
        await TwoVersionsAsync();
        store.Damage("card", previousToo: true);
        await using var fixture = Fixture(committed: 4);
        await fixture.EnqueueAsync(Record(4, "t-4", afterMillis: 4));
        var score = await fixture.ScoreAsync(0);
        Assert.Equal(1, (double)score["features"]!["count_1d"]!);
        Assert.Contains(score["degraded"]!.AsArray(), d => ((string)d!).Contains("state_incomplete", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_damaged_entity_is_rebuilt_without_the_records_that_were_set_aside()
    {
        await CrashAfterAsync(2, checkpointAt: 2);
        await using (var again = Fixture(committed: 2, probe: FailAtThree))
        {
            again.Log.AcknowledgesAtOnce = true;
            for (var i = 2; i < 6; i++)
                await again.EnqueueAsync(Record(i, $"t-{i}", afterMillis: i));
            await again.HandOverAsync();
        }

        Assert.Equal(6, store.CheckpointOffset);
        store.Damage("card");
        store.Damage("user");
        // By a program on which it would not fail.
        await using var fixture = Fixture(committed: 6);
        await fixture.EnqueueAsync(Record(6, "t-6", afterMillis: 6));
        var score = await fixture.ScoreAsync(0);
        Assert.Equal(6, (double)score["features"]!["count_1d"]!);
        Assert.DoesNotContain((JsonArray?)score["degraded"] ?? [], d => ((string)d!).Contains("state_incomplete", StringComparison.Ordinal));

        static void FailAtThree(RecordStep step, InputRecord record)
        {
            if (step == RecordStep.Apply && record.Offset == 3)
                throw new InvalidDataException("made to fail");
        }
    }

    // Which of the records between the two versions were set aside is not known any more.
    [Fact]
    public async Task A_damaged_entity_older_than_the_notes_that_are_kept_starts_empty()
    {
        await TwoVersionsAsync();
        store.Damage("card");
        store.Quarantine(Enumerable.Range(3, ShardSnapshot.MaxQuarantined).Select(i => new QuarantinedRecord(i, "")));
        input.Add(Record(3 + ShardSnapshot.MaxQuarantined, "t-last"));
        await using var fixture = Fixture(committed: 4);
        fixture.Enqueue(Record(20_000, "t-4", afterMillis: 4));
        var score = await fixture.ScoreAsync(0);
        Assert.Contains(score["degraded"]!.AsArray(), d => ((string)d!).Contains("state_incomplete", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_shard_that_waits_collects_no_nudges()
    {
        await CrashAfterAsync(1, checkpointAt: 1);
        store.AwayFor = int.MaxValue;
        await using var fixture = Fixture(committed: 1);
        Assert.True(fixture.Shard.Nudge());
        for (var i = 0; i < 10; i++)
            Assert.False(fixture.Shard.Nudge());
        store.AwayFor = 0;
        await fixture.SettledAsync();
        Assert.True(fixture.Shard.Nudge());
    }

    [Fact]
    public async Task A_shard_that_is_stopped_while_it_recovers_answers_no_question_from_the_part_of_its_state_that_it_has()
    {
        await CrashAfterAsync(3, checkpointAt: 1);
        var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        input.Reading = (offset, cancellation) =>
        {
            if (offset != 2)
                return Task.CompletedTask;
            reached.TrySetResult();
            return Task.Delay(Timeout.Infinite, cancellation);
        };
        await using var fixture = Fixture(committed: 3);
        await reached.Task.WaitAsync(TimeSpan.FromSeconds(30));
        fixture.Shard.RequestStop();
        await fixture.Shard.Drained.WaitAsync(TimeSpan.FromSeconds(30));
        var query = new CardQuery("c-1", ["c-1"]);
        fixture.Shard.Ask(query);
        await query.Result.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.True(query.IsRefused);
    }

    // No checkpoint could make room: what has changed is not of a record, so there is no new offset to write it at.
    [Fact]
    public async Task A_repaired_entity_that_has_to_stay_in_memory_holds_up_no_batch()
    {
        await TwoVersionsAsync();
        store.Damage("user");
        await using var fixture = Fixture(committed: 4, state: s => s with { MaxEntitiesInMemory = 2 });
        await fixture.EnqueueAsync(Record(4, "t-4", card: "c-2", afterMillis: 4));
        Assert.Equal(1, await CountAsync(fixture, 0));
    }

    [Fact]
    public async Task A_shard_that_is_stopped_while_it_replays_for_a_spoiled_record_ends()
    {
        var failures = 1;
        await using var fixture = Fixture(
            // Reached when what was applied is applied again, and not before.
            state: s => s with { CheckpointBytes = 800 },
            probe: (step, r) =>
            {
                if (step == RecordStep.Apply && r.Offset == 3 && failures-- > 0)
                    throw new InvalidDataException("made to fail");
            });
        fixture.Log.AcknowledgesAtOnce = true;
        await fixture.SettledAsync();
        await fixture.EnqueueAsync(Record(0, "t-0"));
        store.HoldWrites();
        for (var i = 1; i < 3; i++)
            await fixture.EnqueueAsync(Record(i, $"t-{i}", afterMillis: i));
        await UntilAsync(() => fixture.Shard.CommittableOffset == 3);
        fixture.Commit();
        fixture.Enqueue(Record(3, "t-3", afterMillis: 3));
        await UntilAsync(() => store.HeldWrites > 0);
        fixture.Shard.RequestStop();
        fixture.Shard.Finish();
        await fixture.Shard.Completion.WaitAsync(TimeSpan.FromSeconds(5));
    }

    [Fact]
    public async Task A_shard_that_finishes_after_its_checkpoint_was_dropped_still_writes_its_last()
    {
        await using var fixture = Fixture(state: s => s with { MaxDirtyEntities = 1 });
        await fixture.EnqueueAsync(Record(0, "t-0"));
        fixture.Shard.RequestStop();
        fixture.Shard.Finish();
        await fixture.SettledAsync();
        // Not acknowledged and hence not committed: the checkpoint that was frozen is given up.
        fixture.Log.Acknowledge(0);
        fixture.Shard.Committed(1);
        await fixture.Shard.Completion.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal(1, store.CheckpointOffset);
    }

    [Fact]
    public async Task A_store_that_is_away_is_waited_for()
    {
        store.AwayFor = 3;
        await using var fixture = Fixture(adjust: o => o with { FirstStoreRetry = TimeSpan.FromMilliseconds(1) });
        await fixture.EnqueueAsync(Record(0, "t-0"));
        Assert.Equal(1, await CountAsync(fixture, 0));
    }

    [Fact]
    public async Task A_relayed_record_is_applied_once_across_a_restart()
    {
        await using (var first = Fixture())
        {
            await first.EnqueueAsync(Record(0, "t-0") with { Origin = new RecordOrigin("cards", 0, 7) });
            await first.HandOverAsync();
        }

        await using var second = Fixture(committed: 1);
        second.Enqueue(Record(1, "t-other", afterMillis: 1) with { Origin = new RecordOrigin("cards", 0, 7) });
        await second.EnqueueAsync(Record(2, "t-2", afterMillis: 2) with { Origin = new RecordOrigin("cards", 0, 8) });
        Assert.Equal(2, await CountAsync(second, 0));
    }

    private ShardFixture Fixture(
        Func<ShardOptions, ShardOptions>? adjust = null,
        Func<Scoring.Actors.State.StateOptions, Scoring.Actors.State.StateOptions>? state = null,
        long? committed = null,
        Action<RecordStep, InputRecord>? probe = null,
        bool hasSessions = true) =>
        new(o => (adjust?.Invoke(o) ?? o) with { RecordFeatures = true }, store, input, committed, state, probe, hasSessions);

    // A shard that scored and committed so many records, with its last checkpoint before them.
    private async Task CrashAfterAsync(int records, int checkpointAt)
    {
        await using (var before = Fixture())
        {
            for (var i = 0; i < checkpointAt; i++)
                await before.EnqueueAsync(Record(i, $"t-{i}", afterMillis: i));
            await before.HandOverAsync();
        }

        for (var i = checkpointAt; i < records; i++)
            input.Add(Record(i, $"t-{i}", afterMillis: i));
    }

    private async Task TwoVersionsAsync()
    {
        await CrashAfterAsync(2, checkpointAt: 2);
        await using var again = Fixture(committed: 2);
        for (var i = 2; i < 4; i++)
            await again.EnqueueAsync(Record(i, $"t-{i}", afterMillis: i));
        await again.HandOverAsync();
    }

    private static async Task<double> CountAsync(ShardFixture fixture, int index) => (double)(await fixture.ScoreAsync(index))["features"]!["count_1d"]!;

    private static async Task UntilAsync(Func<bool> isSo)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!isSo())
        {
            limit.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }
}
