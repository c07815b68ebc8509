using System.Diagnostics.Metrics;
using Scoring.Actors.Ledger;
using Scoring.Actors.Log;
using Scoring.Actors.Model;
using Scoring.Actors.Pipeline;
using Scoring.Actors.Relay;
using Scoring.Actors.Sink;
using Scoring.Actors.Source;
using Scoring.Actors.Sql;
using Scoring.Actors.State;
using Scoring.Actors.Telemetry;
using Scoring.Host.Http;
using Scoring.Host.Options;
using Scoring.Kafka;
using Scoring.Models.Features;
using Scoring.Models.Inference;
using Scoring.Models.Wire;

namespace Scoring.Host;

/// <summary>
/// One scorer, put together from its options: source, shards, model, output log, ledger, and where no
/// Kafka is named a broker too. Everything is stopped in the reverse order of its use.
/// </summary>
public sealed partial class ScoringNode : IAsyncDisposable
{
    internal static readonly TimeSpan FlushTimeout = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan EmbeddedRelayFetchWait = TimeSpan.FromMilliseconds(20);

    // Also how long the relay waits at its start for brokers that tell no topic ids.
    private static readonly TimeSpan TopicTimeout = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan EmbeddedLinger = TimeSpan.FromMilliseconds(2);

    private readonly EmbeddedBroker? broker;
    private readonly ModelActor model;
    private readonly KafkaOutputLog log;
    private readonly ShardSet shards;
    private readonly ISnapshotStore store;
    private readonly StoreRetries retries;
    private readonly KafkaLogReader reader;
    private readonly TransactionalLog? transactions;
    private readonly ShardContext context;
    private readonly CancellationTokenSource stop = new();
    private ShardClock? clock;
    private ShardReporter? reporter;
    private TopicWatch? watch;
    private KafkaTopics? topics;
    private Task begun = Task.CompletedTask;
    private readonly KafkaSource source;
    private readonly InputRelay? relay;
    private readonly LedgerProjection projection;
    private readonly ILogger<ScoringNode> logger;
    private readonly ILoggerFactory loggers;
    private readonly IMeterFactory meters;
    private readonly TaskCompletionSource cannotBegin = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int disposed;

    private ScoringNode(ScoringOptions configured, FeatureSet features, ModelBundle bundle, IMeterFactory meters, ILoggerFactory loggers, TimeProvider time)
    {
        logger = loggers.CreateLogger<ScoringNode>();
        this.loggers = loggers;
        Topics = configured.Topics.Resolved();
        broker = configured.Kafka.BootstrapServers.Length == 0 ? StartBroker(configured, Topics) : null;
        configured = configured with { Decode = configured.Decode.ForNode(features.LongestRetention) };
        Options = broker is null ? configured : WithBroker(configured, broker.BootstrapServers);
        Features = features;
        Time = time;
        Decoder = new TransactionDecoder(Options.Decode);
        Replies = new PendingReplies(Options.Http.MaxWaitingScores, time, meters);
        model = new ModelActor(bundle, Options.Shards.MaxInFlightBatches * MaxShards, time, meters, TaskScheduler.Default, loggers.CreateLogger<ModelActor>());
        log = new KafkaOutputLog(Options.Output, meters, loggers.CreateLogger<KafkaOutputLog>());
        Ledger = NodePaths.OpenLedger(Options.Ledger);
        var metrics = new ShardMetrics(meters);
        store = NodePaths.OpenState(Options.State, () => SnapshotStores.Open(Options.State, TaskScheduler.Default, time, meters));
        retries = new StoreRetries(store, Options.Shards, metrics, time, loggers.CreateLogger<StoreRetries>());
        reader = new KafkaLogReader(Options.Source, Topics.Transactions, time, TaskScheduler.Default, loggers.CreateLogger<KafkaLogReader>());
        transactions = Options.Output.Guarantee == Guarantee.ExactlyOnce ? Transactions(meters, loggers) : null;
        context = Context(metrics, loggers);
        shards = new ShardSet(context);
        this.meters = meters;
        source = new KafkaSource(Options.Source, Topics.Transactions, Options.Shards.MailboxRecords, Options.NodeId, shards, transactions, time, meters, loggers);
        relay = Options.Relay.Enabled ? Relay(meters, loggers) : null;
        projection = new LedgerProjection(Ledger, Options.Ledger, Options.Source, Options.NodeId, Topics.Scores, time, meters, loggers.CreateLogger<LedgerProjection>());
        Health = new NodeHealth(
            () => source.Joined.IsCompletedSuccessfully,
            () => source.Completion.IsCompleted,
            source.Partitions,
            shards,
            retries,
            projection.Progress,
            () => model.Failing is { } why ? [$"the model fails whatever it is asked, and transactions wait for it: {why}"] : [],
            () => watch?.Problems ?? [],
            () => relay?.Progress.Problems ?? []);
        Observe(meters.Create(ScoringMeter.Name));
        Completion = Task.WhenAny(source.Completion, cannotBegin.Task, projection.Failure, relay?.Failure ?? projection.Failure).Unwrap();
    }

    /// <summary>The most partitions of the input log that one node can own.</summary>
    public const int MaxShards = 1_024;

    /// <summary>The options, with the embedded broker's address where there is one.</summary>
    public ScoringOptions Options { get; }

    /// <summary>The topics, prefix included.</summary>
    public Topics Topics { get; }

    /// <summary>The feature set that runs.</summary>
    public FeatureSet Features { get; }

    /// <summary>What the running model says of itself.</summary>
    public BundleManifest Model => model.Manifest;

    /// <summary>The scores, for queries.</summary>
    public IScoreLedger Ledger { get; }

    /// <summary>Partitions of the input log; null until the node has begun.</summary>
    public int? InputPartitions { get; private set; }

    /// <summary>Where other nodes reach this one; null if they can't.</summary>
    public Uri? Address => context.Owner.Address;

    /// <summary>The shards of this node.</summary>
    public IEnumerable<ShardActor> Shards => shards.Shards;

    /// <summary>Ends when the node can't go on, with the reason.</summary>
    public Task Completion { get; }

    /// <summary>Ends when the group has given this node its share of the partitions for the first time; faulted if it never will.</summary>
    public Task Joined => source.Joined;

    /// <summary>
    /// Whether the node takes records and does with them all that it should: it has joined the group, each of its partitions can be
    /// read and has its state, the stores answer, and nothing was outrun and has not caught up.
    /// </summary>
    public bool IsReady => Health.WhyNotReady().Count == 0;

    /// <summary>Why it is not ready, and what was lost.</summary>
    internal NodeHealth Health { get; }

    /// <summary>Ends when the ledger's group has given this node its share of the scores for the first time.</summary>
    internal Task LedgerJoined => projection.Joined;

    /// <summary>The offset behind what the ledger has of a partition of the scores; null before anything.</summary>
    internal long? LedgerOffset(int partition) => projection.NextOffset(partition);

    /// <summary>Scores that left their topic before the ledger could read them.</summary>
    internal long LostScores => projection.Progress.Lost;

    /// <summary>How far the ledger is with the partitions that this node copies.</summary>
    internal IReadOnlyList<LedgerPartition> LedgerPartitions() => projection.Partitions();

    internal ISnapshotStore Store => store;

    internal PendingReplies Replies { get; }

    internal TransactionDecoder Decoder { get; }

    internal KafkaOutputLog Log => log;

    internal TimeProvider Time { get; }

    /// <summary>Reads what the options name and puts a node together; <see cref="Start"/> joins the group.</summary>
    /// <param name="options">The options.</param>
    /// <param name="meters">Where metrics are counted.</param>
    /// <param name="loggers">Where the node logs.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="OptionsException">An option is wrong.</exception>
    /// <exception cref="FeatureSetException">The feature set is wrong.</exception>
    /// <exception cref="BundleException">The model bundle is refused.</exception>
    public static ScoringNode Create(ScoringOptions options, IMeterFactory meters, ILoggerFactory loggers, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(loggers);
        NodePaths.Check(options);
        var features = ShippedFiles.ReadFeatures(options.Features.Path);
        var contract = new FeatureContract(features.Name, features.Version, features.Fingerprint, features.FeatureNames);
        var bundle = ModelBundle.Load(BundleDirectory.Read(ShippedFiles.Locate(options.Model.Path)), contract);
        try
        {
            return new ScoringNode(options, features, bundle, meters, loggers, time);
        }
        catch (Exception e) when (e is InvalidOperationException or ArgumentException && e.TargetSite?.DeclaringType?.Assembly == typeof(Confluent.Kafka.ClientConfig).Assembly)
        {
            throw new OptionsException([$"{ScoringOptions.Section}:Kafka:Client: librdkafka refuses a setting ({e.Message})"]);
        }
    }

    /// <summary>Joins the group and begins to score.</summary>
    /// <param name="address">Where other nodes reach this one; null if they can't.</param>
    public void Start(Uri? address)
    {
        context.Owner = new ShardOwner(Options.NodeId, address);
        begun = BeginAsync();
        projection.Start();
        LogStarted(Options.NodeId, Options.Source.BootstrapServers, Features.Name, Features.Version, Model.Name, Model.Version);
        WarnOfWhatIsLost();
    }

    private void WarnOfWhatIsLost()
    {
        if (broker is not null)
            LogEmbedded($"{ScoringOptions.Section}:Kafka:BootstrapServers", EmbeddedBroker.PartitionBytes / 1024 / 1024);
        if (Options.State is { Provider: SqlProvider.Sqlite, Path: "" })
            LogTemporary("The state of the shards", $"{ScoringOptions.Section}:State:Path");
        if (Options.Ledger is { Provider: SqlProvider.Sqlite, Path: "" })
            LogTemporary("The ledger", $"{ScoringOptions.Section}:Ledger:Path");
    }

    /// <summary>The partitions of this node.</summary>
    public IReadOnlyList<PartitionState> Partitions() => source.Partitions();

    /// <summary>Stops taking records, finishes what has begun, commits it, and leaves the group; each step whatever became of another.</summary>
    /// <exception cref="AggregateException">Some steps failed.</exception>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref disposed, 1) == 1)
            return;
        await StopSteps.RunAsync(
            stop.CancelAsync,
            () => begun,
            () => DisposeAsync(watch),
            StopSteps.Of(() => topics?.Dispose()),
            () => DisposeAsync(clock),
            () => DisposeAsync(reporter),
            () => Task.WhenAll(DisposeAsync(source), DisposeAsync(relay), DisposeAsync(projection)),
            () => DisposeAsync(model),
            StopSteps.Of(Flush),
            StopSteps.Of(() => transactions?.Dispose()),
            StopSteps.Of(log.Dispose),
            StopSteps.Of(Ledger.Dispose),
            () => DisposeAsync(store),
            StopSteps.Of(stop.Dispose),
            StopSteps.Of(() => broker?.Dispose()));
    }

    private static async Task DisposeAsync(IAsyncDisposable? part)
    {
        if (part is not null)
            await part.DisposeAsync();
    }

    private void Flush()
    {
        if (!log.Flush(FlushTimeout))
            LogUnflushed(FlushTimeout);
    }

    // Nothing is read before the store is known to hold this log's state, or none.
    private async Task BeginAsync()
    {
        try
        {
            var partitions = await reader.PartitionCountAsync(stop.Token);
            var identity = new LogIdentity(Topics.Transactions, "", partitions, Options.Source.GroupId);
            await retries.CallAsync(
                async (s, cancel) =>
                {
                    await s.PrepareAsync(identity, cancel);
                    return true;
                },
                stop.Token);
            InputPartitions = context.Partitions = partitions;
            clock = new ShardClock(shards, context, meters);
            reporter = new ShardReporter(shards, source.Partitions, store, context, meters, loggers.CreateLogger<ShardReporter>());
            source.Start();
            await WatchAsync(partitions);
            relay?.Start();
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Stopped before it could begin.
        }
#pragma warning disable CA1031 // Reported by Completion, which stops the node.
        catch (Exception e)
#pragma warning restore CA1031
        {
            cannotBegin.TrySetException(e);
        }
    }

    // The broker inside is as new as the node. Elsewhere a topic of which records were relayed may have been made anew since then,
    // which has to be known before the first is relayed; a broker that does not tell in time is asked again later.
    private async Task WatchAsync(int partitions)
    {
        if (broker is not null)
            return;
        topics = new KafkaTopics(Options.Source.BootstrapServers, Options.Source.Client, TopicTimeout);
        var watched = new WatchedTopics(Topics.Transactions, partitions, relay is null ? [] : [Topics.Labels, Topics.Interactions, .. Options.Relay.TransactionTopics]);
        watch = new TopicWatch(
            topics,
            (topic, id, cancel) => retries.CallAsync((s, c) => ((ITopicIds)s).NoteTopicAsync(topic, id, c), cancel),
            watched,
            Changed,
            TaskScheduler.Default,
            Time,
            meters,
            loggers.CreateLogger<TopicWatch>());
        await watch.CheckIdsAsync(stop.Token);
        watch.Start(Options.Kafka.WatchInterval);
    }

    private void Changed(TopicChange change)
    {
        if (change.Topic == Topics.Transactions)
            source.Halt(change.Code);
        else
            relay?.Progress.Stop(change.Topic, change.Why);
    }

    private TransactionalLog Transactions(IMeterFactory meters, ILoggerFactory loggers) => new(
        () => new KafkaTransactionalClient(
            Options.Output,
            $"{Options.Source.GroupId}-{Options.NodeId}",
            Topics.Transactions,
            () => source!.Member,
            loggers.CreateLogger<KafkaTransactionalClient>()),
        Time,
        meters,
        loggers.CreateLogger<TransactionalLog>());

    private static EmbeddedBroker StartBroker(ScoringOptions options, Topics topics) => EmbeddedBroker.Start(new EmbeddedBrokerOptions
    {
        Partitions = options.Kafka.EmbeddedPartitions,
        Topics = [.. topics.All, .. options.Relay.TransactionTopics],
    });

    // A log of its own: a record that fails must be followed by none, which the shards' outputs do not ask for.
    private InputRelay Relay(IMeterFactory meters, ILoggerFactory loggers) => new(
        Options.Relay,
        Options.Source,
        Options.Source.FirstStart == FirstStart.Earliest,
        Topics,
        Options.Decode,
        () => new KafkaOutputLog(Options.Output, meters, loggers.CreateLogger<KafkaOutputLog>(), gapless: true),
        log,
        Time,
        meters,
        loggers.CreateLogger<InputRelay>());

    // The embedded broker answers a fetch without data only after the wait, and keeps little.
    private static ScoringOptions WithBroker(ScoringOptions options, string address) => options with
    {
        Source = options.Source with
        {
            BootstrapServers = address,
            FetchWait = TimeSpan.FromMilliseconds(2),
            SessionTimeout = TimeSpan.FromSeconds(6),
            HeartbeatInterval = TimeSpan.FromMilliseconds(500),
        },
        // What is relayed is seldom and not urgent; each further fetch a second would cost the scorer's processor.
        Relay = options.Relay with { FetchWait = EmbeddedRelayFetchWait },
        State = options.State with { CheckpointBytes = Math.Min(options.State.CheckpointBytes, StateOptions.EmbeddedCheckpointBytes) },
        // It also walks a partition's batches one by one to find where a fetch begins: fewer, larger ones spare it most.
        Output = options.Output with { BootstrapServers = address, Linger = EmbeddedLinger },
    };

    private void Observe(Meter meter)
    {
        meter.CreateObservableGauge("scoring.shard.waiting", () => shards.Shards.Select(s => Of(s.Partition, s.Waiting)), "{record}", "Records in a shard's mailbox");
        meter.CreateObservableGauge("scoring.shard.events_dropped", () => shards.Shards.Select(s => Of(s.Partition, s.Progress.EventsDropped)), "{event}", "Events that left a window early because their entity held as many as it may");
        meter.CreateObservableGauge("scoring.shard.lag", () => source.Partitions().Where(p => p.Lag is not null).Select(p => Of(p.Partition, p.Lag!.Value)), "{record}", "Records of a partition that are not committed yet");
        meter.CreateObservableGauge(
            "scoring.shard.watermark",
            () => shards.Shards.Where(s => s.Progress.WatermarkMicros is not null).Select(s => Of(s.Partition, s.Progress.WatermarkMicros!.Value / EventTime.MicrosPerSecond)),
            "s",
            "A shard's watermark, in seconds since 1970");
    }

    private static Measurement<long> Of(int partition, long value) => new(value, KeyValuePair.Create<string, object?>("partition", partition));

    private ShardContext Context(ShardMetrics metrics, ILoggerFactory loggers) => new()
    {
        Options = Options.Shards,
        State = Options.State,
        Store = retries,
        Owner = new ShardOwner(Options.NodeId, null),
        Reader = reader,
        Logger = loggers.CreateLogger<ShardActor>(),
        Topics = Topics,
        Limits = Options.Decode,
        FeatureSet = Features,
        Entities = Options.Entities,
        Origin = new ScoreOrigin(Model.Name, Model.Version, Features.Name, Features.Version, Features.Fingerprint, Features.FeatureNames),
        Model = model,
        Outputs = transactions ?? (IOutputSessions)new PlainSessions(log),
        Log = log,
        Replies = Replies,
        Metrics = metrics,
        Time = Time,
        Scheduler = TaskScheduler.Default,
    };

    [LoggerMessage(Level = LogLevel.Information, Message = "Node {Node} scores from {Brokers} with feature set {FeatureSet} {FeatureSetVersion} and model {Model} {ModelVersion}")]
    private partial void LogStarted(string node, string brokers, string featureSet, int featureSetVersion, string model, int modelVersion);

    [LoggerMessage(Level = LogLevel.Warning, Message = "No Kafka is named ({Setting}): a broker inside this process takes the payments. It is for trying out: it keeps {Mebibytes} MiB of each partition in memory, and all payments are lost at exit")]
    private partial void LogEmbedded(string setting, long mebibytes);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{What} is in a temporary file and lost at exit; {Setting} gives it a place")]
    private partial void LogTemporary(string what, string setting);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Some outputs were not acknowledged within {Timeout} of stopping; their transactions are scored again at the next start")]
    private partial void LogUnflushed(TimeSpan timeout);
}
