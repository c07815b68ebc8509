using Akka.Actor;
using Scoring.Actors.Messages;
using Scoring.Simulation.Runs;

namespace Scoring.Simulation.Sharding;

/// <summary>
/// Says which node has which partition, with all that Cluster Sharding may do to them: moves, hand-offs whose messages are lost, long
/// pauses, and nodes that are given up though they live, so that a partition has two owners at once, for minutes.
/// </summary>
/// <param name="world">What it is in.</param>
internal sealed class SimulatedSharding(World world)
{
    private const int MoveOneIn = 60;
    private static readonly TimeSpan BetweenLooks = TimeSpan.FromMilliseconds(300);

    // As the region's own stop, three quarters of its hand-off.
    private static readonly TimeSpan StopAfter = TimeSpan.FromSeconds(15);

    private readonly List<Member> members = [];
    private readonly SortedDictionary<int, Home> homes = [];
    private TimeSpan stalledUntil;

    /// <summary>Moves and losses of partitions so far.</summary>
    internal int Moves { get; private set; }

    /// <summary>Whether moves come by themselves.</summary>
    internal bool IsRestless { get; set; } = true;

    /// <summary>Begins.</summary>
    internal void Start() => world.Scheduler.After(world.Scheduler.Environment, BetweenLooks, Look);

    /// <summary>A node has started.</summary>
    internal void Join(Node node)
    {
        members.Add(new Member(node));
        Note($"{node.Process.Name} joins");
    }

    /// <summary>Gives no partition a home for a while, as without a coordinator.</summary>
    internal void Stall(TimeSpan time) => stalledUntil = world.Scheduler.Now + time;

    /// <summary>Whether a node has a partition, or is to get one.</summary>
    internal bool IsHome(Node node) => homes.Values.Any(h => h.Node == node);

    private void Look()
    {
        foreach (var member in members.ToList())
            LookAt(member);
        if (world.Scheduler.Now >= stalledUntil)
        {
            for (var partition = 0; partition < world.Scenario.Partitions; partition++)
            {
                if (!homes.ContainsKey(partition))
                    Allocate(partition);
            }

            foreach (var (partition, home) in homes.ToList())
            {
                if (home.Node.IsLeaving || (IsRestless && world.Scheduler.Next(MoveOneIn) == 0))
                    HandOff(partition, home);
            }
        }

        world.Scheduler.After(world.Scheduler.Environment, BetweenLooks, Look);
    }

    private void LookAt(Member member)
    {
        var node = member.Node;
        if (node is { IsLeaving: true, Process.IsPaused: false } && !IsHome(node) && !node.Process.IsCrashed)
        {
            Note($"{node.Process.Name} has left");
            members.Remove(member);
            node.Crash();
            return;
        }

        if (!node.Process.IsCrashed && !node.Process.IsPaused && !node.IsIsolated)
        {
            member.SilentSince = null;
            return;
        }

        member.SilentSince ??= world.Scheduler.Now;
        if (world.Scheduler.Now - member.SilentSince < member.Patience)
            return;
        Note($"{node.Process.Name} is given up");
        members.Remove(member);
        foreach (var partition in homes.Where(h => h.Value.Node == node).Select(h => h.Key).ToList())
            homes.Remove(partition);
        if (!node.Process.IsCrashed)
            world.Scheduler.After(world.Scheduler.Environment, Some(world.Scenario.Hearing), () => TellDowned(node));
    }

    // It hears of it only when it runs.
    private void TellDowned(Node node)
    {
        if (node.Process.IsCrashed)
            return;
        if (node.Process.IsPaused)
        {
            world.Scheduler.After(world.Scheduler.Environment, BetweenLooks, () => TellDowned(node));
            return;
        }

        Note($"{node.Process.Name} hears that it was given up, and exits");
        node.Crash();
    }

    private void Allocate(int partition)
    {
        var able = members.Where(m => m.SilentSince is null && !m.Node.IsLeaving && !m.Node.Process.IsCrashed).ToList();
        if (able.Count == 0)
            return;
        var node = able.OrderBy(m => homes.Values.Count(h => h.Node == m.Node)).ThenBy(_ => world.Scheduler.Next(100)).First().Node;
        var home = homes[partition] = new Home(node);
        Moves++;
        Note($"p{partition} goes to {node.Process.Name}");
        node.Host(partition, entity => home.Entity = entity, () => Free(partition, home));
    }

    private void HandOff(int partition, Home home)
    {
        if (home.IsLeaving || home.Entity is not { } entity)
            return;
        home.IsLeaving = true;
        Note($"p{partition} is taken from {home.Node.Process.Name}");
        if (world.Scheduler.Next(4) != 0)
            home.Node.Process.Run(() => entity.Tell(Drain.Instance));
        world.Scheduler.After(world.Scheduler.Environment, StopAfter, () =>
        {
            if (homes.GetValueOrDefault(partition) == home)
                home.Node.Stop(entity);
        });
    }

    private void Free(int partition, Home home)
    {
        if (homes.GetValueOrDefault(partition) == home)
            homes.Remove(partition);
    }

    private TimeSpan Some(TimeSpan atMost) => atMost * (world.Scheduler.Next(1_000) / 1_000.0);

    private void Note(string what) => world.Scheduler.Trace.Note($"sharding: {what}");

    private sealed class Member(Node node)
    {
        internal Node Node => node;

        internal TimeSpan? SilentSince { get; set; }

        /// <summary>How long it may be silent: failure detection and the split-brain resolver's wait.</summary>
        internal TimeSpan Patience { get; } = TimeSpan.FromSeconds(9);
    }

    private sealed class Home(Node node)
    {
        internal Node Node => node;

        internal IActorRef? Entity { get; set; }

        internal bool IsLeaving { get; set; }
    }
}
