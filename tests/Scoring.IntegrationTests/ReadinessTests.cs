using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.Data.Sqlite;
using Scoring.Host.Options;
using Scoring.Servers;

namespace Scoring.IntegrationTests;

/// <summary>That a node which is not ready says why, and that a store in trouble does not end it.</summary>
public sealed class ReadinessTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("scoring-ready-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task A_node_whose_store_is_away_says_so_and_what_the_store_said()
    {
        using var broker = new TestBroker();
        var path = Path.Combine(folder, "state.db");
        await using var host = await RunningHost.StartAsync(broker, options => options with
        {
            State = options.State with { Path = path, CommandTimeout = TimeSpan.FromMilliseconds(200), CheckpointInterval = TimeSpan.FromMilliseconds(50) },
        });
        using var client = new TestClient(broker);
        await using (var other = new SqliteConnection($"Data Source={path};Pooling=False"))
        {
            await other.OpenAsync();
            await using var held = other.BeginTransaction();
            Send(client, 0, 10);
            await Eventually.TrueAsync(
                async () => await WhyNotAsync(host) is var why && why.Contains("the snapshot store is away, and partitions wait for it: SQLite file", StringComparison.Ordinal) && why.Contains("locked", StringComparison.Ordinal),
                "it says that its store is away, and what the store says");
            Assert.Contains((await ShardsAsync(host))["problems"]!.AsArray(), p => ((string)p!).StartsWith("the snapshot store is away", StringComparison.Ordinal));
        }

        await Eventually.TrueAsync(async () => await WhyNotAsync(host) == "", "the node is ready again");
    }

    [SmallDiskFact]
    public async Task A_node_whose_disk_is_full_stays_says_so_and_goes_on_once_there_is_room()
    {
        using var disk = SmallDisk.Mount(kibibytes: 8_192);
        using var broker = new TestBroker();
        await using var host = await RunningHost.StartAsync(broker, options => Small(options, disk));
        using var client = new TestClient(broker);
        Send(client, 0, 100);
        await Eventually.TrueAsync(async () => await InLedgerAsync(host) == 100, "the ledger has read the first scores");
        disk.Fill();

        Send(client, 100, 3_000);
        await Eventually.TrueAsync(
            async () => await WhyNotAsync(host) is var why && why.Contains("the ledger can't be written", StringComparison.Ordinal) && why.Contains("the snapshot store is away", StringComparison.Ordinal),
            "it says that neither the state nor the ledger can be written");
        Assert.Contains("full", await WhyNotAsync(host), StringComparison.Ordinal);
        Assert.False(host.Completion.IsCompleted);
        Assert.Equal(HttpStatusCode.OK, (await host.Http.GetAsync("/health/live")).StatusCode);
        var metrics = await host.Http.GetStringAsync("/metrics");
        Assert.Contains("scoring_ledger_failing 1", metrics, StringComparison.Ordinal);

        disk.Free();
        await Eventually.TrueAsync(async () => await WhyNotAsync(host) == "" && await InLedgerAsync(host) == 3_000, "the node is ready again and the ledger whole");
        Assert.Equal(HttpStatusCode.OK, (await host.Http.GetAsync("/v1/scores/t-2999")).StatusCode);
        Assert.Equal(3_000, client.Read("scores", 3_000).Count);
    }

    private static ScoringOptions Small(ScoringOptions options, SmallDisk disk) => options with
    {
        State = options.State with { Path = Path.Combine(disk.Folder, "state.db"), CheckpointInterval = TimeSpan.FromMilliseconds(50) },
        Ledger = options.Ledger with { Path = Path.Combine(disk.Folder, "ledger.db"), RetryDelay = TimeSpan.FromMilliseconds(20), LongestRetryDelay = TimeSpan.FromMilliseconds(200) },
    };

    private static async Task<long> InLedgerAsync(RunningHost host) => (await ShardsAsync(host))["ledger"]!["partitions"]!.AsArray().Sum(p => (long?)p!["nextOffset"] ?? 0);

    private static async Task<string> WhyNotAsync(RunningHost host)
    {
        using var answer = await host.Http.GetAsync("/health/ready");
        if (answer.StatusCode == HttpStatusCode.OK)
            return "";
        var detail = (string)(await answer.Content.ReadFromJsonAsync<JsonObject>())!["detail"]!;
        Assert.NotEqual("", detail);
        return detail;
    }

    private static async Task<JsonObject> ShardsAsync(RunningHost host) => (await host.Http.GetFromJsonAsync<JsonObject>("/v1/shards"))!;

    private static void Send(TestClient client, int from, int to)
    {
        for (var i = from; i < to; i++)
        {
            client.Send($"u-{i % 97}", string.Create(
                CultureInfo.InvariantCulture,
                $$"""{"transactionId":"t-{{i}}","cardId":"c-{{i}}","userId":"u-{{i % 97}}","amount":5,"eventTime":1772366400000}"""));
        }

        client.Flush();
    }
}
