using System.Text.Json.Nodes;
using Akka.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Scoring.Actors.Log;
using Scoring.Actors.Partitions;
using Scoring.Actors.State;
using Scoring.Host;
using Scoring.Host.Cluster;
using Scoring.Host.Options;
using Scoring.Kafka.Consumers;
using Scoring.Servers;

namespace Scoring.IntegrationTests.Cluster;

/// <summary>Whole nodes, with stub owners, that find each other as the chart has them do: by the pods that the Kubernetes API lists.</summary>
public sealed class KubernetesDiscoveryTests : IAsyncLifetime
{
    private const int Partitions = 6;

    private readonly OwnerLog log = new();
    private readonly List<(ScoringHost Host, HttpClient Http)> nodes = [];
    private FakeKubernetes kubernetes = null!;

    public async Task InitializeAsync() => kubernetes = await FakeKubernetes.StartAsync("payments");

    public async Task DisposeAsync()
    {
        foreach (var (host, http) in nodes)
        {
            http.Dispose();
            await host.DisposeAsync();
        }

        await kubernetes.DisposeAsync();
    }

    [Fact]
    public async Task Three_nodes_begin_one_cluster_and_one_of_another_version_takes_over_what_an_old_one_gives_back()
    {
        // None of them is a member, or is one any more.
        kubernetes.Add(null, 8558);
        kubernetes.Add("127.0.0.9", 8558, app: "other");
        kubernetes.Add("127.0.0.9", 8558, isEnding: true);
        foreach (var address in new[] { "127.0.0.1", "127.0.0.2", "127.0.0.3" })
            await StartAsync(address, "v1.2.3");
        await Eventually.TrueAsync(() => nodes.All(n => n.Host.IsAtWork), "all nodes are ready");
        await Eventually.TrueAsync(async () => (await ViewsAsync()).All(v => Up(v).Length == 3 && Owners(v).Count == 3), "all are in one cluster, with partitions");
        var views = await ViewsAsync();
        Assert.Single(views.Select(v => (string)v["leader"]!).Distinct());
        Assert.All(views, v => Assert.False((bool)v["versionsDiffer"]!));
        Assert.Equal(["127.0.0.1", "127.0.0.2", "127.0.0.3"], Up(views[0]).Select(m => m.Split('@', ':')[2]));

        // An update: one more comes, and then an old one goes.
        var before = Owners(views[0]);
        await StartAsync("127.0.0.4", "v1.2.4-rc.1");
        await Eventually.TrueAsync(async () => nodes[3].Host.IsAtWork && (await ViewsAsync()).All(v => Up(v).Length == 4 && (bool)v["versionsDiffer"]!), "the new one is a member");
        // It takes nothing for balance, which would come at once after the next interval.
        Assert.Equal(before, Owners((await ViewsAsync())[0]));
        var (gone, client) = nodes[0];
        nodes.RemoveAt(0);
        client.Dispose();
        await gone.DisposeAsync();
        await Eventually.TrueAsync(async () => (await ViewsAsync()).All(v => Up(v).Length == 3 && Owners(v).Sum(o => o.Value.Length) == Partitions && Owners(v).Count == 3), "the new one has partitions");
        var after = Owners((await ViewsAsync())[0]);
        var moved = before.Single(o => o.Key.Contains("@127.0.0.1:", StringComparison.Ordinal)).Value;
        Assert.Equal(moved, after.Single(o => o.Key.Contains("@127.0.0.4:", StringComparison.Ordinal)).Value);
    }

    private async Task StartAsync(string address, string version)
    {
        var (port, management) = (FreePort.Take(), FreePort.Take());
        string[] settings =
        [
            "--Scoring:Http:Urls=http://127.0.0.1:0",
            "--Scoring:Cluster:Discovery=Kubernetes",
            "--Scoring:Cluster:PodNamespace=payments",
            "--Scoring:Cluster:PodLabelSelector=app.kubernetes.io/name=scoring",
            $"--Scoring:Cluster:Hostname={address}",
            $"--Scoring:Cluster:Port={port}",
            $"--Scoring:Cluster:ManagementPort={management}",
            $"--Scoring:Cluster:AppVersion={version}",
            "--Logging:LogLevel:Default=None",
        ];
        var builder = ScoringHost.NodeBuilder(SettingArguments.Read(settings), null, TimeProvider.System);
        builder.Services.AddSingleton<IShardEngine>(p => new ClusterShardEngine(new ClusterEngineSetup(
            new ShardOwner(address, null),
            () => p.GetRequiredService<ClusterLife>().System,
            _ =>
            {
                p.GetRequiredService<NodeConsumer>().Start();
                return Task.FromResult(Partitions);
            },
            (partition, generation, reportsTo) => StubOwner.Props(partition, generation, reportsTo, address, log),
            _ => Task.FromResult(new LogProgress(0, 0)))));
        // In a pod these are where the cluster puts them.
        var configured = builder.Services.Last(s => s.ServiceType == typeof(AkkaConfigurationBuilder)).ImplementationFactory!;
        builder.Services.AddSingleton(p => ((AkkaConfigurationBuilder)configured(p)).AddHocon(kubernetes.Configuration, HoconAddMode.Prepend));
        var host = ScoringHost.Create(builder, settings);
        kubernetes.Add(address, management);
        await host.StartAsync(CancellationToken.None);
        nodes.Add((host, new HttpClient { BaseAddress = new Uri(host.Address) }));
    }

    private Task<JsonNode[]> ViewsAsync() => Task.WhenAll(nodes.Select(async n => JsonNode.Parse(await n.Http.GetStringAsync("/v1/cluster"))!));

    private static string[] Up(JsonNode view) =>
        [.. view["members"]!.AsArray().Where(m => (string)m!["status"]! == "up").Select(m => (string)m!["address"]!)];

    private static Dictionary<string, int[]> Owners(JsonNode view) => view["partitions"]!.AsArray().Where(p => p!["member"] is not null)
        .GroupBy(p => (string)p!["member"]!).ToDictionary(g => g.Key, g => g.Select(p => (int)p!["partition"]!).ToArray());
}
