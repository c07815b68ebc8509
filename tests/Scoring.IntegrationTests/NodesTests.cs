using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using Npgsql;
using Scoring.Actors.Sql;
using Scoring.Host.Options;
using Scoring.IntegrationTests.State;
using Scoring.Kafka;

namespace Scoring.IntegrationTests;

/// <summary>Several nodes of one group, and several lives of one node.</summary>
[Collection(SharedPostgres.Name)]
public class NodesTests(SharedPostgres postgres)
{
    [Theory]
    [InlineData(SqlProvider.Sqlite)]
    [InlineData(SqlProvider.Postgres)]
    public async Task Any_node_answers_for_the_transactions_of_every_node(SqlProvider provider)
    {
        var database = provider == SqlProvider.Postgres ? await postgres.CreateDatabaseAsync() : "";
        using var broker = new TestBroker();
        var cluster = new TestCluster();
        var states = await postgres.CreateDatabaseAsync();
        await using var first = await StartAsync("first");
        await using var second = await StartAsync("second");
        await Eventually.TrueAsync(() => first.Engine.Partitions().Count == 2 && second.Engine.Partitions().Count == 2, "each node has two partitions");

        foreach (var host in new[] { first, second })
        {
            var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => PostAsync(host, $"{host.Engine.Owner.NodeId}-{i}", $"c-{i}")));
            Assert.All(answers, a => Assert.Equal(HttpStatusCode.OK, a.StatusCode));
        }

        foreach (var host in new[] { first, second })
        {
            foreach (var id in new[] { "first", "second" }.SelectMany(n => Enumerable.Range(0, 20).Select(i => $"{n}-{i}")))
                await Eventually.TrueAsync(async () => (await host.Http.GetAsync($"/v1/scores/{id}")).IsSuccessStatusCode, $"{host.Engine.Owner.NodeId} knows {id}");
        }

        Task<RunningHost> StartAsync(string node) => RunningHost.StartAsync(broker, o => cluster.Join(o) with
        {
            NodeId = node,
            State = o.State with { Provider = SqlProvider.Postgres, ConnectionString = states },
            Ledger = o.Ledger with { Provider = provider, ConnectionString = database },
        });
    }

    [Fact]
    public async Task Any_node_answers_for_the_features_and_the_shards_of_every_node()
    {
        var database = await postgres.CreateDatabaseAsync();
        using var broker = new TestBroker();
        var cluster = new TestCluster();
        await using var first = await StartAsync(broker, cluster, "first", database);
        await using var second = await StartAsync(broker, cluster, "second", database);
        await Eventually.TrueAsync(() => first.Engine.Partitions().Count == 2 && second.Engine.Partitions().Count == 2 && first.IsAtWork && second.IsAtWork, "each node has two partitions");
        await Task.WhenAll(Enumerable.Range(0, 20).Select(i => PostAsync(first, $"t-{i}", $"c-{i}")));

        foreach (var host in new[] { first, second })
        {
            for (var i = 0; i < 20; i++)
            {
                var path = $"/v1/cards/c-{i}/features";
                await Eventually.TrueAsync(async () => (await host.Http.GetAsync(path)).StatusCode != HttpStatusCode.NotFound, $"{path} is known");
                var entry = Assert.Single((await host.Http.GetFromJsonAsync<JsonObject>(path))!["entries"]!.AsArray())!;
                Assert.Equal(($"c-{i}", 1d), ((string)entry["userId"]!, (double)entry["features"]!["card_count_1d"]!));
            }

            await Eventually.TrueAsync(async () => (await ShardsAsync(host)).All(s => (string)s["state"]! == "live" && s["committedOffset"] is not null), "each shard is reported");
            var shards = await ShardsAsync(host);
            Assert.Equal([0, 1, 2, 3], shards.Select(s => (int)s["partition"]!));
            Assert.Equal(["first", "first", "second", "second"], shards.Select(s => (string)s["owner"]!).Order(StringComparer.Ordinal));
            Assert.All(shards, s => Assert.True((long)s["epoch"]! > 0));
        }
    }

    [Fact]
    public async Task A_node_that_relays_nothing_leaves_that_to_the_others_though_it_is_the_oldest()
    {
        using var broker = new TestBroker(partitions: 2);
        using var client = new TestClient(broker);
        var cluster = new TestCluster();
        var states = await postgres.CreateDatabaseAsync();
        await using var oldest = await RunningHost.StartAsync(broker, o => In(o, "oldest") with { Relay = o.Relay with { Enabled = false } });
        await using var other = await RunningHost.StartAsync(broker, o => In(o, "other"));
        for (var i = 0; i < 20; i++)
            client.SendTo("labels", $"k-{i}", $$"""{"transactionId":"t-{{i}}","cardId":"c","userId":"u-{{i}}","label":true,"eventTime":1772366400000}""");
        client.Flush();
        Assert.Equal(20, client.Read("transactions", 20).Count);

        ScoringOptions In(ScoringOptions o, string node) => cluster.Join(o) with { NodeId = node, State = o.State with { Provider = SqlProvider.Postgres, ConnectionString = states } };
    }

    [Fact]
    public async Task A_node_for_which_no_partition_is_left_is_ready_to_take_over()
    {
        using var broker = new TestBroker(partitions: 1);
        var cluster = new TestCluster();
        var states = await postgres.CreateDatabaseAsync();
        await using var first = await RunningHost.StartAsync(broker, o => In(o, "first"));
        await using var spare = await RunningHost.StartAsync(broker, o => In(o, "spare"));
        Assert.Equal(HttpStatusCode.OK, (await spare.Http.GetAsync("/health/ready")).StatusCode);

        ScoringOptions In(ScoringOptions o, string node) => cluster.Join(o) with { NodeId = node, State = o.State with { Provider = SqlProvider.Postgres, ConnectionString = states } };
    }

    [Fact]
    public async Task A_record_that_an_earlier_life_of_the_node_waited_for_answers_no_call_of_this_one()
    {
        using var broker = new TestBroker(partitions: 1);
        using var client = new TestClient(broker);
        for (var i = 0; i < 10_000; i++)
            client.Send("c"u8.ToArray(), Encoding.UTF8.GetBytes(Transaction($"old-{i}", "c")), replyTo: $"{0x1234:x8}-{1:x32}");
        client.Flush();
        // The call is the first of this life, and its transaction stands behind all those records.
        await using var host = await RunningHost.StartAsync(broker, o => o with { NodeId = "node" });
        var answer = await PostAsync(host, "new", "c");
        Assert.Equal("new", (string)(await answer.Content.ReadFromJsonAsync<JsonObject>())!["transactionId"]!);
    }

    private static Task<RunningHost> StartAsync(TestBroker broker, TestCluster cluster, string node, string database) => RunningHost.StartAsync(broker, o => cluster.Join(o) with
    {
        NodeId = node,
        State = o.State with { Provider = SqlProvider.Postgres, ConnectionString = database },
        Ledger = o.Ledger with { Provider = SqlProvider.Postgres, ConnectionString = database },
    });

    private static async Task<IReadOnlyList<JsonNode>> ShardsAsync(RunningHost host) =>
        [.. (await host.Http.GetFromJsonAsync<JsonObject>("/v1/shards"))!["shards"]!.AsArray().Select(s => s!)];

    private static Task<HttpResponseMessage> PostAsync(RunningHost host, string id, string card) =>
        host.Http.PostAsync("/v1/score", new StringContent(Transaction(id, card), Encoding.UTF8, "application/json"));

    private static string Transaction(string id, string card) =>
        $$"""{"transactionId":"{{id}}","cardId":"{{card}}","amount":1,"eventTime":"2026-03-01T12:00:00Z"}""";
}
