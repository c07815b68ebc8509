using Scoring.Actors.Log;
using Scoring.Actors.Sink;
using Scoring.Simulation.Broker;
using Scoring.Simulation.Scheduling;
using Scoring.Simulation.Sharding;
using Scoring.Simulation.Store;
using Scoring.Simulation.Workload;

namespace Scoring.Simulation.Runs;

/// <summary>
/// One run: nodes, brokers, a database and a load, all drawn from a seed, with faults while the load runs. Then
/// everything heals, the run comes to rest, and what must hold is checked; most of it is checked as it happens.
/// </summary>
public sealed class World : IDisposable
{
    internal const string GroupId = "scoring";

    private const int OutputPartitions = 3;
    private const long MaxSteps = 5_000_000;
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(40);
    private static readonly TimeSpan RestartDelay = TimeSpan.FromMilliseconds(800);

    private readonly List<Node> nodes = [];
    private readonly LoadGenerator load;
    private readonly FaultPlan faults;
    private readonly SortedDictionary<int, long> everCommitted = [];
    private int nodeNumber;
    private int starting;

    /// <summary>Draws a world.</summary>
    /// <param name="seed">Decides everything.</param>
    /// <param name="guarantee">What must hold of repeats; null draws that too.</param>
    public World(int seed, Guarantee? guarantee = null)
    {
        Seed = seed;
        Scenario = new Scenario(seed, guarantee);
        Scheduler = new VirtualScheduler(seed ^ 0x5EED);
        Broker = new SimulatedBroker(Scheduler, new BrokerFaults
        {
            SlowAppendOneIn = Scenario.SlowAppendOneIn,
            BrokenAppendOneIn = Scenario.BrokenAppendOneIn,
            FailedCommitOneIn = Scenario.FailedCommitOneIn,
            LostCommitAnswerOneIn = Scenario.LostCommitAnswerOneIn,
            FatalAppendOneIn = Scenario.FatalAppendOneIn,
            LostLookupOneIn = Scenario.LostLookupOneIn,
            FatalPollOneIn = Scenario.FatalPollOneIn,
            ProducerQueue = Scenario.ProducerQueue,
            RefusedTransactionOneIn = Scenario.RefusedTransactionOneIn,
            LostTransactionAnswerOneIn = Scenario.LostTransactionAnswerOneIn,
            AbortableTransactionOneIn = Scenario.AbortableTransactionOneIn,
            FatalTransactionOneIn = Scenario.FatalTransactionOneIn,
        });
        Broker.CreateTopic(Topics.Transactions, Scenario.Partitions);
        foreach (var topic in (string[])[Topics.Scores, Topics.Sessions, Topics.Late, Topics.DeadLetters])
            Broker.CreateTopic(topic, OutputPartitions);
        Book = new OutputBook(Broker, Topics, Scenario.Guarantee, Violate)
        {
            IsOrdered = Scenario is { BrokenAppendOneIn: 0, FatalAppendOneIn: 0 },
            IsRowDamaged = (partition, user) => Database!.DamagedUsers.Contains((partition, user)),
        };
        Broker.Appended = Book.Appended;
        Broker.Committed = Committed;
        Database = new SimulatedDatabase(Scheduler, new StoreFaults
        {
            SlowOneIn = Scenario.SlowStoreOneIn,
            RefusedOneIn = Scenario.RefusedStoreOneIn,
            LostAnswerOneIn = Scenario.LostStoreAnswerOneIn,
        })
        {
            Committed = partition => everCommitted.TryGetValue(partition, out var offset) ? offset : null,
            Violated = Violate,
        };
        load = new LoadGenerator(Broker, Topics.Transactions, Scenario, seed ^ 0x10AD);
        faults = new FaultPlan(this, seed ^ 0xFA17);
        Sharding = new SimulatedSharding(this);
    }

    /// <summary>What decides it.</summary>
    public int Seed { get; }

    /// <summary>What runs it.</summary>
    public VirtualScheduler Scheduler { get; }

    /// <summary>The first thing that went wrong.</summary>
    public Violation? Violation { get; private set; }

    /// <summary>The input log.</summary>
    public IEnumerable<(int Partition, LogRecord Record)> Inputs => Broker.Topic(Topics.Transactions).SelectMany((log, partition) => log.Everything.Select(r => (partition, r)));

    internal Scenario Scenario { get; }

    internal SimulatedBroker Broker { get; }

    internal SimulatedSharding Sharding { get; }

    /// <summary>The records that have thrown once, of those that do so once.</summary>
    internal HashSet<string> ThrownOnce { get; } = [];

    internal SimulatedDatabase Database { get; }

    internal OutputBook Book { get; }

    internal Topics Topics { get; } = new();

    internal WorldMeters Meters { get; } = new();

    internal IReadOnlyList<Node> Nodes => nodes;

    /// <summary>Runs it to its end or to the first violation.</summary>
    public RunResult Run()
    {
        for (var i = 0; i < Scenario.Nodes; i++)
            Add();
        Sharding.Start();
        load.Start();
        faults.Start();
        RunUntil(() => load.IsDone && faults.IsDone, "the load and the faults end");
        Heal();
        RunUntil(IsAtRest, "every input is scored or dead-lettered");

        // What is durable must be all that is needed: new processes, and one more transaction for each card.
        foreach (var node in nodes)
            node.Crash();
        load.Probe();
        RunUntil(IsAtRest, "every probe is scored");
        load.CloseSessions();
        RunUntil(IsAtRest, "every session is closed");
        RunUntil(IsStable, "every transaction is ended");
        if (Violation is null)
            Book.CheckSessions();
        if (Scheduler.Escaped is { } escaped)
            Violate("all work runs on the injected scheduler", escaped);
        return new RunResult(Seed, Violation, Scheduler.Trace.Hash, Scheduler.Steps, Scheduler.Now, Book.Scored, Book.Dead, Book.Repeats, Database.Checkpoints, Database.Fences, Sharding.Moves, Broker.Transactions.Commits, Broker.Transactions.Aborts, Broker.Transactions.Fenced, faults.Count, Database.Damaged, Book.Incomplete);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Scheduler.Dispose();
        Meters.Dispose();
    }

    internal void Violate(string invariant, string detail)
    {
        if (Violation is not null)
            return;
        Violation = new Violation(invariant, detail);
        Scheduler.Trace.Note($"VIOLATED: {invariant}: {detail}");
    }

    /// <summary>Starts a node.</summary>
    /// <param name="id">What names it over its restarts; null for one that never was before.</param>
    internal Node Add(string? id = null)
    {
        var name = $"n{++nodeNumber}";
        var node = new Node(this, name, id ?? name);
        nodes.Add(node);
        node.Start();
        return node;
    }

    private void Heal()
    {
        Scheduler.Trace.Note("everything heals");
        Broker.IsAway = Database.IsAway = false;
        Broker.Faults = new BrokerFaults { ProducerQueue = Scenario.ProducerQueue };
        Database.Faults = new StoreFaults();
        foreach (var node in nodes.Where(n => n.Process.IsPaused))
            node.Process.Resume();
        Sharding.IsRestless = false;
        foreach (var node in nodes)
            node.IsIsolated = false;
    }

    // No other process runs with it.
    private bool IsFree(string id) => !nodes.Exists(n => n.Id == id && !n.Process.IsCrashed);

    private bool IsStable() =>
        ((string[])[Topics.Scores, Topics.Sessions, Topics.Late, Topics.DeadLetters]).SelectMany(Broker.Topic).All(log => log.LastStable == log.End);

    private bool IsAtRest() => Enumerable.Range(0, Scenario.Partitions).All(IsAtRest);

    // Behind what is committed there may be records of aborted transactions, and their markers.
    private bool IsAtRest(int partition)
    {
        var log = Broker.Topic(Topics.Transactions)[partition];
        return log.LastStable == log.End && log.NextCommitted(Broker.Offsets.Committed(partition) ?? 0) == log.End;
    }

    private void Committed(int partition, long? before, long offset)
    {
        everCommitted[partition] = Math.Max(everCommitted.GetValueOrDefault(partition), offset);
        Book.Committed(partition, before, offset);
    }

    private void RunUntil(Func<bool> condition, string what)
    {
        if (Violation is not null)
            return;
        var reached = Scheduler.RunUntil(() => Violation is not null || Scheduler.Steps > MaxSteps || (Restart() && condition()), Longest);
        if (Violation is null && (!reached || Scheduler.Steps > MaxSteps))
            Violate("the run comes to rest", $"it never held that {what}; {Standing()}");
    }

    // As an orchestrator does with a process that exits; some come back under their old name.
    private bool Restart()
    {
        for (var i = nodes.Count - 1; i >= 0; i--)
        {
            if (!nodes[i].Process.IsCrashed)
                continue;
            var id = nodes[i].Id;
            nodes.RemoveAt(i);
            if (nodes.Count + starting >= Scenario.Nodes)
                continue;
            starting++;
            Scheduler.After(Scheduler.Environment, RestartDelay * (1 + Scheduler.Next(8)), () =>
            {
                starting--;
                Scheduler.Trace.Note($"{Add(Scheduler.Next(4) != 0 && IsFree(id) ? id : null).Process.Name} starts");
            });
        }

        return true;
    }

    private string Standing() => string.Join("; ", Enumerable.Range(0, Scenario.Partitions).Select(p =>
        $"p{p}: committed {Broker.Offsets.Committed(p)} of {Broker.Topic(Topics.Transactions)[p].End}, checkpoint {Database.CheckpointOffset(p)}")) + $"; missing: {Book.FirstMissing()}";
}

/// <summary>What a run came to.</summary>
/// <param name="Seed">Its seed.</param>
/// <param name="Violation">What went wrong; null if nothing did.</param>
/// <param name="Hash">Equal for equal runs.</param>
/// <param name="Steps">Steps of the scheduler.</param>
/// <param name="Elapsed">Virtual time.</param>
/// <param name="Scored">Inputs scored.</param>
/// <param name="Dead">Inputs that became dead letters.</param>
/// <param name="Repeats">Scores that were emitted again.</param>
/// <param name="Checkpoints">Checkpoints written.</param>
/// <param name="Fences">Take-overs of a partition that had an owner before.</param>
/// <param name="Moves">Times that a partition was given a home.</param>
/// <param name="Transactions">Transactions committed.</param>
/// <param name="Aborts">Transactions aborted.</param>
/// <param name="FencedProducers">Requests of fenced and expired producers refused.</param>
/// <param name="Faults">Faults injected.</param>
/// <param name="Damaged">Stored rows that were damaged.</param>
/// <param name="Incomplete">Scores that said so.</param>
public sealed record RunResult(
    int Seed, Violation? Violation, ulong Hash, long Steps, TimeSpan Elapsed, int Scored, int Dead, int Repeats, long Checkpoints, long Fences, int Moves, int Transactions, int Aborts, int FencedProducers, int Faults, int Damaged, int Incomplete);
