using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Scoring.Actors.Entities;
using Scoring.Actors.Log;
using Scoring.Actors.Messages;
using Scoring.Actors.Replies;
using Scoring.Actors.Model;
using Scoring.Actors.Pipeline;
using Scoring.Actors.Sink;
using Scoring.Actors.Source;
using Scoring.Actors.State;
using Scoring.Models.Wire;
using Scoring.Simulation.Broker;
using Scoring.Simulation.Model;
using Scoring.Simulation.Scheduling;
using Scoring.Simulation.Store;
using Scoring.Simulation.Workload;

namespace Scoring.Simulation.Runs;

/// <summary>One scorer: the service's own member, shards, checkpoints and model, put together as the host does, in a simulated process.</summary>
internal sealed class Node : IReplyRouter
{
    private static readonly TimeSpan Impatient = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan Patient = TimeSpan.FromMilliseconds(20);

    private readonly World world;
    private readonly SourceOptions options;
    private readonly SimulatedGroupClient client;
    private readonly SimulatedOutputLog producer;
    private readonly TransactionalLog? transactions;
    private readonly StoreRetries retries;
    private readonly ShardContext context;
    private readonly ShardSet shards;
    private readonly GroupMember member;
    private readonly HashSet<string> thrownOnce = [];
    private SimulatedTransactionalClient? transactional;
    private bool leaving;

    internal Node(World world, string name, string id)
    {
        Id = id;
        this.world = world;
        var scenario = world.Scenario;
        Process = world.Scheduler.Process(name);
        options = new SourceOptions
        {
            GroupId = World.GroupId,
            Assignor = scenario.Assignor,
            SessionTimeout = TimeSpan.FromSeconds(6),
            HeartbeatInterval = TimeSpan.FromMilliseconds(500),
        };
        client = new SimulatedGroupClient(world.Broker, Process, world.Topics.Transactions, options, id);
        producer = new SimulatedOutputLog(world.Broker, Process);
        var metrics = new ShardMetrics(world.Meters);
        var shardOptions = ShardOptions(scenario);
        retries = new StoreRetries(new SimulatedStore(world.Database, Process), shardOptions, metrics, Process.Time, NullLogger<StoreRetries>.Instance);
        transactions = scenario.Guarantee == Guarantee.ExactlyOnce ? new TransactionalLog(Connect, Process.Time, world.Meters, new TraceLogger<TransactionalLog>(world.Scheduler.Trace, name)) : null;
        context = Context(shardOptions, metrics, name);
        shards = new ShardSet(context);
        member = new GroupMember(options, scenario.MailboxRecords, shards, client, transactions, Process.Wait, Process.Time, world.Meters, new TraceLogger<GroupMember>(world.Scheduler.Trace, name));
    }

    /// <summary>What names it over its restarts.</summary>
    internal string Id { get; }

    /// <summary>Its process.</summary>
    internal VirtualProcess Process { get; }

    /// <summary>Whether it has ended by itself.</summary>
    internal bool HasEnded { get; private set; }

    /// <summary>Why it ended; null if it was asked to.</summary>
    internal Exception? Failure => member.Failure;

    /// <summary>Begins.</summary>
    internal void Start() => Task.Factory.StartNew(StartAsync, CancellationToken.None, TaskCreationOptions.DenyChildAttach, Process);

    /// <summary>Asks it to finish and leave.</summary>
    internal void Leave() => leaving = true;

    /// <summary>Ends its process between two steps.</summary>
    internal void Crash()
    {
        Process.Crash();
        producer.Crashed();
        transactional?.Crashed();
    }

    void IReplyRouter.Scored(in ReplyTo replyTo, byte[]? score)
    {
    }

    void IReplyRouter.Rejected(in ReplyTo replyTo, Rejection rejection)
    {
    }

    private static ShardOptions ShardOptions(Scenario scenario) => new()
    {
        MailboxRecords = scenario.MailboxRecords,
        MaxBatchRecords = scenario.MaxBatchRecords,
        MaxInFlightBatches = scenario.MaxInFlightBatches,
        MaxUnacknowledgedBatches = scenario.MaxUnacknowledgedBatches,
        NudgeInterval = TimeSpan.FromMilliseconds(250),
        TickInterval = TimeSpan.FromSeconds(6),
        RecordFeatures = true,
    };

    private ShardContext Context(ShardOptions shardOptions, ShardMetrics metrics, string name)
    {
        var set = Scenario.Features;
        var outputs = new WatchedSessions(transactions ?? (IOutputSessions)new PlainSessions(producer), world, name, client);
        var model = new ModelActor(SimulationModel.For(set), 1_000, Process.Time, world.Meters, Process, NullLogger<ModelActor>.Instance);
        return new ShardContext
        {
            Options = shardOptions,
            State = new StateOptions
            {
                CheckpointInterval = world.Scenario.CheckpointInterval,
                CheckpointBytes = world.Scenario.CheckpointBytes,
                MaxDirtyEntities = world.Scenario.MaxDirtyEntities,
                MaxEntitiesInMemory = world.Scenario.MaxEntitiesInMemory,
            },
            Store = retries,
            Owner = new ShardOwner(Id, null),
            Reader = new SimulatedLogReader(world.Broker, Process, world.Topics.Transactions),
            Topics = world.Topics,
            Limits = new DecodeLimits(),
            FeatureSet = set,
            Entities = new EntityOptions { DuplicateHorizon = TimeSpan.FromSeconds(Scenario.Horizon) },
            Origin = new ScoreOrigin(model.Manifest.Name, model.Manifest.Version, set.Name, set.Version, set.Fingerprint, set.FeatureNames),
            Model = model,
            Outputs = outputs,
            Log = outputs.Watch(producer),
            Replies = this,
            Metrics = metrics,
            Logger = new TraceLogger<ShardActor>(world.Scheduler.Trace, name),
            Probe = Probe,
            Partitions = world.Scenario.Partitions,
            Time = Process.Time,
            Scheduler = Process,
        };
    }

    private void Probe(RecordStep step, InputRecord record)
    {
        if (Poison.Throws(step, record.Value) || (Poison.ThrowsOnce(step, record.Value) && thrownOnce.Add($"{step} {Encoding.UTF8.GetString(record.TraceParent ?? [])}")))
            throw new InvalidOperationException($"this record throws at {step}");
    }

    private async Task StartAsync()
    {
        var identity = new LogIdentity(world.Topics.Transactions, "", world.Scenario.Partitions, World.GroupId);
        await retries.CallAsync(
            async (store, cancel) =>
            {
                await store.PrepareAsync(identity, cancel);
                return true;
            },
            CancellationToken.None);
        _ = new ShardClock(shards, context, world.Meters);
        member.Join();
        NextTurn();
        NextCommit(options.CommitInterval);
    }

    private void NextTurn()
    {
        var isWanted = !Process.IsLocked && (client.HasNews || client.HasRecords);
        var delay = isWanted ? TimeSpan.Zero : member.IsImpatient || Process.IsLocked ? Impatient : Patient;
        world.Scheduler.After(Process, delay, () =>
        {
            // Only what calls the listener may block; the rest needs no thread of its own.
            if (leaving || member.Failure is not null)
                Process.RunBlocking(End);
            else if (client.HasNews)
                Process.RunBlocking(() => Turn(mayBlock: true));
            else
                new Task(() => Turn(mayBlock: false)).Start(Process);
        });
    }

    private void Turn(bool mayBlock)
    {
        if (Process.IsLocked || (client.HasNews && !mayBlock))
        {
            NextTurn();
            return;
        }

        try
        {
            member.Turn(TimeSpan.Zero);
        }
#pragma warning disable CA1031 // As the host's poll loop: kept, and ends the node.
        catch (Exception e)
#pragma warning restore CA1031
        {
            member.Fail(e);
        }

        if (!Process.IsCrashed)
            NextTurn();
    }

    private SimulatedTransactionalClient Connect() =>
        transactional = new SimulatedTransactionalClient(world.Broker, Process, $"{World.GroupId}-{Id}", client);

    private void NextCommit(TimeSpan delay) => world.Scheduler.After(Process, delay, () =>
    {
        // Only transactions take their time, while the process does other things.
        if (transactions is null)
            new Task(Commit).Start(Process);
        else
            Process.RunBlocking(Commit);
    });

    private void Commit()
    {
        var isDone = false;
        try
        {
            isDone = !Process.IsLocked && member.Commit();
        }
        catch (ProcessCrashedException)
        {
            return;
        }

        if (!HasEnded && member.Failure is null)
            NextCommit(isDone ? options.CommitInterval : Impatient);
    }

    private void End()
    {
        if (Process.IsLocked)
        {
            NextTurn();
            return;
        }

        try
        {
            member.Leave();
        }
        catch (ProcessCrashedException)
        {
            return;
        }

        HasEnded = true;
    }
}
