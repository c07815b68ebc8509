using Scoring.Actors.Sink;
using Scoring.Simulation.Workload;

namespace Scoring.Simulation.Runs;

/// <summary>What breaks while the load runs, and when: crashes, zombies, nodes that come and go, outages, clocks that jump.</summary>
internal sealed class FaultPlan
{
    private static readonly TimeSpan Spread = TimeSpan.FromSeconds(15);

    private const int MostLooks = 2_000;
    private static readonly TimeSpan BetweenLooks = TimeSpan.FromMilliseconds(1);

    private readonly World world;
    private readonly Random random;
    private int underWay;

    internal FaultPlan(World world, int seed)
    {
        this.world = world;
        random = new Random(seed);
        Count = world.Scenario.Faults + world.Scenario.DamagedRows + world.Scenario.Trims + world.Scenario.SetBacks;
    }

    /// <summary>How many there are.</summary>
    internal int Count { get; }

    /// <summary>Whether all have begun and ended.</summary>
    internal bool IsDone => underWay == 0;

    internal void Start()
    {
        Plan(world.Scenario.Faults, Strike);
        Plan(world.Scenario.DamagedRows, Damage);
        Plan(world.Scenario.Trims, Trim);
        Plan(world.Scenario.SetBacks, SetBack);
    }

    private void Plan(int times, Action fault)
    {
        for (var i = 0; i < times; i++)
        {
            underWay++;
            After(Some(Spread), fault);
        }
    }

    private void Damage()
    {
        world.Database.Damage(random.Next(world.Scenario.Partitions), LoadGenerator.UserIds);
        underWay--;
    }

    // As retention does that is long enough for every recovery.
    private void Trim()
    {
        var logs = world.Broker.Topic(world.Topics.Transactions);
        for (var partition = 0; partition < logs.Count; partition++)
        {
            if (world.Database.CheckpointOffset(partition) is not { } checkpoint || checkpoint - world.Scenario.TrimMargin <= logs[partition].Start)
                continue;
            logs[partition].Trim(checkpoint - world.Scenario.TrimMargin);
            Note($"p{partition} is trimmed to {logs[partition].Start}");
        }

        underWay--;
    }

    // An offset that has expired, or that a tool has set back: only where what follows from it may be emitted again.
    private void SetBack()
    {
        var partition = random.Next(world.Scenario.Partitions);
        if (world.Scenario.Guarantee == Guarantee.AtLeastOnce && world.Database.CheckpointOffset(partition) is not null && world.Broker.Offsets.Committed(partition) is { } committed)
        {
            Note($"the offset of p{partition}, {committed}, is set back");
            if (random.Next(2) == 0)
                world.Broker.Offsets.Expire(partition);
            else
                world.Broker.Offsets.Commit(partition, Math.Max(0, committed - random.Next(40)));
        }

        underWay--;
    }

    private void Strike()
    {
        switch (random.Next(12))
        {
            case 0 or 1 or 2:
                Crash();
                break;
            case 3 or 4:
                Pause();
                break;
            case 5:
                Outage("the database is away", away => world.Database.IsAway = away);
                break;
            case 6:
                Outage("the brokers are away", away => world.Broker.IsAway = away);
                break;
            case 7:
                Leave();
                break;
            case 8 or 9:
                Isolate();
                break;
            case 10:
                Stall();
                break;
            default:
                JumpClock();
                break;
        }
    }

    private void Crash()
    {
        var node = Pick();
        if (node is not null)
        {
            Note($"{node.Process.Name} crashes");
            node.Crash();
        }

        underWay--;
    }

    private void Pause()
    {
        if (Pick() is { } node)
            Pause(node, random.Next(2) * MostLooks);
        else
            underWay--;
    }

    // Half of them while rows are on their way to the node: what it then wakes with may be a later owner's.
    private void Pause(Node node, int looks)
    {
        if (looks > 0 && !node.Process.IsCrashed && !node.IsLoading)
        {
            After(BetweenLooks, () => Pause(node, looks - 1));
            return;
        }

        Note($"{node.Process.Name} stands still");
        node.Process.Pause();
        // Some for less than others wait for it, most for longer: those wake as zombies.
        After(TimeSpan.FromSeconds(random.Next(3) == 0 ? 2 : 8 + random.Next(30)), () =>
        {
            if (node.Process is { IsPaused: true, IsCrashed: false })
            {
                Note($"{node.Process.Name} goes on");
                node.Process.Resume();
            }

            underWay--;
        });
    }

    // The others do not reach it, though brokers and database do: until it hears of it, it owns what others own too.
    private void Isolate()
    {
        if (Pick() is not { } node)
        {
            underWay--;
            return;
        }

        Note($"{node.Process.Name} is not reached by the others");
        node.IsIsolated = true;
        After(TimeSpan.FromSeconds(random.Next(3) == 0 ? 4 : 10 + random.Next(120)), () =>
        {
            node.IsIsolated = false;
            underWay--;
        });
    }

    private void Stall()
    {
        var time = Some(TimeSpan.FromSeconds(random.Next(2) == 0 ? 5 : 60));
        Note($"no partition gets a home for {time.TotalSeconds:F1} s");
        world.Sharding.Stall(time);
        underWay--;
    }

    private void Outage(string what, Action<bool> set)
    {
        Note(what);
        set(true);
        After(Some(TimeSpan.FromSeconds(random.Next(3) switch { 0 => 1, 1 => 12, _ => 150 })), () =>
        {
            Note($"no longer: {what}");
            set(false);
            underWay--;
        });
    }

    // A node more for a while, or one that is asked to go; the orchestrator starts another for it.
    private void Leave()
    {
        if (random.Next(2) == 0)
        {
            Note($"{world.Add().Process.Name} comes");
        }
        else if (Pick() is { } node)
        {
            Note($"{node.Process.Name} is asked to leave");
            node.Leave();
        }

        underWay--;
    }

    private void JumpClock()
    {
        if (Pick() is { } node)
        {
            node.Process.Time.Skew = TimeSpan.FromHours(random.Next(200) - 100);
            Note($"{node.Process.Name}'s wall clock jumps by {node.Process.Time.Skew}");
        }

        underWay--;
    }

    private Node? Pick()
    {
        var running = world.Nodes.Where(n => !n.Process.IsCrashed && !n.Process.IsPaused).ToList();
        return running.Count == 0 ? null : running[random.Next(running.Count)];
    }

    private TimeSpan Some(TimeSpan atMost) => atMost * random.NextDouble();

    private void After(TimeSpan delay, Action action) => world.Scheduler.After(world.Scheduler.Environment, delay, action);

    private void Note(string what) => world.Scheduler.Trace.Note($"FAULT: {what}");
}
