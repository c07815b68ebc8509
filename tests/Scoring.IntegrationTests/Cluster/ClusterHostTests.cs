using System.Net;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Scoring.Actors.Log;
using Scoring.Actors.Partitions;
using Scoring.Actors.State;
using Scoring.Host;
using Scoring.Host.Cluster;
using Scoring.Host.Options;
using Scoring.Kafka.Consumers;

namespace Scoring.IntegrationTests.Cluster;

/// <summary>A whole node on the engine of a cluster, with stub owners, over HTTP.</summary>
public sealed class ClusterHostTests
{
    private const int Partitions = 4;

    private static readonly string[] Settings = ["--Scoring:Http:Urls=http://127.0.0.1:0", "--Logging:LogLevel:Default=None"];

    [Fact]
    public async Task A_node_is_a_cluster_of_one_tells_of_it_and_ends_in_order()
    {
        var log = new OwnerLog();
        await using var host = Create(log, partitions: _ => Task.FromResult(Partitions));
        await host.StartAsync(CancellationToken.None);
        var status = host.RunAsync();
        using var http = new HttpClient { BaseAddress = new Uri(host.Address) };
        await Eventually.TrueAsync(() => host.IsAtWork, "the node is at work");

        var cluster = JsonNode.Parse(await http.GetStringAsync("/v1/cluster"))!;
        var self = (string)cluster["self"]!;
        Assert.StartsWith("akka.tcp://scoring@127.0.0.1:", self, StringComparison.Ordinal);
        Assert.Equal((self, self, false), ((string)cluster["leader"]!, (string)cluster["coordinator"]!, (bool)cluster["versionsDiffer"]!));
        var member = Assert.Single(cluster["members"]!.AsArray())!;
        Assert.Equal((self, "up", true, ClusterServices.Version), ((string)member["address"]!, (string)member["status"]!, (bool)member["reachable"]!, (string)member["appVersion"]!));
        Assert.Equal(["relay", "scorer"], member["roles"]!.AsArray().Select(r => (string)r!));
        Assert.Equal(Enumerable.Range(0, Partitions).Select(p => (p, self)), cluster["partitions"]!.AsArray().Select(p => ((int)p!["partition"]!, (string)p["member"]!)));

        var shards = JsonNode.Parse(await http.GetStringAsync("/v1/shards"))!["shards"]!.AsArray();
        Assert.Equal(Enumerable.Range(0, Partitions), shards.Select(s => (int)s!["partition"]!));
        Assert.All(shards, s => Assert.Equal(("live", 1L), ((string)s!["state"]!, (long)s["epoch"]!)));
        Assert.Contains("/v1/cluster", await http.GetStringAsync("/openapi/v1.json"), StringComparison.Ordinal);

        host.Services.GetRequiredService<IHostApplicationLifetime>().StopApplication();
        Assert.Equal(0, await status);
        Assert.All(Enumerable.Range(0, Partitions), p => Assert.Equal(["live", "gave back"], log.Of(p).Select(e => e.Did)));
    }

    [Fact]
    public async Task A_node_that_does_not_know_its_log_yet_owns_nothing_and_says_so()
    {
        var known = new TaskCompletionSource<int>();
        await using var host = Create(new OwnerLog(), known.Task.WaitAsync);
        await host.StartAsync(CancellationToken.None);
        using var http = new HttpClient { BaseAddress = new Uri(host.Address) };
        await Eventually.TrueAsync(async () => (await http.GetAsync("/v1/cluster")).StatusCode == HttpStatusCode.OK, "the actor system has started");
        Assert.Empty(JsonNode.Parse(await http.GetStringAsync("/v1/cluster"))!["partitions"]!.AsArray());
        Assert.False(host.IsAtWork);
        known.SetResult(Partitions);
        await Eventually.TrueAsync(() => host.IsAtWork, "the node is at work");
    }

    [Fact]
    public async Task A_node_that_was_downed_exits_with_another_status_than_0()
    {
        var exit = Environment.ExitCode;
        try
        {
            await using var host = Create(new OwnerLog(), _ => Task.FromResult(Partitions));
            await host.StartAsync(CancellationToken.None);
            var status = host.RunAsync();
            await Eventually.TrueAsync(() => host.IsAtWork, "the node is at work");
            var cluster = Akka.Cluster.Cluster.Get(host.Services.GetRequiredService<ClusterLife>().System);
            cluster.Down(cluster.SelfAddress);
            Assert.Equal(1, await status);
            Assert.Contains("downed", host.Completion.Exception!.GetBaseException().Message, StringComparison.Ordinal);
        }
        finally
        {
            // Akka.Hosting sets it for a program that returns none.
            Environment.ExitCode = exit;
        }
    }

    [Fact]
    public async Task Halted_it_reads_nothing_more_and_says_why()
    {
        await using var host = Create(new OwnerLog(), _ => Task.FromResult(Partitions));
        await host.StartAsync(CancellationToken.None);
        await Eventually.TrueAsync(() => host.IsAtWork, "the node is at work");
        host.Services.GetRequiredService<IShardEngine>().Halt("topic_replaced");
        using var http = new HttpClient { BaseAddress = new Uri(host.Address) };
        await Eventually.TrueAsync(
            async () => await (await http.GetAsync("/v1/shards")).Content.ReadAsStringAsync() is var why && Enumerable.Range(0, Partitions).All(p => why.Contains($"partition {p} is down (topic_replaced)", StringComparison.Ordinal)),
            "each partition is down");
    }

    private static ScoringHost Create(OwnerLog log, Func<CancellationToken, Task<int>> partitions)
    {
        var builder = ScoringHost.NodeBuilder(SettingArguments.Read(Settings), null, TimeProvider.System);
        builder.Services.AddSingleton<IShardEngine>(p => new ClusterShardEngine(new ClusterEngineSetup(
            new ShardOwner(p.GetRequiredService<NodeName>().Value, null),
            () => p.GetRequiredService<ClusterLife>().System,
            cancellation =>
            {
                p.GetRequiredService<NodeConsumer>().Start();
                return partitions(cancellation);
            },
            (partition, generation, reportsTo) => StubOwner.Props(partition, generation, reportsTo, "alone", log),
            _ => Task.FromResult(new LogProgress(0, 0)))));
        return ScoringHost.Create(builder, Settings);
    }
}
