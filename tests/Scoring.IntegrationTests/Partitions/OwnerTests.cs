using System.Text;
using Akka.Actor;
using Akka.Persistence;
using Scoring.Actors.Checkpoints;
using Scoring.Actors.Entities;
using Scoring.Actors.Log;
using Scoring.Actors.Messages;
using Scoring.Models.Wire;

namespace Scoring.IntegrationTests.Partitions;

/// <summary>What an owner of a partition does from its take-over to its end.</summary>
public sealed class OwnerTests
{
    private static Action<RecordStep, InputRecord> FailsAt(RecordStep step, params long[] offsets) => (its, record) =>
    {
        if (its == step && offsets.Contains(record.Offset))
            throw new InvalidDataException($"made to fail at {record.Offset}");
    };

    [Fact]
    public async Task The_next_owner_goes_on_with_what_the_one_before_had_and_scores_nothing_twice()
    {
        await using var rig = new OwnerRig();
        var first = rig.BeginLive();
        rig.Send("t1", "u1", "c1", 1);
        rig.Send("t2", "u2", "c2", 2);
        await rig.CommittedAsync(2);
        rig.GiveBack(first);
        rig.BeginLive();
        rig.Send("t3", "u1", "c1", 3);
        await rig.CommittedAsync(3);
        var scores = rig.Scores(3);
        Assert.Equal(["t1", "t2", "t3"], scores.Select(s => s.Id));
        Assert.Equal(2, (double)scores[2].Score["features"]!["card_count_1h"]!);
    }

    [Fact]
    public async Task An_owner_that_dies_without_a_checkpoint_is_followed_by_one_that_replays_the_log()
    {
        await using var rig = new OwnerRig(adjust: o => o with { State = o.State with { CheckpointInterval = TimeSpan.FromHours(1) } });
        var first = rig.BeginLive();
        for (var i = 0; i < 50; i++)
            rig.Send($"t{i}", "u1", "c1", i);
        await rig.CommittedAsync(50);
        await Eventually.TrueAsync(() => rig.Committed() == 50, "the group has 50");
        rig.Kill(first);
        rig.BeginLive();
        rig.Send("t50", "u1", "c1", 50);
        await rig.CommittedAsync(51);
        var scores = rig.Scores(51);
        Assert.Equal(Enumerable.Range(0, 51).Select(i => $"t{i}"), scores.Select(s => s.Id));
        Assert.Equal(51, (double)scores[50].Score["features"]!["card_count_1h"]!);
    }

    [Fact]
    public async Task A_second_owner_fences_the_first_which_writes_nothing_more()
    {
        await using var rig = new OwnerRig();
        rig.BeginLive();
        rig.Send("t1", "u1", "c1", 1);
        await rig.CheckpointAsync(1);
        rig.BeginElsewhere();
        var reports = new List<GenerationReport> { rig.Report<GenerationReport>(), rig.Report<GenerationReport>() };
        Assert.Equal(LossCause.Fenced, Assert.Single(reports.OfType<Lost>()).Cause);
        Assert.Equal(2, Assert.Single(reports.OfType<WentLive>()).Generation);
    }

    [Theory]
    [InlineData(RecordStep.Decode)]
    [InlineData(RecordStep.Apply)]
    [InlineData(RecordStep.Write)]
    public async Task A_record_that_fails_is_tried_alone_then_set_aside_and_nothing_else_is_lost_or_doubled(RecordStep step)
    {
        await using var rig = new OwnerRig(FailsAt(step, 5));
        for (var i = 0; i < 10; i++)
            rig.Send($"t{i}", $"u{i % 3}", $"c{i % 3}", i);
        var owner = await rig.LiveThroughAsync(10);
        Assert.Equal(Enumerable.Range(0, 10).Where(i => i != 5).Select(i => $"t{i}"), rig.Scores(9).Select(s => s.Id));
        Assert.Equal("5", Encoding.UTF8.GetString(Assert.Single(rig.DeadLetters(1)).Message.Headers.Single(h => h.Key == RecordHeaders.OriginOffset).GetValueBytes()));

        // It stays set aside, whoever takes over.
        rig.GiveBack(owner);
        rig.BeginLive();
        rig.Send("t10", "u2", "c2", 10);
        await rig.CommittedAsync(11);
        Assert.Equal(3, (double)rig.Scores(10)[^1].Score["features"]!["card_count_1h"]!);
    }

    [Fact]
    public async Task Neighbours_that_fail_at_different_steps_are_all_set_aside()
    {
        await using var rig = new OwnerRig((step, record) =>
        {
            FailsAt(RecordStep.Apply, 2, 3)(step, record);
            FailsAt(RecordStep.Write, 4, 7)(step, record);
        });
        for (var i = 0; i < 10; i++)
            rig.Send($"t{i}", $"u{i}", $"c{i}", i);
        await rig.LiveThroughAsync(10);
        Assert.Equal(["t0", "t1", "t5", "t6", "t8", "t9"], rig.Scores(6).Select(s => s.Id));
        Assert.Equal(4, rig.DeadLetters(4).Count);
    }

    [Fact]
    public async Task A_cardholder_that_fails_again_and_again_begins_anew_and_says_so()
    {
        await using var rig = new OwnerRig(FailsAt(RecordStep.Apply, 1, 2, 3), o => o with { State = o.State with { CheckpointInterval = TimeSpan.FromHours(1) } });
        for (var i = 0; i < 6; i++)
            rig.Send($"t{i}", "u1", "c1", i);
        rig.Send("t6", "u2", "c2", 6);
        await rig.LiveThroughAsync(7);
        var scores = rig.Scores(4);
        Assert.Equal(["t0", "t4", "t5", "t6"], scores.Select(s => s.Id));
        Assert.Contains("state_incomplete", scores[1].Score["degraded"]!.AsArray().Select(d => (string)d!));
        Assert.DoesNotContain("state_incomplete", scores[3].Score["degraded"]!.AsArray().Select(d => (string)d!));
    }

    [Fact]
    public async Task A_damaged_row_costs_its_cardholder_the_history_and_no_other()
    {
        await using var rig = new OwnerRig();
        var first = rig.BeginLive();
        rig.Send("t1", "u1", "c1", 1);
        rig.Send("t2", "u2", "c2", 2);
        await rig.CheckpointAsync(2);
        rig.GiveBack(first);
        Assert.InRange(rig.Sql("UPDATE snapshot SET snapshot = zeroblob(40) WHERE persistence_id = (SELECT MIN(persistence_id) FROM snapshot WHERE persistence_id LIKE 'c/%')"), 1, 3);
        rig.BeginLive();
        rig.Send("t3", "u1", "c1", 3);
        rig.Send("t4", "u2", "c2", 4);
        await rig.CommittedAsync(4);
        var degraded = rig.Scores(4).Skip(2).Select(s => s.Score["degraded"]!.AsArray().Any(d => (string)d! == "state_incomplete")).ToList();
        Assert.Single(degraded, isIncomplete => isIncomplete);
    }

    [Theory]
    [InlineData("m/%", "X'FF00000000'", "state_unreadable")]
    [InlineData("n/%", "X'FF00000000'", "state_unreadable")]
    [InlineData("m/%", "newer", "state_newer")]
    public async Task State_that_can_not_be_read_keeps_the_partition_down(string rows, string payload, string code)
    {
        await using var rig = new OwnerRig();
        var first = rig.BeginLive();
        rig.Send("t1", "u1", "c1", 1);
        await rig.CheckpointAsync(1);
        rig.GiveBack(first);
        rig.Sql($"UPDATE snapshot SET snapshot = {(payload == "newer" ? Newer() : payload)} WHERE persistence_id LIKE '{rows}'");
        rig.Begin();
        var down = rig.Report<WentDown>();
        Assert.Equal(code, down.Code);
        Assert.Equal(code, rig.Progress.Down);
    }

    [Fact]
    public async Task A_bootstrap_that_has_not_ended_keeps_the_partition_down_whatever_else_is_stored()
    {
        await using var rig = new OwnerRig();
        var first = rig.BeginLive();
        rig.Send("t1", "u1", "c1", 1);
        await rig.CheckpointAsync(1);
        rig.GiveBack(first);
        var unfinished = new StoredState(StoredKind.Manifest, PartitionManifest.Unfinished(0, "transactions", "", 1).Write());
        await rig.Store.Ask<SaveSnapshotSuccess>(new SaveSnapshot(new SnapshotMetadata(new PartitionIds(0).Manifest, PartitionManifest.UnfinishedNumber, default), unfinished), TimeSpan.FromSeconds(30));
        rig.Begin();
        var down = rig.Report<WentDown>();
        Assert.Equal("bootstrap_unfinished", down.Code);
        Assert.Contains("--replace", down.Why, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_offset_that_was_set_back_does_not_take_state_or_scores_back()
    {
        await using var rig = new OwnerRig();
        var first = rig.BeginLive();
        for (var i = 0; i < 5; i++)
            rig.Send($"t{i}", "u1", "c1", i);
        await rig.CheckpointAsync(5);
        rig.GiveBack(first);
        rig.SetCommitted(2);
        rig.BeginLive();
        rig.Send("t5", "u1", "c1", 5);
        await rig.CommittedAsync(6);
        Assert.Equal(Enumerable.Range(0, 6).Select(i => $"t{i}"), rig.Scores(6).Select(s => s.Id));
    }

    [Fact]
    public async Task A_cardholder_that_is_idle_over_many_checkpoints_keeps_its_row_and_the_others_keep_few()
    {
        await using var rig = new OwnerRig();
        var first = rig.BeginLive();
        rig.Send("idle", "idle", "idle", 0);
        await rig.CheckpointAsync(1);
        for (var i = 1; i <= 12; i++)
        {
            rig.Send($"t{i}", "busy", "busy", i);
            await rig.CheckpointAsync(i + 1);
        }

        Assert.InRange(rig.Count("persistence_id LIKE 'c/%'"), 2, 6);
        rig.GiveBack(first);
        rig.BeginLive();
        rig.Send("idle2", "idle", "idle", 20);
        await rig.CommittedAsync(14);
        Assert.Equal(2, (double)rig.Scores(14)[^1].Score["features"]!["card_count_1h"]!);
    }

    [Fact]
    public async Task A_session_closes_at_the_record_that_moves_the_watermark_past_it_though_its_user_is_not_in_memory()
    {
        await using var rig = new OwnerRig(sessions: true);
        var first = rig.BeginLive();
        rig.Send("t1", "u1", "c1", 0);
        rig.Send("t2", "u2", "c2", 60);
        await rig.CheckpointAsync(2);
        rig.GiveBack(first);
        var second = rig.BeginLive();
        rig.Send("t3", "u3", "c3", 7_200);
        await rig.CommittedAsync(3);
        Assert.Equal(2, rig.Client.Read("sessions", 2).Count);
        rig.GiveBack(second);
        rig.BeginLive();
        rig.Send("t4", "u4", "c4", 14_400);
        await rig.CommittedAsync(4);
        Assert.Equal(3, rig.Client.Read("sessions", 3).Count);
    }

    [Fact]
    public async Task A_question_is_answered_from_memory_and_from_the_store_and_of_whom_nobody_knows_with_nothing()
    {
        await using var rig = new OwnerRig();
        var first = rig.BeginLive();
        rig.Send("t1", "u1", "c1", 1);
        await rig.CheckpointAsync(1);
        Assert.NotNull(Assert.Single((await OwnerRig.ReadAsync(first, "u1", "c1"))!));
        Assert.Empty((await OwnerRig.ReadAsync(first, "nobody", "c1"))!);
        rig.GiveBack(first);
        var second = rig.BeginLive();
        Assert.Single((await OwnerRig.ReadAsync(second, "u1", "c1"))!);
        Assert.Equal(0, rig.Progress.Entities);
    }

    private static string Newer()
    {
        var bytes = Scoring.Actors.Checkpoints.StoredFrame.Write(200, static output => output.Write(1L));
        return $"X'{Convert.ToHexString(bytes)}'";
    }
}
