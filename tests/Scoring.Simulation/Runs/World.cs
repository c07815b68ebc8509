using Scoring.Actors.Log;
using Scoring.Actors.Sink;
using Scoring.Simulation.Broker;
using Scoring.Simulation.Scheduling;
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
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan RestartDelay = TimeSpan.FromMilliseconds(800);

    private readonly List<Node> nodes = [];
    private readonly LoadGenerator load;
    private readonly FaultPlan faults;
    private int nodeNumber;

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
            LostHeartbeatOneIn = Scenario.LostHeartbeatOneIn,
            ProducerQueue = Scenario.ProducerQueue,
            RefusedTransactionOneIn = Scenario.RefusedTransactionOneIn,
            LostTransactionAnswerOneIn = Scenario.LostTransactionAnswerOneIn,
            AbortableTransactionOneIn = Scenario.AbortableTransactionOneIn,
            FatalTransactionOneIn = Scenario.FatalTransactionOneIn,
        });
        Broker.CreateTopic(Topics.Transactions, Scenario.Partitions);
        foreach (var topic in (string[])[Topics.Scores, Topics.Sessions, Topics.Late, Topics.DeadLetters])
            Broker.CreateTopic(topic, OutputPartitions);
        Book = new OutputBook(Topics, Scenario.Partitions, Scenario.Guarantee, Violate)
        {
            IsOrdered = Scenario.BrokenAppendOneIn == 0,
            IsDamaged = (partition, user) => Database!.DamagedUsers.Contains((partition, user)),
        };
        Broker.Appended = Book.Appended;
        Broker.Committed = (_, partition, before, offset) => Book.Committed(partition, before, offset);
        Broker.ForeignCommit = (node, partition, offset) => Violate("only owners commit", $"{node} committed p{partition}@{offset} and does not own it");
        Group = Broker.Group(GroupId, Topics.Transactions);
        Database = new SimulatedDatabase(Scheduler, new StoreFaults
        {
            SlowOneIn = Scenario.SlowStoreOneIn,
            RefusedOneIn = Scenario.RefusedStoreOneIn,
            LostAnswerOneIn = Scenario.LostStoreAnswerOneIn,
        })
        {
            Committed = Group.Committed,
            Violated = Violate,
        };
        load = new LoadGenerator(Broker, Topics.Transactions, Scenario, seed ^ 0x10AD);
        faults = new FaultPlan(this, seed ^ 0xFA17);
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

    internal SimulatedGroup Group { get; }

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
        load.Start();
        faults.Start();
        RunUntil(() => load.IsDone && faults.IsDone, "the load and the faults end");
        Heal();
        RunUntil(IsAtRest, "every input is scored or dead-lettered");

        // What is durable must be all that is needed: new processes, and one more transaction for each card.
        foreach (var node in nodes)
            node.Crash();
        for (var i = 0; i < Scenario.Nodes; i++)
            Add(IsFree(nodes[i].Id) ? nodes[i].Id : null);
        load.Probe();
        RunUntil(IsAtRest, "every probe is scored");
        load.CloseSessions();
        RunUntil(IsAtRest, "every session is closed");
        RunUntil(IsStable, "every transaction is ended");
        if (Violation is null)
            Book.CheckSessions();
        if (Scheduler.Escaped is { } escaped)
            Violate("all work runs on the injected scheduler", escaped);
        return new RunResult(Seed, Violation, Scheduler.Trace.Hash, Scheduler.Steps, Scheduler.Now, Book.Scored, Book.Dead, Book.Repeats, Database.Checkpoints, Database.FencedWrites, Broker.Transactions.Commits, Broker.Transactions.Aborts, Broker.Transactions.Fenced, faults.Count, Database.Damaged, Book.Incomplete);
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
        foreach (var node in nodes.Where(n => nodes.FindLast(o => o.Id == n.Id) != n))
            node.Crash();
        while (nodes.Count(n => !n.Process.IsCrashed) < Scenario.Nodes)
            Add();
    }

    // No other process runs with it.
    private bool IsFree(string id) => !nodes.Exists(n => n.Id == id && !n.Process.IsCrashed);

    private bool IsStable() =>
        ((string[])[Topics.Scores, Topics.Sessions, Topics.Late, Topics.DeadLetters]).SelectMany(Broker.Topic).All(log => log.LastStable == log.End);

    private bool IsAtRest() =>
        Enumerable.Range(0, Scenario.Partitions).All(p => (Group.Committed(p) ?? 0) == Broker.Topic(Topics.Transactions)[p].End);

    private void RunUntil(Func<bool> condition, string what)
    {
        if (Violation is not null)
            return;
        var reached = Scheduler.RunUntil(() => Violation is not null || Scheduler.Steps > MaxSteps || (RestartEnded() && condition()), Longest);
        if (Violation is null && (!reached || Scheduler.Steps > MaxSteps))
            Violate("the run comes to rest", $"it never held that {what}; {Standing()}");
    }

    // As an orchestrator does with a process that exits.
    private bool RestartEnded()
    {
        for (var i = nodes.Count - 1; i >= 0; i--)
        {
            if (!nodes[i].HasEnded)
                continue;
            Scheduler.Trace.Note($"{nodes[i].Process.Name} has ended: {nodes[i].Failure?.Message ?? "as asked"}");
            nodes[i].Crash();
            var id = nodes[i].Id;
            nodes.RemoveAt(i);
            Scheduler.After(Scheduler.Environment, RestartDelay, () => Add(IsFree(id) ? id : null));
        }

        return true;
    }

    private string Standing() => string.Join("; ", Enumerable.Range(0, Scenario.Partitions).Select(p =>
        $"p{p}: committed {Group.Committed(p)} of {Broker.Topic(Topics.Transactions)[p].End}, checkpoint {Database.CheckpointOffset(p)}")) + $"; missing: {Book.FirstMissing()}";
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
/// <param name="FencedWrites">Writes of old epochs refused.</param>
/// <param name="Transactions">Transactions committed.</param>
/// <param name="Aborts">Transactions aborted.</param>
/// <param name="FencedProducers">Requests of fenced and expired producers refused.</param>
/// <param name="Faults">Faults injected.</param>
/// <param name="Damaged">Stored rows that were damaged.</param>
/// <param name="Incomplete">Scores that said so.</param>
public sealed record RunResult(
    int Seed, Violation? Violation, ulong Hash, long Steps, TimeSpan Elapsed, int Scored, int Dead, int Repeats, long Checkpoints, long FencedWrites, int Transactions, int Aborts, int FencedProducers, int Faults, int Damaged, int Incomplete);
