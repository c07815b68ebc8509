using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using Scoring.Actors.Sql;
using Scoring.IntegrationTests.State;

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
        await using var first = await StartAsync("first");
        await using var second = await StartAsync("second");
        await Eventually.TrueAsync(() => first.Node.Partitions().Count == 2 && second.Node.Partitions().Count == 2, "each node has two partitions");

        foreach (var host in new[] { first, second })
        {
            var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => PostAsync(host, $"{host.Node.Options.NodeId}-{i}", $"c-{i}")));
            Assert.All(answers, a => Assert.Equal(HttpStatusCode.OK, a.StatusCode));
        }

        foreach (var host in new[] { first, second })
        {
            foreach (var id in new[] { "first", "second" }.SelectMany(n => Enumerable.Range(0, 20).Select(i => $"{n}-{i}")))
                await Eventually.TrueAsync(async () => (await host.Http.GetAsync($"/v1/scores/{id}")).IsSuccessStatusCode, $"{host.Node.Options.NodeId} knows {id}");
        }

        Task<RunningHost> StartAsync(string node) => RunningHost.StartAsync(broker, o => o with
        {
            NodeId = node,
            Ledger = o.Ledger with { Provider = provider, ConnectionString = database },
        });
    }

    [Fact]
    public async Task A_node_for_which_no_partition_is_left_is_ready_to_take_over()
    {
        using var broker = new TestBroker(partitions: 1);
        await using var first = await RunningHost.StartAsync(broker, o => o with { NodeId = "first" });
        await using var spare = await RunningHost.StartAsync(broker, o => o with { NodeId = "spare" });
        Assert.Equal(HttpStatusCode.OK, (await spare.Http.GetAsync("/health/ready")).StatusCode);
    }

    [Fact]
    public async Task A_record_that_an_earlier_life_of_the_node_waited_for_answers_no_call_of_this_one()
    {
        using var broker = new TestBroker(partitions: 1);
        using var client = new TestClient(broker.BootstrapServers);
        for (var i = 0; i < 10_000; i++)
            client.Send("c"u8.ToArray(), Encoding.UTF8.GetBytes(Transaction($"old-{i}", "c")), replyTo: "node:1");
        client.Flush();
        // The call is the first of this life, and its transaction stands behind all those records.
        await using var host = await RunningHost.StartAsync(broker, o => o with { NodeId = "node" });
        var answer = await PostAsync(host, "new", "c");
        Assert.Equal("new", (string)(await answer.Content.ReadFromJsonAsync<JsonObject>())!["transactionId"]!);
    }

    private static Task<HttpResponseMessage> PostAsync(RunningHost host, string id, string card) =>
        host.Http.PostAsync("/v1/score", new StringContent(Transaction(id, card), Encoding.UTF8, "application/json"));

    private static string Transaction(string id, string card) =>
        $$"""{"transactionId":"{{id}}","cardId":"{{card}}","amount":1,"eventTime":"2026-03-01T12:00:00Z"}""";
}
