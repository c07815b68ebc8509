using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using Akka.Actor;
using Akka.Actor.Setup;
using Akka.Configuration;
using Akka.Persistence;
using Microsoft.Extensions.DependencyInjection;
using Scoring.Actors.Entities;
using Scoring.Actors.Log;
using Scoring.Actors.Messages;
using Scoring.Actors.Parts;
using Scoring.Actors.Partitions;
using Scoring.Actors.Pipeline;
using Scoring.Actors.Snapshots;
using Scoring.Actors.Source;
using Scoring.Actors.State;
using Scoring.Kafka.Consumers;
using PartitionState = Scoring.Actors.Source.PartitionState;
using Scoring.Models.Features;

namespace Scoring.IntegrationTests.Partitions;

/// <summary>Owners of all partitions on one node, each followed by another when it is lost: the engine without a cluster around it.</summary>
internal sealed class OwnerEngine(IServiceProvider services) : IShardEngine, IAsyncDisposable
{
    private static readonly TimeSpan AskTimeout = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<int, ShardProgress> shards = new();
    private readonly TaskCompletionSource completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource joined = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Dictionary<int, IActorRef> partitions = [];
    private ActorSystem? system;
    private Task? stopping;

    public ShardOwner Owner { get; } = new(services.GetRequiredService<NodeName>().Value, null);

    public int? InputPartitions { get; private set; }

    public Task Joined => joined.Task;

    public Task Completion => completion.Task;

    public string? StoreAway => services.GetRequiredService<StoreTroubles>().Away;

    /// <summary>What ended generations, in order.</summary>
    public ConcurrentQueue<GenerationReport> Reports { get; } = new();

    public async Task StartAsync(Uri? address, CancellationToken cancellation)
    {
        var consumer = services.GetRequiredService<NodeConsumer>();
        consumer.Start();
        var config = ConfigurationFactory.ParseString("akka { loglevel = WARNING, coordinated-shutdown.run-by-clr-shutdown-hook = off }")
            .WithFallback(PartitionServices.Configuration(services.OptionsOf<StateOptions>()));
        system = ActorSystem.Create("scoring", BootstrapSetup.Create().WithConfig(config).And(services.GetRequiredService<SnapshotStoreSetup>()));
        var store = Persistence.Instance.Apply(system).SnapshotStoreFor(PartitionServices.StorePath);
        var facts = await consumer.DescribeAsync(services.GetRequiredService<Topics>().Transactions, cancellation);
        InputPartitions = facts.Partitions;
        var context = PartitionServices.Context(services, store, facts.Partitions);
        for (var partition = 0; partition < facts.Partitions; partition++)
        {
            var its = partition;
            partitions[its] = system.ActorOf(Props.Create(() => new Keeper(this, context, its)));
        }

        joined.TrySetResult();
    }

    public Task StopAsync() => stopping ??= StopOnceAsync();

    public async ValueTask DisposeAsync() => await StopAsync();

    public void Halt(string code) => partitions.Values.ToList().ForEach(p => p.Tell(Drain.Instance));

    public IReadOnlyList<PartitionState> Partitions() => [.. shards.Select(s => new PartitionState(s.Key, s.Value.CommittableOffset, s.Value.EndOffset, false, s.Value.Down))];

    public IReadOnlyList<ShardState> Shards() => [.. shards.Select(s => new ShardState(s.Key, s.Value))];

    public bool TryReadCard(int partition, string cardId, IReadOnlyList<string> userIds, [NotNullWhen(true)] out Task<IReadOnlyList<CardFeatures>?>? features)
    {
        features = partitions.TryGetValue(partition, out var keeper) ? ReadAsync(keeper, new ReadCard(cardId, userIds)) : null;
        return features is not null;
    }

    public bool TryReadStatistics(int partition, [NotNullWhen(true)] out Task<IReadOnlyList<EntityStatistics>>? statistics)
    {
        statistics = shards.TryGetValue(partition, out var its)
            ? Task.FromResult<IReadOnlyList<EntityStatistics>>([new EntityStatistics("cardholder", its.Entities, its.Events, its.EntityBytes, 0, its.EventsDropped)])
            : null;
        return statistics is not null;
    }

    private static async Task<IReadOnlyList<CardFeatures>?> ReadAsync(IActorRef keeper, ReadCard question)
    {
        var read = await keeper.Ask<CardRead>(question, AskTimeout);
        return read.Entries is null ? null : [.. read.Entries.Select(e => new CardFeatures(e.UserId, e.AsOfMicros, e.Features))];
    }

    private async Task StopOnceAsync()
    {
        if (system is not null)
        {
            await Task.WhenAll(partitions.Values.Select(p => p.GracefulStop(TimeSpan.FromSeconds(20), Drain.Instance)));
            await system.Terminate();
        }

        completion.TrySetResult();
    }

    /// <summary>Keeps one partition owned.</summary>
    private sealed class Keeper : ReceiveActor
    {
        private readonly OwnerEngine engine;
        private readonly PartitionContext context;
        private readonly int partition;
        private long generation;
        private IActorRef owner = ActorRefs.Nobody;

        public Keeper(OwnerEngine engine, PartitionContext context, int partition)
        {
            this.engine = engine;
            this.context = context;
            this.partition = partition;
            Receive<WentLive>(engine.Reports.Enqueue);
            Receive<Lost>(lost =>
            {
                engine.Reports.Enqueue(lost);
                Next();
            });
            Receive<GaveBack>(back =>
            {
                engine.Reports.Enqueue(back);
                Context.Stop(Self);
            });
            Receive<WentDown>(down =>
            {
                engine.Reports.Enqueue(down);
                Become(() =>
                {
                    Receive<Drain>(_ => Context.Stop(Self));
                    ReceiveAny(_ => { });
                });
            });
            ReceiveAny(message => owner.Forward(message));
        }

        protected override void PreStart() => Next();

        protected override SupervisorStrategy SupervisorStrategy() => new OneForOneStrategy(e =>
        {
            engine.completion.TrySetException(e);
            return Directive.Stop;
        });

        private void Next()
        {
            var progress = engine.shards[partition] = new ShardProgress();
            owner = Context.ActorOf(OwnerActor.Props(context, partition, ++generation, Self, progress));
        }
    }
}
