
namespace Scoring.Crash;

/// <summary>
/// Watches a run: tells the load how far the group has committed, times the hand-overs, and notices what must not be: a
/// node that ends by itself, a log that was trimmed beyond a checkpoint.
/// </summary>
internal sealed class Monitor(Cluster cluster, FileLoad load, ScoreAudit audit, ScoreReader reader, int partitions, bool trims)
{
    private const int TurnsBetweenTrimChecks = 10;

    private static readonly TimeSpan Turn = TimeSpan.FromMilliseconds(100);

    private readonly string topic = cluster.TopicOf("transactions");
    private readonly HashSet<ClusterNode> mayBeDown = [];
    private readonly List<Fault> faults = [];
    private readonly List<string> problems = [];
    private readonly Lock gate = new();
    private readonly TaskCompletionSource broken = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private IReadOnlyList<StoredShard> shards = [];

    /// <summary>What must not be and was.</summary>
    public IReadOnlyList<string> Problems => With(() => problems.ToList());

    /// <summary>Ends with the first of the problems.</summary>
    public Task Broken => broken.Task;

    /// <summary>What was done to the nodes so far.</summary>
    public IReadOnlyList<Fault> Faults => With(() => faults.ToList());

    /// <summary>The shards as they last stood in the store.</summary>
    public IReadOnlyList<StoredShard> Shards => Volatile.Read(ref shards);

    /// <summary>Notes what is about to be done to a node.</summary>
    public Fault Begin(FaultKind kind, ClusterNode node, TimeSpan at)
    {
        var now = TimeProvider.System.GetTimestamp();
        lock (gate)
        {
            mayBeDown.Add(node);
            var fault = new Fault(kind, node, at, [.. Shards.Where(s => s.Owner == node.Name).Select(s => new HandOver
            {
                Partition = s.Partition,
                Fence = s.Fence,
                RepeatsBefore = audit.RepeatsOf(s.Partition),
                Began = now,
            })]);
            faults.Add(fault);
            return fault;
        }
    }

    /// <summary>From now on the node must run.</summary>
    public void End(ClusterNode node)
    {
        lock (gate)
            mayBeDown.Remove(node);
    }

    public void AddProblem(string problem)
    {
        lock (gate)
        {
            if (!problems.Contains(problem))
                problems.Add(problem);
        }

        broken.TrySetResult();
    }

    /// <summary>Watches until it is stopped.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        await using var table = new ShardTable(cluster.ConnectionString, topic);
        using var log = new InputLog(cluster.Bootstrap, cluster.Group, partitions);
        using var turns = new PeriodicTimer(Turn);
        for (var turn = 0; !stop.IsCancellationRequested; turn++)
        {
            try
            {
                Volatile.Write(ref shards, await table.ReadAsync());
                load.Commit(log.Committed(topic));
                FollowHandOvers();
                CheckNodes();
                if (trims && turn % TurnsBetweenTrimChecks == 0)
                    CheckTrims(log);
                if (reader.Failure is { } failure)
                    AddProblem($"the scores could not be read to their end: {failure.Message}");
                if (audit.Wrong > 0)
                    AddProblem("the run was ended early: score records are not as the replay says");
                await turns.WaitForNextTickAsync(stop);
            }
            catch (OperationCanceledException)
            {
                return;
            }
#pragma warning disable CA1031 // Whatever it is: a run that nobody watches would stall for want of the monitor, and look like the service's fault.
            catch (Exception e)
#pragma warning restore CA1031
            {
                AddProblem($"the cluster could not be watched: {e.Message}");
            }
        }
    }

    private void FollowHandOvers()
    {
        lock (gate)
        {
            foreach (var partition in faults.SelectMany(f => f.HandOvers).GroupBy(h => h.Partition))
            {
                // What comes after a partition's next fault is that one's.
                var last = partition.Last();
                var shard = Shards.Single(s => s.Partition == last.Partition);
                last.Repeats = audit.RepeatsOf(last.Partition) - last.RepeatsBefore;
                if (last.Acquired is null && shard.Fence > last.Fence)
                {
                    last.Acquired = TimeProvider.System.GetElapsedTime(last.Began);
                    last.Owner = shard.Owner;
                }

                if (last is { Acquired: { } acquired, Scored: null } && TimeProvider.System.GetElapsedTime(last.Began, audit.LastArrival(last.Partition)) is var scored && scored > acquired)
                    last.Scored = scored;
            }
        }
    }

    private void CheckNodes()
    {
        foreach (var node in cluster.Nodes)
        {
            if (!node.IsRunning && !With(() => mayBeDown.Contains(node)))
                AddProblem($"{node.Name} ended by itself; it had said:\n{node.Process.Said}");
        }
    }

    // What lies before the checkpoint is in the store; what lies behind it is needed to rebuild the shard.
    private void CheckTrims(InputLog log)
    {
        // The log first: a checkpoint only moves on while it is looked at.
        var bounds = log.Bounds(topic);
        foreach (var shard in Shards.Where(s => bounds[s.Partition].Low > (s.Checkpoint ?? 0)))
            AddProblem($"the broker has trimmed {topic}[{shard.Partition}] up to offset {bounds[shard.Partition].Low}, and the shard's checkpoint stands at {shard.Checkpoint?.ToString() ?? "none"}");
    }

    private T With<T>(Func<T> read)
    {
        lock (gate)
            return read();
    }
}
