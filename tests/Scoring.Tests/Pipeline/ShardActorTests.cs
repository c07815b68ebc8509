using System.Text;
using Scoring.Actors.Entities;
using Scoring.Actors.Log;
using Scoring.Actors.Pipeline;
using Scoring.Models.Wire;
using static Scoring.Tests.Pipeline.ShardFixture;

namespace Scoring.Tests.Pipeline;

public class ShardActorTests
{
    [Fact]
    public async Task An_offset_may_be_committed_only_when_its_batch_and_all_before_it_are_acknowledged()
    {
        await using var fixture = new ShardFixture();
        for (var i = 0; i < 3; i++)
            await fixture.EnqueueAsync(Record(i, $"t-{i}", afterMillis: i));
        await fixture.SettledAsync();
        Assert.Equal(0, fixture.Shard.CommittableOffset);

        fixture.Log.Acknowledge(1);
        fixture.Log.Acknowledge(2);
        await fixture.SettledAsync();
        Assert.Equal(0, fixture.Shard.CommittableOffset);

        fixture.Log.Acknowledge(0);
        await fixture.SettledAsync();
        Assert.Equal(3, fixture.Shard.CommittableOffset);
    }

    [Fact]
    public async Task A_failed_append_stops_the_shard_and_leaves_the_offset_where_it_was()
    {
        await using var fixture = new ShardFixture();
        await fixture.EnqueueAsync(Record(0, "t-0"));
        await fixture.EnqueueAsync(Record(1, "t-1", afterMillis: 1));
        fixture.Log.Acknowledge(0);
        fixture.Log.Fail(1, AppendFailure.Broken);

        var error = await Assert.ThrowsAsync<ShardException>(() => fixture.Shard.Completion.WaitAsync(TimeSpan.FromSeconds(30)));
        Assert.Contains("partition 0", error.Message, StringComparison.Ordinal);
        Assert.Equal(1, fixture.Shard.CommittableOffset);
    }

    [Fact]
    public async Task A_full_queue_is_waited_for_and_nothing_is_lost_or_reordered()
    {
        await using var fixture = new ShardFixture();
        fixture.Log.AcknowledgesAtOnce = true;
        fixture.Log.FullFor = 20;
        for (var i = 0; i < 50; i++)
            fixture.Enqueue(Record(i, $"t-{i}", afterMillis: i));
        await fixture.Log.ReachedAsync(50);

        var ids = fixture.Log.Appended.Select(r => IdOf(r.Value!)).ToList();
        Assert.Equal(Enumerable.Range(0, 50).Select(i => $"t-{i}"), ids);
        while (fixture.Shard.CommittableOffset != 50)
            await fixture.SettledAsync();
    }

    [Fact]
    public async Task A_record_that_is_not_valid_becomes_a_dead_letter_with_its_bytes_coordinates_and_reason()
    {
        await using var fixture = new ShardFixture();
        await fixture.EnqueueAsync(Record(7, "", json: "{\"x\":"));
        var dead = fixture.Log.Appended[0];

        Assert.Equal("x.transactions.dlq", dead.Topic);
        Assert.Equal("{\"x\":", Encoding.UTF8.GetString(dead.Value!));
        Assert.Equal("c-1", Encoding.UTF8.GetString(dead.Key!));
        Assert.Equal("x.transactions", Header(dead, RecordHeaders.OriginTopic));
        Assert.Equal("0", Header(dead, RecordHeaders.OriginPartition));
        Assert.Equal("7", Header(dead, RecordHeaders.OriginOffset));
        Assert.Equal("not_json", Header(dead, RecordHeaders.Reason));
        Assert.Equal(0, fixture.Shard.CommittableOffset);
        fixture.Log.Acknowledge(0);
        await fixture.SettledAsync();
        Assert.Equal(8, fixture.Shard.CommittableOffset);
    }

    [Fact]
    public async Task A_dead_letter_too_large_for_the_log_goes_without_its_value_and_the_shard_goes_on()
    {
        await using var fixture = new ShardFixture();
        fixture.Log.MaxValueBytes = 1_000;
        fixture.Log.AcknowledgesAtOnce = true;
        fixture.Enqueue(Record(0, "", json: new string('x', 2_000)));
        await fixture.Log.ReachedAsync(2);
        var bare = fixture.Log.Appended[1];

        Assert.Null(bare.Value);
        Assert.Equal("0", Header(bare, RecordHeaders.OriginOffset));
        Assert.NotNull(Header(bare, RecordHeaders.ValueOmitted));
        await fixture.EnqueueAsync(Record(1, "t-1"));
        while (fixture.Shard.CommittableOffset != 2)
            await fixture.SettledAsync();
    }

    [Fact]
    public async Task A_repeated_transaction_is_not_scored_again_and_its_waiter_is_told()
    {
        await using var fixture = new ShardFixture();
        fixture.Log.AcknowledgesAtOnce = true;
        await fixture.EnqueueAsync(Record(0, "t-0", replyTo: 5));
        fixture.Enqueue(Record(1, "t-0", replyTo: 6));
        while (fixture.Shard.CommittableOffset != 2)
            await fixture.SettledAsync();

        Assert.Single(fixture.Log.Appended);
        Assert.Equal([5L, 6L], fixture.Replies.Select(r => r.Waiter));
        Assert.Equal(fixture.Log.Appended[0].Value, fixture.Replies[0].Score);
        Assert.Null(fixture.Replies[1].Score);
        await fixture.EnqueueAsync(Record(2, "t-2", afterMillis: 100));
        Assert.Equal(2, await CountAsync(fixture));
    }

    [Fact]
    public async Task Another_transaction_under_the_same_ids_is_refused_changes_nothing_and_is_counted()
    {
        await using var fixture = new ShardFixture();
        using var conflicts = new CounterTotal(fixture.Meters, "scoring.conflicts");
        fixture.Log.AcknowledgesAtOnce = true;
        await fixture.EnqueueAsync(Record(0, "t-0"));
        fixture.Enqueue(Record(1, "t-0", afterMillis: 50, replyTo: 6));
        await fixture.EnqueueAsync(Record(2, "t-0", card: "c-2", replyTo: 7));
        while (fixture.Shard.CommittableOffset != 3)
            await fixture.SettledAsync();

        Assert.Equal(2, fixture.Log.Appended.Count);
        Assert.Equal([6L, 7L], fixture.Replies.Select(r => r.Waiter));
        Assert.Equal((RejectReason.IdentityConflict, null), (fixture.Replies[0].Rejection!.Reason, fixture.Replies[0].Score));
        Assert.Equal(fixture.Log.Appended[1].Value, fixture.Replies[1].Score);
        Assert.Equal(1, conflicts.Value);
        Assert.Equal(1, await CountAsync(fixture));
    }

    [Fact]
    public async Task A_late_transaction_is_scored_flagged_and_copied_but_changes_nothing()
    {
        await using var fixture = new ShardFixture();
        fixture.Log.AcknowledgesAtOnce = true;
        await fixture.EnqueueAsync(Record(0, "t-0"));
        fixture.Enqueue(Record(1, "t-1", afterMillis: -3_600_001));
        await fixture.Log.ReachedAsync(3);

        Assert.True((bool)(await fixture.ScoreAsync(1))["late"]!);
        var copy = fixture.Log.Appended[2];
        Assert.Equal("x.transactions.late", copy.Topic);
        Assert.Equal("1", Header(copy, RecordHeaders.OriginOffset));
        await fixture.EnqueueAsync(Record(2, "t-2", afterMillis: 1));
        Assert.Equal(2, await CountAsync(fixture));
    }

    [Fact]
    public async Task Stopping_drops_what_waits_finishes_what_has_begun_and_then_ends()
    {
        await using var fixture = new ShardFixture(o => o with { MaxUnacknowledgedBatches = 1 });
        await fixture.EnqueueAsync(Record(0, "t-0"));
        fixture.Enqueue(Record(1, "t-1", afterMillis: 1));
        await fixture.SettledAsync();
        fixture.Shard.RequestStop();
        await fixture.SettledAsync();
        Assert.False(fixture.Shard.Completion.IsCompleted);

        Assert.False(fixture.Shard.Drained.IsCompleted);
        fixture.Log.Acknowledge(0);
        await fixture.Shard.Drained.WaitAsync(TimeSpan.FromSeconds(30));
        fixture.Shard.Finish();
        await fixture.Shard.Completion.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal(1, fixture.Shard.CommittableOffset);
        Assert.Single(fixture.Log.Appended);
        Assert.Equal(0, fixture.Shard.Waiting);
    }

    [Fact]
    public async Task An_abandoned_shard_ends_at_once_appends_nothing_more_and_moves_no_offset()
    {
        await using var fixture = new ShardFixture(o => o with { MaxBatchRecords = 1 });
        await fixture.EnqueueAsync(Record(0, "t-0"));
        fixture.Log.FullFor = int.MaxValue;
        fixture.Enqueue(Record(1, "t-1", afterMillis: 1));
        fixture.Enqueue(Record(2, "t-2", afterMillis: 2));
        fixture.Shard.Abandon();
        await fixture.Shard.Completion.WaitAsync(TimeSpan.FromSeconds(30));
        fixture.Log.FullFor = 0;
        fixture.Log.AcknowledgeAll();
        Assert.Single(fixture.Log.Appended);
        Assert.Equal(0, fixture.Shard.CommittableOffset);
    }

    [Fact]
    public async Task A_session_is_reported_when_a_later_event_or_a_tick_moves_the_watermark_past_it()
    {
        await using var fixture = new ShardFixture();
        fixture.Log.AcknowledgesAtOnce = true;
        await fixture.EnqueueAsync(Record(0, "t-0"));
        await fixture.EnqueueAsync(Record(1, "t-1", afterMillis: 60_000));
        fixture.Enqueue(Record(2, "t-2", card: "c-2", afterMillis: 60_000 + 1_800_001));
        await fixture.Log.ReachedAsync(4);
        var first = await fixture.ScoreAsync(3);
        Assert.Equal("x.sessions", fixture.Log.Appended[3].Topic);
        Assert.Equal("c-1|2026-03-01T12:00:00.000Z", Encoding.UTF8.GetString(fixture.Log.Appended[3].Key!));
        Assert.Equal(("c-1", 1, 2, 20m), ((string)first["userId"]!, (int)first["revision"]!, (int)first["count"]!, (decimal)first["total"]!));

        var tick = Record(3, "", afterMillis: 60_000 + 3_600_003) with { Kind = RecordKind.Tick, Key = null, Value = Tick.Write((FirstTime + 60_000 + 3_600_003) * 1000) };
        fixture.Enqueue(tick);
        await fixture.Log.ReachedAsync(5);
        Assert.Equal("c-2", (string)(await fixture.ScoreAsync(4))["userId"]!);
    }

    [Fact]
    public async Task No_batch_begins_while_as_many_as_may_are_unacknowledged()
    {
        await using var fixture = new ShardFixture(o => o with { MaxUnacknowledgedBatches = 2, MaxBatchRecords = 1 });
        for (var i = 0; i < 5; i++)
            fixture.Enqueue(Record(i, $"t-{i}", afterMillis: i));
        await fixture.Log.ReachedAsync(2);
        await fixture.SettledAsync();
        Assert.Equal(2, fixture.Log.Appended.Count);
        Assert.Equal(3, fixture.Shard.Waiting);

        fixture.Log.AcknowledgesAtOnce = true;
        fixture.Log.AcknowledgeAll();
        await fixture.Log.ReachedAsync(5);
    }

    [Fact]
    public async Task Records_that_were_taken_before_are_dropped()
    {
        await using var fixture = new ShardFixture();
        fixture.Log.AcknowledgesAtOnce = true;
        await fixture.EnqueueAsync(Record(5, "t-5"));
        fixture.Enqueue(Record(4, "t-4", afterMillis: 1));
        fixture.Enqueue(Record(5, "t-5", afterMillis: 1));
        await fixture.EnqueueAsync(Record(6, "t-6", afterMillis: 1));
        Assert.Equal(["t-5", "t-6"], fixture.Log.Appended.Select(r => IdOf(r.Value!)));
    }

    [Fact]
    public async Task A_score_names_its_model_and_features_and_carries_the_key_and_the_trace()
    {
        await using var fixture = new ShardFixture(o => o with { RecordFeatures = true });
        var trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"u8.ToArray();
        await fixture.EnqueueAsync(Record(0, "t-0") with { TraceParent = trace });
        var record = fixture.Log.Appended[0];
        var score = await fixture.ScoreAsync(0);

        Assert.Equal("x.scores", record.Topic);
        Assert.Equal("c-1", Encoding.UTF8.GetString(record.Key!));
        Assert.Equal(trace, record.Headers!.Single(h => h.Name == RecordHeaders.TraceParent).Value);
        Assert.Equal("tiny", (string)score["featureSet"]!["name"]!);
        Assert.StartsWith("sha256:", (string)score["featureSet"]!["fingerprint"]!, StringComparison.Ordinal);
        Assert.Equal("2026-03-01T12:00:00.000Z", (string)score["eventTime"]!);
        Assert.Equal("c-1", (string)score["userId"]!);
        Assert.Equal(10, (double)score["features"]!["amount"]!);
        Assert.Equal(1, (double)score["features"]!["count_1d"]!);
        Assert.InRange((double)score["score"]!, 0, 1);
    }

    private static async Task<double> CountAsync(ShardFixture fixture)
    {
        var query = new CardQuery("c-1", ["c-1"]);
        fixture.Shard.Ask(query);
        return (await query.Result)[0].Features[1];
    }

    private static string IdOf(byte[] score) => ScoreKeys.TryRead(score, out var keys) ? keys.TransactionId : "";

    private static string? Header(OutputRecord record, string name) =>
        record.Headers!.Where(h => h.Name == name).Select(h => Encoding.UTF8.GetString(h.Value)).SingleOrDefault();
}
