using System.Diagnostics;
using System.Globalization;

using Scoring.Actors.Sql;
using Scoring.Host.Options;
using Scoring.IntegrationTests.State;
using Scoring.Models.Wire;

namespace Scoring.IntegrationTests;

[Collection(SharedPostgres.Name)]
public sealed class StopAndRebalanceTests(SharedPostgres postgres) : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("scoring-rebalance");

    private const int Records = 6_000;
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(10);

    public void Dispose() => folder.Delete(recursive: true);

    // The embedded broker keeps no offsets of transactions, and a node that does not know that it is one begins at its checkpoint: what was
    // scored behind it comes again, as the same bytes.
    [Theory]
    [InlineData("at_least_once")]
    [InlineData("exactly_once")]
    public async Task A_node_asked_to_stop_under_load_finishes_what_it_began_and_the_next_goes_on_behind_it(string guarantee)
    {
        using var broker = new TestBroker();
        using var client = new TestClient(broker);
        string[] settings = [.. ServeProcess.SettingsFor(broker), $"--Scoring:Output:Guarantee={guarantee}"];
        await using (var first = ServeProcess.Start(settings))
        {
            SendRange(client, 0, Records / 2);
            // It has begun, and more is on its way: the middle of the load.
            Assert.NotEmpty(client.Read("scores", 100, TimeSpan.Zero));
            SendRange(client, Records / 2, Records - 100);
            first.AskToStop();
            var stopping = Stopwatch.StartNew();
            await first.AssertExitsAsync(0);
            Assert.InRange(stopping.Elapsed, TimeSpan.Zero, StopLimit);
        }

        // The last hundred are the second's whatever the first had time for.
        SendRange(client, Records - 100, Records);
        client.Flush();
        await using var second = ServeProcess.Start(settings);
        if (guarantee == "at_least_once" || TestBroker.Given is not null)
            AssertScoredOnce(client, Records);
        else
            await Eventually.TrueAsync(() => IdsOf(client, Records).Distinct().Count() == Records, "every transaction is scored");
        second.AskToStop();
        await second.AssertExitsAsync(0);
    }

    [Fact]
    public async Task A_node_that_was_killed_leaves_nothing_unscored()
    {
        using var broker = new TestBroker();
        using var client = new TestClient(broker);
        var settings = ServeProcess.SettingsFor(broker);
        await using (var first = ServeProcess.Start(settings))
        {
            SendRange(client, 0, Records / 2);
            Assert.NotEmpty(client.Read("scores", 100, TimeSpan.Zero));
            first.KillAtOnce();
            await first.ExitAsync();
        }

        await using var second = ServeProcess.Start(settings);
        SendRange(client, Records / 2, Records);
        client.Flush();
        await Eventually.TrueAsync(() => IdsOf(client, Records).Distinct().Count() == Records, "every transaction is scored");
    }

    [Fact]
    public async Task Partitions_move_to_a_node_that_joins_and_back_with_their_state()
    {
        var cluster = new TestCluster();
        var states = await postgres.CreateDatabaseAsync();
        using var broker = new TestBroker();
        using var client = new TestClient(broker);
        await using var first = await RunningHost.StartAsync(broker, o => In(o, "first"));
        SendRange(client, 0, 2_000);
        await using (var second = await RunningHost.StartAsync(broker, o => In(o, "second")))
        {
            await Eventually.TrueAsync(() => first.Engine.Partitions().Count == 2 && second.Engine.Partitions().Count == 2, "each node has two partitions");
            SendRange(client, 2_000, 4_000);
            client.Flush();
            await Eventually.TrueAsync(() => second.Engine.Shards().Any(s => s.Progress.FinishedRecords > 0), "the second node scores");
        }

        await Eventually.TrueAsync(() => first.Engine.Partitions().Count == 4, "the first node has all partitions again");
        SendRange(client, 4_000, Records);
        client.Flush();
        await Eventually.TrueAsync(() => IdsOf(client, Records).Distinct().Count() == Records, "every transaction is scored");
        var scores = client.Read("scores", Records);
        Assert.All(
            scores.GroupBy(r => ScoreKeys.TryRead(r.Message.Value, out var keys) ? keys.TransactionId : "unreadable"),
            repeats => Assert.All(repeats, repeat => Assert.Equal(repeats.First().Message.Value, repeat.Message.Value)));

        ScoringOptions In(ScoringOptions o, string node) => cluster.Join(o) with { NodeId = node, State = o.State with { Provider = SqlProvider.Postgres, ConnectionString = states } };
    }

    [Fact]
    public async Task A_partition_whose_mailbox_is_full_is_paused_and_resumed_and_nothing_is_lost()
    {
        using var broker = new TestBroker();
        using var client = new TestClient(broker);
        await using var host = await RunningHost.StartAsync(broker, o => o with { Shards = o.Shards with { MailboxRecords = 32, MaxBatchRecords = 4, MaxUnacknowledgedBatches = 1 } });
        const int records = 1_500;
        SendRange(client, 0, records);
        client.Flush();
        AssertScoredOnce(client, records);
        var metrics = await host.Http.GetStringAsync("/metrics");
        Assert.Matches(@"(?m)^scoring_kafka_pauses_total\{\} [1-9]", metrics);
    }

    [Fact]
    public async Task Wrong_options_are_all_named_and_the_process_ends_with_status_2()
    {
        await using var process = ServeProcess.Start(
            "--Scoring:Shards:MaxBatchRecords=0",
            "--Scoring:Source:SessionTimeout=00:00:10",
            "--Scoring:Ledger:Retention=0s");
        Assert.Equal(2, await process.ExitAsync());
        Assert.Contains("Scoring:Shards:MaxBatchRecords", process.Errors, StringComparison.Ordinal);
        Assert.Contains("Scoring:Source:SessionTimeout", process.Errors, StringComparison.Ordinal);
        Assert.Contains("Scoring:Ledger:Retention", process.Errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--Scoring:Kafka:Client:no.such.setting=1", "no.such.setting")]
    [InlineData("--Scoring:Ledger:Path=/dev/null/ledger.db", "Scoring:Ledger:Path")]
    public async Task What_only_a_client_can_refuse_is_named_too(string setting, string named)
    {
        await using var process = ServeProcess.Start(setting, "--Scoring:Http:Urls=http://127.0.0.1:0");
        Assert.Equal(2, await process.ExitAsync());
        Assert.Contains(named, process.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", process.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_option_that_does_not_exist_is_refused()
    {
        await using var process = ServeProcess.Start("--Scoring:Shards:MaxBatchRecord=5");
        Assert.Equal(2, await process.ExitAsync());
        Assert.Contains("MaxBatchRecord", process.Errors, StringComparison.Ordinal);
    }

    private static void SendRange(TestClient client, int from, int to)
    {
        var start = DateTimeOffset.FromUnixTimeMilliseconds(1_772_366_400_000);
        for (var i = from; i < to; i++)
        {
            var value = string.Create(
                CultureInfo.InvariantCulture,
                $$"""{"transactionId":"t-{{i}}","cardId":"c-{{i % 97}}","userId":"u-{{i % 97}}","amount":5,"eventTime":"{{start.AddMilliseconds(i):yyyy-MM-ddTHH:mm:ss.fffZ}}"}""");
            client.Send($"u-{i % 97}", value);
        }
    }

    private static void AssertScoredOnce(TestClient client, int count)
    {
        var ids = IdsOf(client, count);
        Assert.Equal(Enumerable.Range(0, count).Select(i => $"t-{i}").Order(StringComparer.Ordinal), ids.Order(StringComparer.Ordinal));

        // Of one card, the scores come in the order of its transactions.
        Assert.All(
            ids.Select((id, place) => (Number: int.Parse(id.AsSpan(2), CultureInfo.InvariantCulture), place)).GroupBy(s => s.Number % 97),
            card => Assert.Equal(card.OrderBy(s => s.Number).Select(s => s.Number), card.OrderBy(s => s.place).Select(s => s.Number)));
    }

    private static List<string> IdsOf(TestClient client, int count) =>
        [.. client.Read("scores", count).Select(r => ScoreKeys.TryRead(r.Message.Value, out var keys) ? keys.TransactionId : "unreadable")];
}
