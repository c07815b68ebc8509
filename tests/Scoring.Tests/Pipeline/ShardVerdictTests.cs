using System.Diagnostics.Metrics;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Scoring.Actors.Entities;
using Scoring.Actors.Log;
using Scoring.Actors.Pipeline;
using Scoring.Kafka;
using Scoring.Models.Wire;
using Scoring.Tests.Wire;
using static Scoring.Tests.Pipeline.ShardFixture;

namespace Scoring.Tests.Pipeline;

/// <summary>What a shard refuses, and that whoever reads its log again refuses the same.</summary>
[Collection(nameof(ShardTurns))]
public class ShardVerdictTests
{
    private const long Hour = 3_600_000;
    private const long Day = 24 * Hour;

    private readonly MemoryStore store = new();
    private readonly MemoryLog input = new();
    private readonly FixedTime clock = new(DateTimeOffset.FromUnixTimeMilliseconds(FirstTime));

    [Theory]
    [InlineData(Day)]
    [InlineData(90 * Day)]
    [InlineData(300_002L)]
    public async Task A_clock_that_is_ahead_with_its_records_harms_its_own_records_alone(long ahead)
    {
        await using var fixture = Fixture();
        fixture.Log.AcknowledgesAtOnce = true;
        fixture.Log.Appending = r =>
        {
            // Noted before anybody hears of it, or a crash in between would make a recovery accept it.
            if (r.Topic == "x.transactions.dlq")
                Assert.Contains(store.Quarantined, q => q.Offset is 1 or 2);
        };
        await fixture.EnqueueAsync(Record(0, "t-0"));
        await fixture.EnqueueAsync(Record(1, "t-1", card: "c-fast", afterMillis: ahead));
        await fixture.EnqueueAsync(Record(2, "t-2", afterMillis: ahead));
        await fixture.EnqueueAsync(Record(3, "t-3", afterMillis: 1));
        Assert.Equal(["time_in_future", "time_in_future"], Reasons(fixture));
        var score = await fixture.ScoreAsync(3);
        Assert.Equal((2, false), ((int)score["features"]!["count_1d"]!, (bool)score["late"]!));
    }

    [Fact]
    public async Task A_recovery_refuses_what_was_refused_and_accepts_what_was_accepted_whatever_the_clock_says_by_then()
    {
        await using (var first = Fixture())
        {
            first.Log.AcknowledgesAtOnce = true;
            await first.EnqueueAsync(Record(0, "t-0"));
            await first.EnqueueAsync(Record(1, "t-1", afterMillis: 2 * Hour));
            await first.EnqueueAsync(Record(2, "t-2", afterMillis: 2));
            first.Shard.Abandon();
        }

        // By now the first and the third are too old to be accepted, and the second is not ahead any more.
        clock.Now += TimeSpan.FromHours(3);
        await using var second = Fixture(committed: 3);
        await second.EnqueueAsync(Record(3, "t-3", afterMillis: 3 * Hour));
        Assert.Equal([0, 1, 2], input.Read);
        Assert.Equal(3, (int)(await second.ScoreAsync(0))["features"]!["count_1d"]!);
    }

    [Fact]
    public async Task A_record_that_was_refused_and_not_committed_is_refused_by_the_next_owner_for_the_same_reason()
    {
        byte[] detail;
        await using (var first = Fixture())
        {
            await first.EnqueueAsync(Record(0, "t-0", afterMillis: 2 * Hour));
            detail = Header(first.Log.Appended[0], RecordHeaders.ReasonDetail);
            first.Shard.Abandon();
        }

        clock.Now += TimeSpan.FromHours(3);
        await using var second = Fixture(committed: 0);
        await second.EnqueueAsync(Record(0, "t-0", afterMillis: 2 * Hour));
        Assert.Equal(["time_in_future"], Reasons(second));
        Assert.Equal(detail, Header(second.Log.Appended[0], RecordHeaders.ReasonDetail));
    }

    [Fact]
    public async Task A_record_is_too_old_by_its_own_time_or_the_nodes()
    {
        await using var fixture = Fixture();
        fixture.Log.AcknowledgesAtOnce = true;
        await fixture.EnqueueAsync(Record(0, "t-0", afterMillis: -Hour) with { Time = RecordTime.OfMillis(FirstTime - Hour) });
        await fixture.EnqueueAsync(Record(1, "t-1", afterMillis: -Hour - 1) with { Time = RecordTime.OfMillis(FirstTime - Hour) });
        await fixture.EnqueueAsync(Record(2, "t-2", afterMillis: -Hour - 1));
        await fixture.EnqueueAsync(Record(3, "t-3", afterMillis: -Hour - 1) with { Time = default });
        Assert.Equal(["time_too_old", "time_too_old", "time_too_old"], Reasons(fixture));
        // By its own time it is for every reader, so only the others are noted.
        Assert.Equal([1, 3], store.Quarantined.Select(q => q.Offset));
    }

    [Fact]
    public async Task A_timestamp_that_is_no_time_is_a_dead_letter_and_one_that_is_missing_is_not()
    {
        await using var fixture = Fixture();
        fixture.Log.AcknowledgesAtOnce = true;
        foreach (var (millis, offset) in new[] { FirstTime * 1_000, long.MaxValue, long.MinValue, -2, -1 }.Select((m, i) => (m, i)))
            await fixture.EnqueueAsync(Record(offset, $"t-{offset}") with { Time = RecordTime.OfMillis(millis) });
        Assert.Equal(Enumerable.Repeat("unreadable_record_time", 4), Reasons(fixture));
        Assert.Equal("t-4", (string)(await fixture.ScoreAsync(4))["transactionId"]!);
        Assert.Empty(store.Quarantined);
    }

    [Fact]
    public async Task Where_the_broker_stamps_the_records_its_clock_decides_and_nothing_is_noted()
    {
        await using var fixture = Fixture();
        fixture.Log.AcknowledgesAtOnce = true;
        var stamp = RecordTime.OfMillis(FirstTime + Day, isAppendTime: true);
        await fixture.EnqueueAsync(Record(0, "t-0", afterMillis: Day) with { Time = stamp });
        await fixture.EnqueueAsync(Record(1, "t-1", afterMillis: Day + 300_001) with { Time = stamp });
        Assert.Equal(["time_in_future"], Reasons(fixture));
        Assert.Empty(store.Quarantined);
    }

    [Fact]
    public async Task A_tick_of_the_year_9999_moves_nothing()
    {
        await using var fixture = Fixture();
        fixture.Log.AcknowledgesAtOnce = true;
        await fixture.EnqueueAsync(Record(0, "t-0"));
        foreach (var offset in new[] { 1, 2 })
        {
            var tick = Record(offset, "") with { Kind = RecordKind.Tick, Key = null, Value = Tick.Write(long.MaxValue), Time = offset == 1 ? default : RecordTime.OfMillis(EventTime.MaxMicros / 1_000) };
            await fixture.EnqueueAsync(tick);
        }

        await fixture.EnqueueAsync(Record(3, "t-3", afterMillis: 1));
        Assert.Equal(["time_in_future", "time_in_future"], Reasons(fixture));
        Assert.Equal(2, (int)(await fixture.ScoreAsync(3))["features"]!["count_1d"]!);
    }

    [Fact]
    public async Task A_quiet_shard_at_the_end_of_time_gets_a_tick_that_can_be_read_and_then_none()
    {
        clock.Now = DateTimeOffset.MaxValue;
        await using var services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        await using var fixture = new ShardFixture(o => o with { TickInterval = TimeSpan.FromMilliseconds(20), NudgeInterval = TimeSpan.FromMilliseconds(5) }, store, input, time: clock);
        fixture.Shard.Abandon();
        await fixture.Shard.Completion.WaitAsync(TimeSpan.FromSeconds(30));
        var shards = new ShardSet(fixture.Context);
        var shard = (ShardActor)shards.Open(0);
        shard.Begin(null, 0);
        shard.Committed(0);
        shard.Enqueue(Record(0, "t-0", json: """{"transactionId":"t-0","cardId":"c-1","amount":1,"eventTime":"9999-12-31T23:59:59.999Z"}""") with { Time = default });
        await fixture.Log.ReachedAsync(1);
        await using (new ShardClock(shards, fixture.Context, services.GetRequiredService<IMeterFactory>()))
            await fixture.Log.ReachedAsync(2);
        Assert.Null(Tick.Read(fixture.Log.Appended[1].Value, out var micros));
        Assert.Equal(EventTime.MaxMicros, micros);
        shard.Abandon();
        await shard.Completion.WaitAsync(TimeSpan.FromSeconds(30));
    }

    [Fact]
    public async Task A_record_in_a_partition_where_murmur2_does_not_put_its_key_is_a_dead_letter()
    {
        const int partitions = 4;
        string[] keys = [.. Enumerable.Range(0, 100).Select(i => $"c-{i}")];
        var here = keys.First(k => Murmur2.Partition(Encoding.UTF8.GetBytes(k), partitions) == 0);
        var elsewhere = keys.First(k => Murmur2.Partition(Encoding.UTF8.GetBytes(k), partitions) == 3);
        await using var fixture = new ShardFixture(store: store, input: input, partitions: partitions);
        fixture.Log.AcknowledgesAtOnce = true;
        await fixture.EnqueueAsync(Record(0, "t-0", card: here));
        await fixture.EnqueueAsync(Record(1, "t-1", card: elsewhere));
        await fixture.EnqueueAsync(Record(2, "t-1", card: elsewhere) with { Kind = RecordKind.Label, Value = Encoding.UTF8.GetBytes($$"""{"transactionId":"t-1","cardId":"{{elsewhere}}","label":true,"eventTime":{{FirstTime}}}""") });
        Assert.Equal(["key_mismatch", "key_mismatch"], Reasons(fixture));
        Assert.Contains("puts its key into partition 3", Encoding.UTF8.GetString(Header(fixture.Log.Appended[1], RecordHeaders.ReasonDetail)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(RecordStep.Decode)]
    [InlineData(RecordStep.Apply)]
    [InlineData(RecordStep.Write)]
    public async Task A_record_at_which_a_step_throws_twice_is_set_aside_and_the_others_are_scored_once(RecordStep where)
    {
        const int records = 30;
        const int bad = 11;
        await using var fixture = Fixture(probe: (step, r) => Throw(step == where && r.Offset == bad));
        fixture.Log.AcknowledgesAtOnce = true;
        for (var i = 0; i < records; i++)
            fixture.Enqueue(Record(i, $"t-{i}", afterMillis: i));
        await fixture.Log.ReachedAsync(records);
        await fixture.SettledAsync();
        Assert.Equal(["poison"], Reasons(fixture));
        Assert.Equal([bad], store.Quarantined.Select(q => q.Offset));
        var scores = fixture.Log.Appended.Where(r => r.Topic == "x.scores").Select(r => JsonNode.Parse(r.Value!)!).ToList();
        Assert.Equal(Enumerable.Range(0, records).Where(i => i != bad).Select(i => $"t-{i}"), scores.Select(s => (string)s["transactionId"]!));
        Assert.Equal(Enumerable.Range(1, records - 1), scores.Select(s => (int)s["features"]!["count_1d"]!));
        Assert.Equal(records, fixture.Shard.CommittableOffset);
        Assert.Equal(0, fixture.Shard.Waiting);
    }

    [Theory]
    [InlineData(RecordStep.Decode)]
    [InlineData(RecordStep.Apply)]
    [InlineData(RecordStep.Write)]
    public async Task A_record_at_which_a_step_throws_once_is_scored(RecordStep where)
    {
        const int records = 30;
        var failures = 1;
        await using var fixture = Fixture(probe: (step, r) => Throw(step == where && r.Offset == 11 && failures-- > 0));
        fixture.Log.AcknowledgesAtOnce = true;
        for (var i = 0; i < records; i++)
            fixture.Enqueue(Record(i, $"t-{i}", afterMillis: i));
        await fixture.Log.ReachedAsync(records);
        for (var i = 0; i < records; i++)
            Assert.Equal(i + 1, (int)(await fixture.ScoreAsync(i))["features"]!["count_1d"]!);
        Assert.Empty(store.Quarantined);
    }

    // The one in front fails last: its batch is taken back after one that came later.
    [Fact]
    public async Task Neighbours_that_throw_at_different_steps_are_all_set_aside()
    {
        const int records = 30;
        await using var fixture = Fixture(probe: (step, r) => Throw(step == r.Offset switch
        {
            9 => RecordStep.Write,
            10 => RecordStep.Apply,
            11 => RecordStep.Write,
            12 => RecordStep.Decode,
            _ => (RecordStep)(-1),
        }));
        fixture.Log.AcknowledgesAtOnce = true;
        for (var i = 0; i < records; i++)
            fixture.Enqueue(Record(i, $"t-{i}", afterMillis: i));
        await fixture.Log.ReachedAsync(records);
        await fixture.SettledAsync();
        Assert.Equal([9, 10, 11, 12], store.Quarantined.Select(q => q.Offset).Distinct().Order());
        Assert.Equal(records - 4, (int)(await fixture.ScoreAsync(records - 1))["features"]!["count_1d"]!);
        Assert.Equal(records, fixture.Log.Appended.Count);
    }

    private static void Throw(bool really)
    {
        if (really)
            throw new InvalidDataException("made to fail");
    }

    private static byte[] Header(in OutputRecord record, string name) => record.Headers!.Last(h => h.Name == name).Value;

    private static IEnumerable<string> Reasons(ShardFixture fixture) =>
        fixture.Log.Appended.Where(r => r.Topic == "x.transactions.dlq").Select(r => Encoding.UTF8.GetString(Header(r, RecordHeaders.Reason)));

    private ShardFixture Fixture(long? committed = null, Action<RecordStep, InputRecord>? probe = null) => new(
        o => o with { RecordFeatures = true },
        store,
        input,
        committed,
        probe: probe,
        hasSessions: false,
        time: clock,
        limits: new DecodeLimits { MaxTimeBehind = TimeSpan.FromHours(1) });
}
