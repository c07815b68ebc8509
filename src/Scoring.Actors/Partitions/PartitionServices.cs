using System.Diagnostics.Metrics;
using Akka.Actor;
using Akka.Configuration;
using Akka.Persistence;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Scoring.Actors.Checkpoints;
using Scoring.Actors.Entities;
using Scoring.Actors.Log;
using Scoring.Actors.Model;
using Scoring.Actors.Replies;
using Scoring.Actors.Parts;
using Scoring.Actors.Sink;
using Scoring.Actors.Snapshots;
using Scoring.Actors.Source;
using Scoring.Actors.Sql;
using Scoring.Actors.State;
using Scoring.Kafka.Clients;
using Scoring.Kafka.Consumers;
using Scoring.Kafka.Producers;
using Scoring.Kafka.Settings;
using Scoring.Kafka.Threads;
using Scoring.Models.Features;
using Scoring.Models.Wire;

namespace Scoring.Actors.Partitions;

/// <summary>Registers what the owners of partitions work with.</summary>
public static class PartitionServices
{
    /// <summary>The path of the snapshot store's section in the configuration of the actor system.</summary>
    public const string StorePath = "akka.persistence.snapshot-store.scoring";

    /// <summary>Adds the node's Kafka clients and what owners share.</summary>
    /// <param name="services">The services.</param>
    /// <param name="isEmbedded">Whether the broker is inside the process.</param>
    public static IServiceCollection AddScoringPartitions(this IServiceCollection services, Func<IServiceProvider, bool> isEmbedded) => services
        .AddSingleton<ITurnScheduler, ThreadTurns>()
        .AddSingleton<ProducerMetrics>()
        .AddSingleton(static p => Consuming(p.OptionsOf<SourceOptions>(), p.OptionsOf<ShardOptions>()))
        .AddSingleton(static p => Producing(p.OptionsOf<KafkaOutputOptions>(), p.OptionsOf<ShardOptions>()))
        .AddSingleton(static p => new TransactionSettings { CommitInterval = p.OptionsOf<SourceOptions>().CommitInterval })
        .AddSingleton<ConfluentClients>()
        .AddSingleton<IKafkaClients>(p => isEmbedded(p) ? new EmbeddedClients(p.GetRequiredService<ConfluentClients>()) : p.GetRequiredService<ConfluentClients>())
        .AddSingleton<NodeConsumer>()
        .AddSingleton<NodeProducer>()
        .AddSingleton<SnapshotStoreSetup>()
        .AddSingleton<StoreTroubles>()
        .AddSingleton<OwnerProgress>()
        .AddSingleton<OwnerMetrics>()
        .AddSingleton<ITopicIds>(static p => new SnapshotTopicIds(() => Store(p.GetRequiredService<ActorSystem>()), p.GetRequiredService<TimeProvider>()));

    /// <summary>A consumer beside that of the input log, which the caller's registration owns.</summary>
    /// <param name="services">The services.</param>
    /// <param name="settings">How it reads.</param>
    public static NodeConsumer Consumer(this IServiceProvider services, ConsumerSettings settings) => new(
        settings,
        Clients(services, settings, Producing(services.OptionsOf<KafkaOutputOptions>(), services.OptionsOf<ShardOptions>())),
        services.GetRequiredService<ITurnScheduler>(),
        services.GetRequiredService<TimeProvider>(),
        services.GetRequiredService<IMeterFactory>(),
        services.GetRequiredService<ILogger<NodeConsumer>>());

    /// <summary>A producer beside that of the partitions' outputs, which the caller's registration owns.</summary>
    /// <param name="services">The services.</param>
    /// <param name="settings">How it appends.</param>
    public static NodeProducer Producer(this IServiceProvider services, ProducerSettings settings) => new(
        settings,
        Clients(services, Consuming(services.OptionsOf<SourceOptions>(), services.OptionsOf<ShardOptions>()), settings),
        services.GetRequiredService<ITurnScheduler>(),
        services.GetRequiredService<TimeProvider>(),
        services.GetRequiredService<ProducerMetrics>(),
        services.GetRequiredService<ILogger<NodeProducer>>());

    /// <summary>The snapshot store of an actor system.</summary>
    /// <param name="system">The actor system, with <see cref="Configuration"/> and a <see cref="SnapshotStoreSetup"/>.</param>
    public static IActorRef Store(ActorSystem system) => Persistence.Instance.Apply(system).SnapshotStoreFor(StorePath);

    /// <summary>Connects Kafka clients with a node's settings, for whoever is no node.</summary>
    /// <param name="source">How the input log is read.</param>
    /// <param name="output">How outputs are appended.</param>
    /// <param name="shards">The bounds of a shard.</param>
    /// <param name="logger">Where the clients' own messages go.</param>
    /// <exception cref="ArgumentException">Settings are not possible; the message names them.</exception>
    public static IKafkaClients Clients(SourceOptions source, KafkaOutputOptions output, ShardOptions shards, ILogger<ConfluentClients> logger) =>
        new ConfluentClients(Consuming(source, shards), Producing(output, shards), new TransactionSettings(), logger);

    /// <summary>The engine of a node that is a member of a cluster.</summary>
    /// <param name="services">The services.</param>
    public static ClusterShardEngine Engine(IServiceProvider services)
    {
        var (consumer, topics, time) = (services.GetRequiredService<NodeConsumer>(), services.GetRequiredService<Topics>(), services.GetRequiredService<TimeProvider>());
        var progress = services.GetRequiredService<OwnerProgress>();
        var log = new LogPartitions(consumer, topics.Transactions, time);
        PartitionContext? context = null;
        var engine = new ClusterShardEngine(new ClusterEngineSetup(
            new ShardOwner(services.GetRequiredService<NodeName>().Value, null),
            services.GetRequiredService<ActorSystem>,
            async cancellation =>
            {
                consumer.Start();
                var partitions = await log.CountAsync(cancellation);
                var store = Store(services.GetRequiredService<ActorSystem>());
                await StoreSight.SeenAsync(store, topics.Transactions, services.GetRequiredService<StoreTroubles>(), time, cancellation);
                context = Context(services, store, partitions);
                return partitions;
            },
            (partition, generation, reportsTo) => OwnerActor.Props(context!, partition, generation, reportsTo, progress.Begin(partition)),
            log.ProgressAsync)
        {
            Time = time,
            ProgressOf = partition => progress[partition],
            StoreTroubles = services.GetRequiredService<StoreTroubles>(),
        });
        OwnerGauges.Observe(services.GetRequiredService<IMeterFactory>(), () => engine.Statuses, engine.Shards, services.GetRequiredService<StoreTroubles>(), time);
        return engine;
    }

    /// <summary>What the actor system has to be configured with.</summary>
    /// <param name="options">Where state is durable.</param>
    public static Config Configuration(StateOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return ConfigurationFactory.ParseString($$"""
            akka.actor.serializers.scoring-state = "{{Name<StoredStateSerializer>()}}"
            akka.actor.serialization-bindings { "{{Name<StoredState>()}}" = scoring-state }
            {{StorePath}} {
                class = "{{Name<GroupCommitSnapshotStore>()}}"
                plugin-dispatcher = "akka.actor.default-dispatcher"
                provider = {{(options.Provider == SqlProvider.Postgres ? "postgres" : "sqlite")}}
                path = {{Quoted(options.Path)}}
                connection-string = {{Quoted(options.ConnectionString)}}
                command-timeout = {{(long)options.CommandTimeout.TotalMilliseconds}}ms
            }
            """);
    }

    /// <summary>Finds out at once what would otherwise come up at the first row: a folder without rights, a file that is no database.</summary>
    /// <param name="options">Where state is durable; of what is no file nothing is said.</param>
    /// <exception cref="Microsoft.Data.Sqlite.SqliteException">The file can't be opened, made or written.</exception>
    public static void CheckWritable(StateOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.Provider != SqlProvider.Sqlite || options.Path.Length == 0)
            return;
        using var file = new SqliteFile(options.Path, "snapshots", options.CommandTimeout);
        file.CheckWritable();
    }

    /// <summary>What the owners of a node work with.</summary>
    /// <param name="services">The services.</param>
    /// <param name="store">The snapshot store.</param>
    /// <param name="partitions">Partitions of the input log.</param>
    public static PartitionContext Context(IServiceProvider services, IActorRef store, int partitions)
    {
        ArgumentNullException.ThrowIfNull(services);
        var (model, features, output) = (services.GetRequiredService<ModelActor>(), services.GetRequiredService<FeatureSet>(), services.OptionsOf<KafkaOutputOptions>());
        return new PartitionContext
        {
            Options = services.OptionsOf<ShardOptions>(),
            State = services.OptionsOf<StateOptions>(),
            Topics = services.GetRequiredService<Topics>(),
            Partitions = partitions,
            Limits = services.OptionsOf<DecodeLimits>(),
            Features = new CompiledFeatures(features, new FeatureEngineOptions { DuplicateHorizon = services.OptionsOf<EntityOptions>().DuplicateHorizon, LocalEntitiesOnly = true }),
            Origin = new ScoreOrigin(model.Manifest.Name, model.Manifest.Version, features.Name, features.Version, features.Fingerprint, features.FeatureNames),
            Model = model,
            Consumer = services.GetRequiredService<NodeConsumer>(),
            Producer = services.GetRequiredService<NodeProducer>(),
            MaxRecordBytes = output.MaxRecordBytes,
            Transactions = output.Guarantee == Guarantee.ExactlyOnce ? Transactions(services) : null,
            TransactionSettings = services.GetRequiredService<TransactionSettings>(),
            GroupId = services.OptionsOf<SourceOptions>().GroupId,
            FirstStart = services.OptionsOf<SourceOptions>().FirstStart,
            Store = store,
            StoreTroubles = services.GetRequiredService<StoreTroubles>(),
            Log = services.GetRequiredService<KafkaOutputLog>(),
            Replies = services.GetRequiredService<IReplyRouter>(),
            Metrics = services.GetRequiredService<OwnerMetrics>(),
            Logger = services.GetRequiredService<ILogger<OwnerActor>>(),
            Node = services.GetRequiredService<NodeName>().Value,
            Time = services.GetRequiredService<TimeProvider>(),
            Chance = static () => BitConverter.ToInt64(System.Security.Cryptography.RandomNumberGenerator.GetBytes(sizeof(long))),
        };
    }

    private static ConfluentClients Clients(IServiceProvider services, ConsumerSettings consuming, ProducerSettings producing) =>
        new(consuming, producing, services.GetRequiredService<TransactionSettings>(), services.GetRequiredService<ILogger<ConfluentClients>>());

    private static ConsumerSettings Consuming(SourceOptions source, ShardOptions shards) => new()
    {
        BootstrapServers = source.BootstrapServers,
        Client = source.Client,
        GroupId = source.GroupId,
        FetchWait = source.FetchWait > TimeSpan.Zero ? source.FetchWait : TimeSpan.FromMilliseconds(1),
        PrefetchKilobytes = source.PrefetchKilobytes,
        BufferRecords = Math.Max(2, shards.MailboxRecords),
        MaxBatchRecords = shards.MaxBatchRecords,
        CommitInterval = source.CommitInterval,
    };

    private static ProducerSettings Producing(KafkaOutputOptions output, ShardOptions shards) => new()
    {
        BootstrapServers = output.BootstrapServers,
        Client = output.Client,
        Linger = output.Linger,
        MaxQueuedRecords = output.MaxQueuedRecords,
        MaxQueuedKilobytes = output.MaxQueuedKilobytes,
        MaxRecordBytes = output.MaxRecordBytes,
        MaxUnacknowledged = shards.MaxUnacknowledgedBatches,
        DeliveryTimeout = output.DeliveryTimeout,
    };

    private static Func<string, TransactionalProducer> Transactions(IServiceProvider services) => id => new TransactionalProducer(
        id,
        services.GetRequiredService<TransactionSettings>(),
        services.GetRequiredService<IKafkaClients>(),
        services.GetRequiredService<ITurnScheduler>(),
        services.GetRequiredService<TimeProvider>(),
        services.GetRequiredService<ProducerMetrics>(),
        services.GetRequiredService<ILogger<TransactionalProducer>>());

    private static string Name<T>() => $"{typeof(T).FullName}, {typeof(T).Assembly.GetName().Name}";

    private static string Quoted(string text) => $"\"{text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"";
}
