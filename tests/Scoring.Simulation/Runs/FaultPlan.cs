using Scoring.Actors.Sink;

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
        Count = world.Scenario.Faults + world.Scenario.DamagedRows + world.Scenario.Trims;
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
        world.Database.Damage(random.Next(world.Scenario.Partitions), previousToo: random.Next(3) == 0);
        underWay--;
    }

    // As retention does that is long enough for every recovery, and not for every repair.
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

    private void Strike()
    {
        switch (random.Next(9))
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

        After(Some(TimeSpan.FromSeconds(9)), () =>
        {
            if (world.Nodes.Count(n => !n.Process.IsCrashed) < world.Scenario.Nodes)
                Note($"{world.Add(IsFree(node) ? node!.Id : null).Process.Name} starts");
            underWay--;
        });
    }

    private void Pause()
    {
        if (Pick() is { } node)
            Pause(node, random.Next(2) * MostLooks);
        else
            underWay--;
    }

    // Half of them while entities are on their way to the node: what it then wakes with may be a later owner's.
    private void Pause(Node node, int looks)
    {
        if (looks > 0 && !node.Process.IsCrashed && !world.Database.Loading.Contains(node.Process.Name))
        {
            After(BetweenLooks, () => Pause(node, looks - 1));
            return;
        }

        Note($"{node.Process.Name} stands still");
        node.Process.Pause();
        if (world.Scenario.Guarantee == Guarantee.ExactlyOnce && !node.Process.IsCrashed && random.Next(2) == 0)
            Replace(node);
        // Some for less than the session timeout, most for longer: those wake as zombies.
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

    // Thought to be dead, another process starts in its name: when it goes on, two have the same transactional id, until
    // somebody ends it.
    private void Replace(Node node)
    {
        underWay++;
        After(Some(TimeSpan.FromSeconds(20)), () =>
        {
            if (!node.Process.IsCrashed)
                Note($"{world.Add(node.Id).Process.Name} starts in the name of {node.Process.Name}");
            After(Some(TimeSpan.FromSeconds(30)), () =>
            {
                Note($"{node.Process.Name} is ended");
                node.Crash();
                underWay--;
            });
        });
    }

    private void Outage(string what, Action<bool> set)
    {
        Note(what);
        set(true);
        After(Some(TimeSpan.FromSeconds(random.Next(2) == 0 ? 1 : 12)), () =>
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

    // A process starts in the name of one that crashed, unless another already did.
    private bool IsFree(Node? node) => node is not null && random.Next(4) != 0 && !world.Nodes.Any(n => n.Id == node.Id && !n.Process.IsCrashed);

    private Node? Pick()
    {
        var running = world.Nodes.Where(n => !n.Process.IsCrashed && !n.Process.IsPaused).ToList();
        return running.Count == 0 ? null : running[random.Next(running.Count)];
    }

    private TimeSpan Some(TimeSpan atMost) => atMost * random.NextDouble();

    private void After(TimeSpan delay, Action action) => world.Scheduler.After(world.Scheduler.Environment, delay, action);

    private void Note(string what) => world.Scheduler.Trace.Note($"FAULT: {what}");
}
