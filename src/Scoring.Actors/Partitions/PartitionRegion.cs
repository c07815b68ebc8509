using Akka.Actor;
using Akka.Cluster.Sharding;
using Scoring.Actors.Messages;

namespace Scoring.Actors.Partitions;

/// <summary>What a region of partitions is made of.</summary>
/// <param name="TypeName">Its name among the regions: <c>transactions</c>, <c>relay</c>, <c>ledger</c>, <c>activity</c>.</param>
/// <param name="Partitions">How many partitions its topic has.</param>
/// <param name="Owners">How the owner of a partition's generation is made, which reports to the actor that it is given.</param>
/// <param name="Progress">Looks how far a partition of its topic is.</param>
public sealed record PartitionRegionSetup(string TypeName, int Partitions, Func<int, long, IActorRef, Props> Owners, Func<int, Task<LogProgress>> Progress)
{
    /// <summary>The name of the actor below <c>/user</c> that has the owners as its children.</summary>
    public string Generations { get; init; } = GenerationsActor.Name;

    /// <summary>The role of the members that own partitions.</summary>
    public string Role { get; init; } = PartitionRegion.ScorerRole;

    /// <summary>The times of its partitions.</summary>
    public PartitionTimes Times { get; init; } = new();

    /// <summary>Tells how far a partition of this node is, for those who ask from others; null where nobody does.</summary>
    public Func<PartitionStatus?, ShardRead>? Describe { get; init; }

    /// <summary>How often a node sees to it that each partition lives somewhere.</summary>
    public TimeSpan PingInterval { get; init; } = TimeSpan.FromSeconds(3);
}

/// <summary>
/// This node's part of a region: the partitions of one topic, each of which lives on one member of the cluster, as Akka's sharding
/// decides. Nothing of it starts before the topic's partition count is known, since that is what the region is made of.
/// </summary>
public sealed class PartitionRegion
{
    /// <summary>The role of the members that own partitions.</summary>
    public const string ScorerRole = "scorer";

    // A question that is lost in a hand-off is put again, so half of what there is for it.
    private const int Attempts = 2;

    private readonly PartitionRegionSetup setup;
    private readonly IActorRef generations;

    private PartitionRegion(PartitionRegionSetup setup, IActorRef generations, IActorRef region, PartitionRegistry registry, Task spread, Task ended)
    {
        this.setup = setup;
        this.generations = generations;
        Region = region;
        Registry = registry;
        Spread = spread;
        Ended = ended;
    }

    /// <summary>How many partitions there are.</summary>
    public int Partitions => setup.Partitions;

    /// <summary>Takes a <see cref="PartitionEnvelope"/> to its partition, wherever that is. It may drop one during a hand-off.</summary>
    public IActorRef Region { get; }

    /// <summary>How the partitions on this node are.</summary>
    public PartitionRegistry Registry { get; }

    /// <summary>Ends once each partition has been given to some member.</summary>
    public Task Spread { get; }

    /// <summary>Ends when this node takes no part any more, in a stop as well as through a defect.</summary>
    public Task Ended { get; }

    /// <summary>Begins to take part.</summary>
    /// <param name="system">The actor system; its configuration says how regions are.</param>
    /// <param name="setup">What the region is made of.</param>
    public static async Task<PartitionRegion> StartAsync(ActorSystem system, PartitionRegionSetup setup)
    {
        ArgumentNullException.ThrowIfNull(system);
        ArgumentNullException.ThrowIfNull(setup);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(setup.Partitions);
        var registry = new PartitionRegistry(setup.Describe);
        var generations = system.ActorOf(GenerationsActor.Props(setup.Owners), setup.Generations);
        var sharding = ClusterSharding.Get(system);
        var settings = ClusterShardingSettings.Create(system).WithRole(setup.Role);
        var region = await sharding.StartAsync(
            setup.TypeName,
            entityId => PartitionActor.Props(PartitionExtractor.Partition(entityId), generations, registry, setup.Progress, setup.Times),
            settings,
            new PartitionExtractor(setup.Partitions),
            sharding.DefaultShardAllocationStrategy(settings),
            Drain.Instance);
        var (spread, ended) = (new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously), new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        system.ActorOf(PingActor.Props(setup.Partitions, region, setup.PingInterval, spread, ended), $"{setup.TypeName}-ping");
        return new PartitionRegion(setup, generations, region, registry, spread.Task, ended.Task);
    }

    /// <summary>Stops all owners of this node at once, for good.</summary>
    /// <param name="code">Why, as a code.</param>
    /// <param name="why">The same for a person.</param>
    public void Halt(string code, string why) => generations.Tell(new Halt(code, why));

    /// <summary>Asks a partition, wherever it is.</summary>
    /// <typeparam name="TAnswer">What it answers.</typeparam>
    /// <param name="partition">The partition.</param>
    /// <param name="question">The question.</param>
    /// <param name="deadline">How long the answer may take. Half of it may pass until the question is put a second time.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="AskTimeoutException">There was no answer in time.</exception>
    public async Task<TAnswer> AskAsync<TAnswer>(int partition, IRemoteMessage question, TimeSpan deadline, CancellationToken cancellation = default)
    {
        var envelope = new PartitionEnvelope(partition, question);
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await Region.Ask<TAnswer>(envelope, deadline / Attempts, cancellation);
            }
            catch (AskTimeoutException) when (attempt < Attempts)
            {
                // A region may drop a message during a hand-off.
            }
        }
    }

    /// <summary>On which member each partition is, by its number; those that are nowhere, or whose member does not answer, are left out.</summary>
    /// <param name="timeout">How long the members may take to tell.</param>
    /// <exception cref="AskTimeoutException">The region did not answer, as while there is no coordinator.</exception>
    public async Task<IReadOnlyDictionary<int, Address>> OwnersAsync(TimeSpan timeout)
    {
        var stats = await Region.Ask<ClusterShardingStats>(new GetClusterShardingStats(timeout), 2 * timeout);
        var owners = new SortedDictionary<int, Address>();
        foreach (var (address, shards) in stats.Regions)
        {
            foreach (var shard in shards.Stats.Keys)
                owners[PartitionExtractor.Partition(shard)] = address;
        }

        return owners;
    }
}
