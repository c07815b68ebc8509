using System.Diagnostics.Metrics;
using Akka.Actor;
using Akka.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Scoring.Actors.Partitions;
using Scoring.Actors.Replies;
using Scoring.Actors.State;
using Scoring.Host.Cluster;

namespace Scoring.IntegrationTests.Cluster;

/// <summary>A member of a cluster in this process, with the product's settings but for what makes tests wait, and stub owners.</summary>
internal sealed class TestMember : IAsyncDisposable
{
    // A failure is seen and decided on sooner, and a member that is terminated dies instead of leaving.
    private const string Quick = """
        akka.cluster.failure-detector { heartbeat-interval = 200 ms, acceptable-heartbeat-pause = 2 s }
        akka.cluster.split-brain-resolver.stable-after = 2 s
        akka.cluster.gossip-interval = 200 ms
        akka.cluster.leader-actions-interval = 200 ms
        akka.cluster.sharding.rebalance-interval = 500 ms
        akka.cluster.sharding.retry-interval = 500 ms
        akka.coordinated-shutdown.run-by-actor-system-terminate = off
        """;

    private readonly ServiceProvider services;

    private TestMember(string name, ServiceProvider services, int partitions, OwnerLog log)
    {
        this.services = services;
        Name = name;
        System = services.GetRequiredService<ActorSystem>();
        Engine = new ClusterShardEngine(new ClusterEngineSetup(
            new ShardOwner(name, null),
            () => System,
            _ => Task.FromResult(partitions),
            (partition, generation, reportsTo) => StubOwner.Props(partition, generation, reportsTo, name, log),
            _ => Task.FromResult(new LogProgress(0, 0))));
        Replies = new ReplyMetrics(services.GetRequiredService<IMeterFactory>());
    }

    public string Name { get; }

    public ActorSystem System { get; }

    public ClusterShardEngine Engine { get; }

    public ReplyMetrics Replies { get; }

    public Akka.Cluster.Cluster Cluster => Akka.Cluster.Cluster.Get(System);

    public IMeterFactory Meters => services.GetRequiredService<IMeterFactory>();

    /// <summary>The partitions of which an owner on this member is live.</summary>
    public int[] Live => [.. (Engine.Region?.Registry.Statuses ?? []).Where(s => s.Phase == PartitionPhase.Live).Select(s => s.Partition)];

    public static async Task<TestMember> StartAsync(string name, int partitions, OwnerLog log, ClusterOptions? options = null, string version = "1.0.0")
    {
        options ??= new ClusterOptions();
        var collection = new ServiceCollection().AddLogging(l => l.ClearProviders()).AddMetrics();
        collection.AddAkka(ClusterHosting.SystemName, builder => builder
            .WithHostLogging()
            .WithMemberRemoting(options)
            .WithMembership(options, version)
            .WithRemoteMessages()
            .AddHocon(ClusterConfiguration.Read(options.Members), HoconAddMode.Prepend)
            .AddHocon(Quick, HoconAddMode.Prepend));
        var services = collection.BuildServiceProvider();
        var starter = new AkkaHostedService(services.GetRequiredService<AkkaConfigurationBuilder>(), services, services.GetRequiredService<ILogger<AkkaHostedService>>(), null);
        await starter.StartAsync(CancellationToken.None);
        return new TestMember(name, services, partitions, log);
    }

    /// <summary>Joins the cluster of another member, or begins one of its own; ends once it is up.</summary>
    public async Task JoinAsync(TestMember other)
    {
        var up = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Cluster.RegisterOnMemberUp(up.SetResult);
        Cluster.Join(other.Cluster.SelfAddress);
        await up.Task.WaitAsync(TimeSpan.FromSeconds(30));
    }

    /// <summary>Ends without a word to the others, as a process that is killed.</summary>
    public Task DieAsync() => System.Terminate();

    public async ValueTask DisposeAsync()
    {
        await System.Terminate();
        await services.DisposeAsync();
    }
}
