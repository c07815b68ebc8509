using System.Globalization;
using Akka.Actor;
using Akka.TestKit;
using Akka.TestKit.Xunit2;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;
using Scoring.Actors.Ledger;
using Scoring.Actors.Messages;
using Scoring.Actors.Sql;
using Scoring.IntegrationTests.State;
using Scoring.Models.Wire;
using Scoring.Servers;

namespace Scoring.IntegrationTests.Ledger;

/// <summary>The owners of the scores' partitions on the embedded broker, each with a probe in its partition's place.</summary>
public sealed class LedgerOwnerTests : TestKit, IAsyncLifetime
{
    private const int Partitions = 2;
    private const int Scores = 2_000;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly TestBroker broker = new(Partitions);
    private readonly TestMeters meters = new();
    private readonly RecordingLogger<LedgerWriter> log = new();
    private readonly RecordingLogger<LedgerOwners> ownersLog = new();
    private readonly TestClient client;
    private readonly string folder = Directory.CreateTempSubdirectory("scoring-test-").FullName;
    private readonly List<LedgerNode> nodes = [];
    private long generations;

    public LedgerOwnerTests()
        : base("akka.loglevel = WARNING") => client = new TestClient(broker);

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        await Sys.Terminate();
        foreach (var node in nodes)
            await node.DisposeAsync();
        meters.Dispose();
        client.Dispose();
        broker.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task Each_score_is_written_once_through_hand_overs_deaths_and_an_unstable_database()
    {
        var round = 0;
        MemoryLedger? ledger = null;
        ledger = new MemoryLedger
        {
            Before = (number, rows, steps) =>
            {
                // Every third answer is lost, half of them after the write.
                if (number % 6 == 0)
                    ledger!.WriteAsOther(rows, steps);
                if (number % 3 == 0)
                    throw new LedgerUnavailableException("away", null);
            },
            BeforeReading = () =>
            {
                if (Interlocked.Increment(ref round) % 5 == 0)
                    throw new LedgerUnavailableException("away", null);
            },
        };
        LedgerNode[] both = [Start(ledger), Start(ledger)];
        for (var turn = 0; turn < 6; turn++)
        {
            Send(turn * Scores / 6, (turn + 1) * Scores / 6);
            var owners = Enumerable.Range(0, Partitions).Select(p => Own(both[turn % 2], p)).ToList();
            foreach (var owner in owners)
                await owner.Probe.ExpectMsgAsync<WentLive>(Patience);
            if (turn == 5)
                await Eventually.TrueAsync(() => IsWhole(ledger), "each score is in the ledger");
            foreach (var owner in owners)
            {
                if (turn % 2 == 0)
                    owner.Actor.Tell(Drain.Instance);
                else
                    Sys.Stop(owner.Actor);
            }

            if (turn % 2 != 0)
                continue;
            foreach (var owner in owners)
                await owner.Probe.ExpectMsgAsync<GaveBack>(Patience);
        }

        Assert.True(IsWhole(ledger));
    }

    [Fact]
    public async Task An_owner_that_another_has_overtaken_gives_up_and_the_next_goes_on_from_where_the_ledger_is()
    {
        MemoryLedger? ledger = null;
        ledger = new MemoryLedger
        {
            Before = (number, rows, steps) =>
            {
                if (number is 1 or 3)
                    ledger!.WriteAsOther(rows, steps);
            },
        };
        var node = Start(ledger);
        Send(0, Scores);
        var first = Own(node, 0);
        await first.Probe.ExpectMsgAsync<WentLive>(Patience);
        var lost = await first.Probe.ExpectMsgAsync<Lost>(Patience);
        Assert.Equal(LossCause.Unavailable, lost.Cause);
        // The arrangement of a node's own begins each again.
        Sys.ActorOf(LedgerFillActor.Of(node.Owners));
        await Eventually.TrueAsync(() => IsWhole(ledger), "each score is in the ledger");
    }

    [Fact]
    public async Task A_ledger_that_cannot_be_written_is_a_problem_until_it_can_and_nobody_gives_up()
    {
        var fails = true;
        var ledger = new MemoryLedger
        {
            Before = (_, _, _) =>
            {
                if (Volatile.Read(ref fails))
                    throw new LedgerUnavailableException("the disk is full", null);
            },
        };
        var node = Start(ledger);
        Send(0, 100);
        var owner = Own(node, 0);
        await owner.Probe.ExpectMsgAsync<WentLive>(Patience);
        await Eventually.TrueAsync(() => node.Writer.Progress.Problems.Contains("the ledger can't be written: the disk is full"), "the failure is told");
        Volatile.Write(ref fails, false);
        await Eventually.TrueAsync(() => node.Writer.Partitions() is [{ NextOffset: > 0, Lag: 0 }] && !node.Writer.Progress.Problems.Any(), "the ledger is written");
        Assert.False(owner.Probe.HasMessages);
        Assert.Single(log.Entries, e => e.Level == LogLevel.Error && e.Message.StartsWith("The ledger can't be written (the disk is full)", StringComparison.Ordinal));
        owner.Actor.Tell(Drain.Instance);
        await owner.Probe.ExpectMsgAsync<GaveBack>(Patience);
        await Eventually.TrueAsync(() => node.Writer.Partitions().Count == 0, "the partition is not this node's any more");
    }

    [Fact]
    public async Task A_PostgreSQL_that_goes_away_and_comes_back_has_each_score_in_the_end()
    {
        await using var server = await PostgresServer.StartAsync();
        using var ledger = ScoreLedgers.Open(new LedgerOptions { Provider = SqlProvider.Postgres, ConnectionString = server.ConnectionString, CommandTimeout = TimeSpan.FromSeconds(1) });
        var node = Start(ledger);
        Send(0, Scores / 2);
        var owners = Enumerable.Range(0, Partitions).Select(p => Own(node, p)).ToList();
        foreach (var owner in owners)
            await owner.Probe.ExpectMsgAsync<WentLive>(Patience);
        await Eventually.TrueAsync(() => Written(node) > 0, "some of it is written");
        await server.StopImmediateAsync();
        Send(Scores / 2, Scores);
        await Eventually.TrueAsync(() => node.Writer.Progress.Problems.Any(), "the failure is told");
        await server.RestartAsync();
        await Eventually.TrueAsync(() => Written(node) == Scores, "each score is in the ledger");
        Assert.All(owners, o => Assert.False(o.Probe.HasMessages));
        for (var i = 0; i < Scores; i += 101)
            Assert.Single(await ledger.FindAsync(new ScoreSearch($"t-{i}"), IdPosition.Start, 9, default));
    }

    [Fact]
    public async Task A_drain_does_not_wait_for_a_database_that_is_away()
    {
        var ledger = new MemoryLedger { Before = (_, _, _) => throw new LedgerUnavailableException("away", null) };
        var node = Start(ledger);
        Send(0, 100);
        var owner = Own(node, 0);
        await owner.Probe.ExpectMsgAsync<WentLive>(Patience);
        await Eventually.TrueAsync(() => node.Writer.Progress.Problems.Any(), "the failure is told");
        owner.Actor.Tell(Drain.Instance);
        await owner.Probe.ExpectMsgAsync<GaveBack>(Patience);
        await Eventually.TrueAsync(() => !node.Writer.Progress.Problems.Any(), "nothing waits for it any more");
    }

    [Fact]
    public async Task A_row_that_the_database_cannot_hold_is_left_out_and_those_around_it_are_written()
    {
        using var refused = new CounterReading(meters, "scoring.ledger.refused");
        var path = Path.Combine(folder, "ledger.db");
        using var ledger = ScoreLedgers.Open(new LedgerOptions { Path = path });
        using (var other = new SqliteConnection($"Data Source={path};Pooling=False"))
        {
            other.Open();
            using var command = other.CreateCommand();
            command.CommandText = "CREATE TRIGGER poison BEFORE INSERT ON scores WHEN NEW.transaction_id IN ('t-7', 't-61', 't-99') BEGIN SELECT RAISE(ABORT, 'poison'); END";
            command.ExecuteNonQuery();
        }

        Send(0, 100);
        var node = Start(ledger);
        Sys.ActorOf(LedgerFillActor.Of(node.Owners));
        await Eventually.TrueAsync(() => Enumerable.Range(0, Partitions).Sum(p => ledger.NextOffset(broker.Prefix + "scores", p) ?? 0) == 100, "the ledger has caught up");
        Assert.Equal(3, refused.Total);
        for (var i = 0; i < 100; i++)
            Assert.Equal(i is 7 or 61 or 99 ? 0 : 1, (await ledger.FindAsync(new ScoreSearch($"t-{i}"), IdPosition.Start, 9, default)).Count);
        Assert.Equal(3, log.Entries.Count(e => e.Level == LogLevel.Error));
        Assert.Empty(node.Writer.Progress.Problems);
    }

    [Fact]
    public async Task What_is_no_score_is_counted_and_passed_over()
    {
        using var unreadable = new CounterReading(meters, "scoring.ledger.unreadable");
        var ledger = new MemoryLedger();
        client.SendTo("scores", "k", "junk");
        client.Flush();
        Send(0, 10);
        Sys.ActorOf(LedgerFillActor.Of(Start(ledger).Owners));
        await Eventually.TrueAsync(() => ledger.Count == 10 && Ends(ledger) == 11, "the ledger has caught up");
        Assert.Equal(1, unreadable.Total);
    }

    [EmbeddedBrokerFact]
    public async Task Scores_that_left_the_log_before_they_were_read_are_counted_once_and_told_as_an_error()
    {
        const int many = 12_000;
        using var reading = new ManualResetEventSlim();
        using var lost = new CounterReading(meters, "scoring.ledger.lost");
        var ledger = new MemoryLedger { Before = (_, _, _) => reading.Wait() };
        var node = Start(ledger);
        var owner = Own(node, 0);
        await owner.Probe.ExpectMsgAsync<WentLive>(Patience);
        Send(0, many, Kafka.ConnectorNode.KeyOf(0, Partitions), pad: 900);
        reading.Set();

        await Eventually.TrueAsync(() => ledger.At(0) == many && !node.Writer.Progress.Problems.Any(), "the ledger was outrun and has caught up");
        Assert.True(node.Writer.Progress.Lost > 0);
        Assert.Equal(many, ledger.Count + node.Writer.Progress.Lost);
        Assert.Equal(node.Writer.Progress.Lost, lost.Total);
        Assert.Equal(new LedgerPartition(0, many, many, lost.Total), Assert.Single(node.Writer.Partitions()));
        Assert.Contains(ownersLog.Entries, e => e.Level == LogLevel.Error && e.Message.Contains($"{broker.Prefix}scores[0] holds offsets", StringComparison.Ordinal));
        Assert.False(owner.Probe.HasMessages);

        owner.Actor.Tell(Drain.Instance);
        await owner.Probe.ExpectMsgAsync<GaveBack>(Patience);
        var second = Start(ledger);
        await Own(second, 0).Probe.ExpectMsgAsync<WentLive>(Patience);
        Send(many, many + 1, Kafka.ConnectorNode.KeyOf(0, Partitions));
        await Eventually.TrueAsync(() => ledger.At(0) == many + 1, "the ledger goes on");
        Assert.Equal(0, second.Writer.Progress.Lost);
    }

    [EmbeddedBrokerFact]
    public async Task What_leaves_the_log_before_the_very_first_write_is_counted_too()
    {
        var ledger = new MemoryLedger();
        var node = Start(ledger);
        var owner = Own(node, 0);
        await owner.Probe.ExpectMsgAsync<WentLive>(Patience);
        broker.Embedded.SetDown();
        broker.Embedded.SetUp();
        Send(0, 12_000, Kafka.ConnectorNode.KeyOf(0, Partitions), pad: 900);
        await Eventually.TrueAsync(() => ledger.At(0) == 12_000 && !node.Writer.Progress.Problems.Any(), "the ledger has caught up");
        Assert.Equal(12_000, ledger.Count + node.Writer.Progress.Lost);
    }

    [Fact]
    public async Task A_topic_that_ends_before_where_the_ledger_is_was_made_anew_and_is_read_from_its_beginning()
    {
        var ledger = new MemoryLedger();
        ledger.WriteAsOther([], [new LedgerStep(0, null, 500)]);
        Send(0, 20, Kafka.ConnectorNode.KeyOf(0, Partitions));
        var node = Start(ledger);
        await Own(node, 0).Probe.ExpectMsgAsync<WentLive>(Patience);
        await Eventually.TrueAsync(() => ledger.Count == 20 && !node.Writer.Progress.Problems.Any(), "each score is in the ledger");
        Assert.Equal(20, ledger.At(0));
        Assert.Contains("ends at offset 20, before offset 500", Assert.Single(ownersLog.Entries, e => e.Level == LogLevel.Error).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_node_fills_a_file_of_its_own_from_all_partitions_and_drains_when_told()
    {
        using var ledger = ScoreLedgers.Open(new LedgerOptions { Path = Path.Combine(folder, "own.db") });
        var node = Start(ledger);
        var fill = Sys.ActorOf(LedgerFillActor.Of(node.Owners));
        Send(0, Scores);
        await Eventually.TrueAsync(() => Enumerable.Range(0, Partitions).Sum(p => node.Writer.NextOffset(p) ?? 0) == Scores, "the ledger has caught up");
        Assert.Single(await ledger.FindAsync(new ScoreSearch($"t-{Scores - 1}"), IdPosition.Start, 9, default));
        Assert.True(node.Writer.Joined.IsCompleted);
        Watch(fill);
        fill.Tell(Drain.Instance);
        await ExpectTerminatedAsync(fill, Patience);
        Assert.Empty(node.Writer.Partitions());
    }

    [Fact]
    public async Task Tables_of_an_earlier_version_end_the_writer_by_name()
    {
        var ledger = new MemoryLedger { BeforeReading = static () => throw new LedgerLayoutException("memory", "scores") };
        var node = Start(ledger);
        var owner = Own(node, 0);
        await owner.Probe.ExpectMsgAsync<Lost>(Patience);
        await Assert.ThrowsAsync<LedgerLayoutException>(() => node.Writer.Failure);
    }

    private static long Written(LedgerNode node) => Enumerable.Range(0, Partitions).Sum(p => node.Writer.NextOffset(p) ?? 0);

    private static bool IsWhole(MemoryLedger ledger) => ledger.Count == Scores && Ends(ledger) == Scores;

    private static long Ends(MemoryLedger ledger) => Enumerable.Range(0, Partitions).Sum(p => ledger.At(p) ?? 0);

    [Fact]
    public async Task What_is_old_is_told_by_the_nodes_clock_and_by_no_event()
    {
        client.SendTo("scores", "u-1", """{"transactionId":"t-9999","cardId":"c","userId":"u-1","eventTime":"9999-12-31T23:59:59Z"}""");
        // It looks for what is old once in many writes.
        Send(0, Scores);
        var now = new DateTimeOffset(2026, 5, 1, 0, 0, 0, TimeSpan.Zero);
        var written = new List<long>();
        var ledger = new MemoryLedger { Before = (_, rows, _) => written.AddRange(rows.Select(r => r.WrittenMicros)) };
        Sys.ActorOf(LedgerFillActor.Of(Start(ledger, new StandingClock(now), maxBatchRows: 5).Owners));
        await Eventually.TrueAsync(() => ledger.Count == Scores + 1, "each score is in the ledger");
        Assert.All(written, w => Assert.Equal(EventTime.Of(now), w));
        await Eventually.TrueAsync(() => ledger.PrunedBefore == EventTime.Of(now.AddDays(-90)), "what is older than the retention is removed");
    }

    private LedgerNode Start(IScoreLedger ledger, TimeProvider? clock = null, int maxBatchRows = 50)
    {
        var node = new LedgerNode(broker, ledger, meters, log, ownersLog, maxBatchRows, clock);
        nodes.Add(node);
        return node;
    }

    private (IActorRef Actor, TestProbe Probe) Own(LedgerNode node, int partition)
    {
        var probe = CreateTestProbe();
        return (Sys.ActorOf(node.Owners.Owner(partition, ++generations, probe)), probe);
    }

    private void Send(int from, int to, string? key = null, int pad = 0)
    {
        var padding = new string('x', pad);
        for (var i = from; i < to; i++)
        {
            client.SendTo("scores", key ?? $"u-{i % 97}", string.Create(
                CultureInfo.InvariantCulture, $$"""{"transactionId":"t-{{i}}","cardId":"c","userId":"u-{{i % 97}}","eventTime":"2026-03-01T12:00:00Z","pad":"{{padding}}"}"""));
            if (i % 1_000 == 0)
                client.Flush();
        }

        client.Flush();
    }

    private sealed class StandingClock(DateTimeOffset now) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => now;
    }
}
