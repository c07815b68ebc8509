using System.Text;
using Akka.Actor;
using Microsoft.Extensions.Logging.Abstractions;
using Scoring.Actors.Entities;
using Scoring.Actors.Log;
using Scoring.Actors.Messages;
using Scoring.Actors.Model;
using Scoring.Actors.Partitions;
using Scoring.Actors.Replies;
using Scoring.Actors.Sink;
using Scoring.Actors.Snapshots;
using Scoring.Actors.Source;
using Scoring.Actors.State;
using Scoring.Kafka.Consumers;
using Scoring.Kafka.Producers;
using Scoring.Kafka.Settings;
using Scoring.Models.Features;
using Scoring.Models.Wire;
using Scoring.Simulation.Broker;
using Scoring.Simulation.Model;
using Scoring.Simulation.Scheduling;
using Scoring.Simulation.Store;
using Scoring.Simulation.Workload;

namespace Scoring.Simulation.Runs;

/// <summary>
/// One scorer: an actor system with the service's own partitions, owners, cardholders, streams, connector and snapshot store, put together
/// as the host does, in a simulated process. Which partitions it has is the sharding's to say.
/// </summary>
internal sealed class Node : IReplyRouter
{
    private static readonly TimeSpan PollRest = TimeSpan.FromMilliseconds(10);

    private readonly World world;
    private readonly SimulatedClients clients;
    private readonly SimulatedTable table;
    private readonly OwnerProgress progress = new();
    private readonly PartitionRegistry registry = new();
    private readonly Dictionary<int, long> lowestTold = [];
    private ActorSystem? system;
    private IActorRef? generations;
    private IActorRef? watcher;
    private NodeConsumer? consumer;
    private NodeProducer? producer;
    private LogPartitions? log;
    private int entities;

    internal Node(World world, string name, string id)
    {
        Id = id;
        this.world = world;
        Process = world.Scheduler.Process(name);
        table = new SimulatedTable(world.Database, Process);
        clients = new SimulatedClients(world.Broker, Process) { Produced = Watch, Told = Told };
    }

    /// <summary>What names it over its restarts.</summary>
    internal string Id { get; }

    /// <summary>Its process.</summary>
    internal VirtualProcess Process { get; }

    /// <summary>Whether it can't be reached by the others, though it runs.</summary>
    internal bool IsIsolated { get; set; }

    /// <summary>Whether it was asked to go.</summary>
    internal bool IsLeaving { get; private set; }

    /// <summary>Whether rows are on their way to it.</summary>
    internal bool IsLoading => table.Loading > 0;

    /// <summary>Begins.</summary>
    internal void Start() => Process.Run(Begin);

    /// <summary>Asks it to give its partitions back and go.</summary>
    internal void Leave() => IsLeaving = true;

    /// <summary>Ends its process between two steps.</summary>
    internal void Crash()
    {
        if (Process.IsCrashed)
            return;
        Process.Crash();
        clients.Crashed();
    }

    /// <summary>Gives it a partition.</summary>
    /// <param name="partition">The partition.</param>
    /// <param name="begun">Is told of its actor.</param>
    /// <param name="ended">Is told once that has ended.</param>
    internal void Host(int partition, Action<IActorRef> begun, Action ended) => Process.Run(() =>
    {
        var entity = system!.ActorOf(PartitionActor.Props(partition, generations!, registry, log!.ProgressAsync, new PartitionTimes()), $"p{partition}-{++entities}");
        watcher!.Tell(new Watched(entity, ended));
        begun(entity);
    });

    /// <summary>Has an actor stop at once, as the region does with one that does not drain.</summary>
    internal void Stop(IActorRef entity) => Process.Run(() => system!.Stop(entity));

    void IReplyRouter.Scored(in ReplyTo replyTo, byte[]? score)
    {
    }

    void IReplyRouter.Rejected(in ReplyTo replyTo, Rejection rejection)
    {
    }

    private void Begin()
    {
        var scenario = world.Scenario;
        var turns = new VirtualTurns(Process)
        {
            PollRest = () => clients.Reading?.HasRecords == true ? TimeSpan.Zero : PollRest,
            Failed = (loop, e) => world.Violate("no loop of the connector fails", $"{loop} of {Process.Name}: {e}"),
        };
        consumer = new NodeConsumer(
            new ConsumerSettings
            {
                BootstrapServers = "simulated",
                GroupId = World.GroupId,
                BufferRecords = scenario.MailboxRecords,
                MaxBatchRecords = scenario.MaxBatchRecords,
                CommitInterval = scenario.CommitInterval,
            },
            clients, turns, Process.Time, world.Meters, Logger<NodeConsumer>());
        producer = new NodeProducer(
            new ProducerSettings { BootstrapServers = "simulated", MaxUnacknowledged = scenario.MaxUnacknowledgedBatches },
            clients, turns, Process.Time, new ProducerMetrics(world.Meters), Logger<NodeProducer>());
        consumer.Start();
        system = VirtualActorSystem.Begin(Process, PartitionServices.Configuration(new StateOptions()), new SnapshotStoreSetup(world.Meters, Process.Time) { Table = () => table });
        watcher = system.ActorOf(Props.Create(() => new Watcher(world.Scheduler)), "watcher");
        system.EventStream.Subscribe(system.ActorOf(Props.Create(() => new AkkaLog(world.Scheduler.Trace, Process.Name)), "log"), typeof(Akka.Event.LogEvent));
        var context = Context(turns);
        generations = system.ActorOf(GenerationsActor.Props((partition, generation, reportsTo) => OwnerActor.Props(context, partition, generation, reportsTo, progress.Begin(partition))), GenerationsActor.Name);
        log = new LogPartitions(consumer, world.Topics.Transactions, Process.Time);
        world.Sharding.Join(this);
    }

    private PartitionContext Context(VirtualTurns turns)
    {
        var (scenario, set) = (world.Scenario, Scenario.Features);
        var model = new ModelActor(SimulationModel.For(set), 1_000, Process.Time, world.Meters, turns, NullLogger<ModelActor>.Instance);
        var transactions = new TransactionSettings { CommitInterval = scenario.CommitInterval };
        var producerMetrics = new ProducerMetrics(world.Meters);
        return new PartitionContext
        {
            Options = new ShardOptions
            {
                MailboxRecords = scenario.MailboxRecords,
                MaxBatchRecords = scenario.MaxBatchRecords,
                MaxInFlightBatches = scenario.MaxInFlightBatches,
                MaxUnacknowledgedBatches = scenario.MaxUnacknowledgedBatches,
                NudgeInterval = TimeSpan.FromMilliseconds(250),
                TickInterval = TimeSpan.FromSeconds(6),
                RecordFeatures = true,
            },
            State = new StateOptions
            {
                CheckpointInterval = scenario.CheckpointInterval,
                CheckpointBytes = scenario.CheckpointBytes,
                MaxDirtyEntities = scenario.MaxDirtyEntities,
                MaxEntitiesInMemory = scenario.MaxEntitiesInMemory,
            },
            Topics = world.Topics,
            Partitions = scenario.Partitions,
            Limits = new DecodeLimits(),
            Features = new CompiledFeatures(set, new FeatureEngineOptions { DuplicateHorizon = TimeSpan.FromSeconds(Scenario.Horizon), LocalEntitiesOnly = true }),
            Origin = new ScoreOrigin(model.Manifest.Name, model.Manifest.Version, set.Name, set.Version, set.Fingerprint, set.FeatureNames),
            Model = model,
            Consumer = consumer!,
            Producer = producer!,
            MaxRecordBytes = world.Broker.Faults.MaxValueBytes,
            Transactions = scenario.Guarantee == Guarantee.ExactlyOnce
                ? id => new TransactionalProducer(id, transactions, clients, turns, Process.Time, producerMetrics, Logger<TransactionalProducer>())
                : null,
            TransactionSettings = transactions,
            GroupId = World.GroupId,
            FirstStart = FirstStart.Earliest,
            Store = PartitionServices.Store(system!),
            StoreTroubles = new StoreTroubles(),
            Log = new TickLog(clients.Producer(static _ => { })),
            Replies = this,
            Metrics = new OwnerMetrics(world.Meters),
            Logger = Logger<OwnerActor>(),
            Node = Id,
            Time = Process.Time,
            Chance = () => world.Scheduler.Next(int.MaxValue),
            Probe = Probe,
        };
    }

    private TraceLogger<T> Logger<T>() => new(world.Scheduler.Trace, Process.Name);

    private void Probe(RecordStep step, InputRecord record)
    {
        if (Poison.Throws(step, record.Value) || (Poison.ThrowsOnce(step, record.Value) && world.ThrownOnce.Add($"{step} {Encoding.UTF8.GetString(record.TraceParent ?? [])}")))
            throw new InvalidOperationException($"this record throws at {step}");
    }

    // Where a generation goes live is never before what the group had committed when it asked.
    private void Told(int partition, long? committed) =>
        lowestTold[partition] = Math.Min(lowestTold.GetValueOrDefault(partition, long.MaxValue), committed ?? 0);

    private void Watch(OutputRecord record)
    {
        if (world.Book.InputOf(record) is { } input && lowestTold.TryGetValue(input.Partition, out var lowest) && input.Offset < lowest)
            world.Violate("nothing is emitted during replay", $"{Process.Name} emitted for p{input.Partition}@{input.Offset}, and was told that {lowest} is committed");
    }

    private sealed record Watched(IActorRef Entity, Action Ended);

    /// <summary>Tells the sharding of the end of partitions' actors.</summary>
    private sealed class Watcher(VirtualScheduler scheduler) : UntypedActor
    {
        protected override void OnReceive(object message)
        {
            if (message is Watched watched)
                Context.WatchWith(watched.Entity, watched.Ended);
            else if (message is Action ended)
                scheduler.After(scheduler.Environment, TimeSpan.FromMilliseconds(1), ended);
        }
    }

    /// <summary>Writes what actors log into the trace.</summary>
    private sealed class AkkaLog(Trace trace, string node) : UntypedActor
    {
        protected override void OnReceive(object message)
        {
            if (message is Akka.Event.LogEvent its)
                trace.Note($"{node} logs: {its.Message}{(its.Cause is { } cause ? $" ({cause.Message})" : "")}");
        }
    }

    /// <summary>Appends ticks with a producer of its own, as the host's output log does.</summary>
    private sealed class TickLog(Scoring.Kafka.Clients.IProducerClient client) : IOutputLog
    {
        public bool TryAppend(in OutputRecord record, AppendObserver observer)
        {
            Confluent.Kafka.Headers headers = [];
            foreach (var header in record.Headers ?? [])
                headers.Add(header.Name, header.Value);
            return client.TryProduce(new Scoring.Kafka.Clients.ProducerRecord(record.Topic, record.Key, record.Value, headers, record.Partition), new Observer(observer));
        }

        private sealed class Observer(AppendObserver observer) : Scoring.Kafka.Clients.DeliveryObserver
        {
            public override void Delivered() => observer.Appended();

            public override void Failed(byte[]? key, byte[]? value, Scoring.Kafka.Clients.KafkaFailure failure) => observer.Failed(AppendFailure.Broken, failure.Message);
        }
    }
}
