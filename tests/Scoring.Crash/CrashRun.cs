using System.Globalization;

namespace Scoring.Crash;

/// <summary>What a crash run does.</summary>
internal sealed record CrashOptions
{
    public required int Nodes { get; init; }

    public required int Seed { get; init; }

    public required double Rate { get; init; }

    public TimeSpan? Duration { get; init; }

    public string? Bootstrap { get; init; }

    /// <summary>Whether a reader of committed records must see each score once.</summary>
    public bool IsExactlyOnce { get; init; }

    public required string Input { get; init; }

    public required string Map { get; init; }

    public required string Features { get; init; }

    public required string Model { get; init; }

    public string? LogFolder { get; init; }
}

/// <summary>
/// One run: 1. what must come out, by the replay; 2. a cluster; 3. the load, and nodes that are killed and stopped while it
/// runs; 4. the rest of the scores; 5. the verdict.
/// </summary>
internal sealed class CrashRun(CrashOptions options)
{
    private const int Partitions = 12;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(100);

    public async Task<int> RunAsync(StopRequest stop)
    {
        // 1. What must come out.
        Console.WriteLine($"seed {options.Seed}; replaying {Path.GetFileName(options.Input)}");
        var expected = await ExpectedFeatures.ReplayAsync(options.Features, options.Input, options.Map);

        // 2. A cluster.
        var prefix = options.Bootstrap is null ? "" : $"crash-{Environment.ProcessId}-{TimeProvider.System.GetUtcNow().ToUnixTimeSeconds()}-";
        Console.WriteLine($"{expected.Count:N0} transactions; starting {options.Nodes} nodes with {(options.Bootstrap is null ? "the embedded broker" : options.Bootstrap)} and PostgreSQL");
        await using var cluster = await Cluster.StartAsync(ClusterOptions(prefix), stop.Token);
        var audit = new ScoreAudit(expected, Partitions);
        using var reader = new ScoreReader(cluster.Bootstrap, cluster.TopicOf("scores"), Partitions, audit);
        using var load = new FileLoad(cluster.Bootstrap, cluster.TopicOf("transactions"), cluster.TopicOf("labels"), Partitions, options.Input, options.Map);
        var monitor = new Monitor(cluster, load, audit, reader, Partitions, trims: options.Bootstrap is null);
        using var watching = new CancellationTokenSource();
        var watch = monitor.RunAsync(watching.Token);
        await SpreadAsync(cluster, monitor, stop.Token);
        if (options.Duration is { } duration)
            stop.After(duration);

        // 3. The load, and faults while it runs.
        await LoadUnderFaultsAsync(cluster, load, monitor, stop.Token);

        // 4. The rest of the scores.
        await SettleAsync(cluster, load, audit, monitor);
        await watching.CancelAsync();
        await watch;
        foreach (var problem in await cluster.StopNodesAsync())
            monitor.AddProblem(problem);
        await ReadToEndAsync(cluster, reader, monitor);

        // 5. The verdict.
        var verdict = new Verdict(cluster, load, audit, monitor, options.IsExactlyOnce);
        await verdict.AddLastAsync(Partitions);
        return verdict.Write(Console.Out) ? 0 : 1;
    }

    private ClusterOptions ClusterOptions(string prefix) => new()
    {
        Nodes = options.Nodes,
        Bootstrap = options.Bootstrap,
        Partitions = Partitions,
        Prefix = prefix,
        LogFolder = options.LogFolder,
        Settings =
        [
            $"--Scoring:Features:Path={options.Features}",
            $"--Scoring:Model:Path={options.Model}",
            "--Scoring:Shards:RecordFeatures=true",
            "--Scoring:State:CheckpointInterval=00:00:01",
            $"--Scoring:Output:Guarantee={(options.IsExactlyOnce ? "exactly_once" : "at_least_once")}",
        ],
    };

    // The first node to join owns all partitions for a while; a fault should find them spread.
    private static async Task SpreadAsync(Cluster cluster, Monitor monitor, CancellationToken stop)
    {
        var since = TimeProvider.System.GetTimestamp();
        while (cluster.Nodes.Count(n => monitor.Shards.Any(s => s.Owner == n.Name)) < Math.Min(Partitions, cluster.Nodes.Count))
        {
            if (TimeProvider.System.GetElapsedTime(since) > Patience)
                throw new ClusterException($"the partitions were not spread over the nodes within {Patience.TotalSeconds:N0} s");
            await Task.Delay(Poll, stop);
        }
    }

    private async Task LoadUnderFaultsAsync(Cluster cluster, FileLoad load, Monitor monitor, CancellationToken stop)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var chaos = new Chaos(cluster, monitor, options.Seed, Console.WriteLine).RunAsync(end.Token);
        var loading = load.RunAsync(options.Rate, end.Token);
        // What must not be ends the run at once.
        await Task.WhenAny(loading, chaos, monitor.Broken);
        await end.CancelAsync();
        await loading;
        await chaos;
        Console.WriteLine($"{load.Sent:N0} transactions were sent");
    }

    private static async Task SettleAsync(Cluster cluster, FileLoad load, ScoreAudit audit, Monitor monitor)
    {
        using var log = new InputLog(cluster.Bootstrap, cluster.Group, Partitions);
        using var relayed = new InputLog(cluster.Bootstrap, cluster.Group + "-relay", Partitions);
        var (moved, since) = (0L, TimeProvider.System.GetTimestamp());
        while (!monitor.Broken.IsCompleted)
        {
            var left = Left(log, cluster.TopicOf("transactions")) + Left(relayed, cluster.TopicOf("labels"));
            if (left == 0 && audit.Distinct >= load.Sent)
                return;
            var now = audit.Distinct + audit.Repeats - left;
            if (now != moved)
                (moved, since) = (now, TimeProvider.System.GetTimestamp());
            else if (TimeProvider.System.GetElapsedTime(since) > Patience)
                monitor.AddProblem(string.Create(CultureInfo.InvariantCulture, $"nothing moved for {Patience.TotalSeconds:N0} s, and {left:N0} records are not committed, {load.Sent - audit.Distinct:N0} transactions not scored"));
            await Task.Delay(Poll);
        }
    }

    private static long Left(InputLog log, string topic) => log.Bounds(topic).Zip(log.Committed(topic), (b, c) => b.High == 0 ? 0 : b.High - c).Sum();

    private static async Task ReadToEndAsync(Cluster cluster, ScoreReader reader, Monitor monitor)
    {
        using var log = new InputLog(cluster.Bootstrap, cluster.Group, Partitions);
        var ends = log.Bounds(cluster.TopicOf("scores"));
        var since = TimeProvider.System.GetTimestamp();
        while (Enumerable.Range(0, Partitions).Any(p => reader.PositionOf(p) < ends[p].High))
        {
            if (reader.Failure is not null || TimeProvider.System.GetElapsedTime(since) > Patience)
            {
                monitor.AddProblem($"the scores were not read to their end: {reader.Failure?.Message ?? "too slow"}");
                return;
            }

            await Task.Delay(Poll);
        }
    }
}
