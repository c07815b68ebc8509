using System.Globalization;
using Npgsql;
using Scoring.Servers;

namespace Scoring.Crash;

/// <summary>How a cluster is made.</summary>
internal sealed record ClusterOptions
{
    /// <summary>How many nodes.</summary>
    public required int Nodes { get; init; }

    /// <summary>A Kafka that is there; null starts the embedded broker.</summary>
    public string? Bootstrap { get; init; }

    /// <summary>Partitions of each topic.</summary>
    public int Partitions { get; init; } = 4;

    /// <summary>Stands before every topic's name and is the group's name.</summary>
    public string Prefix { get; init; } = "";

    /// <summary>Further settings of each node.</summary>
    public IReadOnlyList<string> Settings { get; init; } = [];

    /// <summary>Where each node's log goes as a file; null keeps none.</summary>
    public string? LogFolder { get; init; }
}

/// <summary>
/// A cluster on this machine: the embedded broker in a process of its own unless a Kafka is given, Debian's PostgreSQL,
/// and nodes. Everything ends, and the data goes, when it is disposed.
/// </summary>
internal sealed class Cluster : IAsyncDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(40);
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(50);

    private readonly ClusterOptions options;
    private readonly List<ClusterNode> nodes = [];
    private readonly string folder = Directory.CreateTempSubdirectory("scoring-cluster-").FullName;
    private ScoringProcess? broker;
    private PostgresServer? postgres;

    private Cluster(ClusterOptions options) => this.options = options;

    public string Bootstrap { get; private set; } = "";

    public string ConnectionString { get; private set; } = "";

    public string Group => options.Prefix + "scoring";

    public IReadOnlyList<ClusterNode> Nodes => nodes;

    public string TopicOf(string name) => options.Prefix + name;

    /// <summary>Starts it, and returns when every node is ready.</summary>
    /// <exception cref="ClusterException">A part did not start.</exception>
    public static async Task<Cluster> StartAsync(ClusterOptions options, CancellationToken cancellation)
    {
        var cluster = new Cluster(options);
        try
        {
            await cluster.StartPartsAsync(cancellation);
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>Stops the nodes one after the other as an orchestrator does.</summary>
    /// <returns>What went wrong; empty if each ended with status 0.</returns>
    public async Task<IReadOnlyList<string>> StopNodesAsync()
    {
        var problems = new List<string>();
        foreach (var node in nodes.Where(n => n.IsRunning))
        {
            var status = await node.StopAsync(StopLimit);
            if (status != 0)
                problems.Add($"{node.Name} {(status is null ? $"did not stop within {StopLimit.TotalSeconds:N0} s" : $"ended with status {status}")}; it had said:\n{node.Process.Said}");
        }

        return problems;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var node in nodes)
            await node.DisposeAsync();
        if (postgres is not null)
            await postgres.DisposeAsync();
        if (broker is not null)
            await broker.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }

    private async Task StartPartsAsync(CancellationToken cancellation)
    {
        Bootstrap = options.Bootstrap ?? await StartBrokerAsync(cancellation);
        if (options.Bootstrap is not null)
            await KafkaTopics.CreateAsync(options.Bootstrap, options.Prefix, options.Partitions);
        postgres = await PostgresServer.StartAsync(cancellation: cancellation);
        ConnectionString = await postgres.CreateDatabaseAsync("scoring");
        int[] contacts = [.. Enumerable.Range(0, options.Nodes).Select(_ => FreePort.Take())];
        for (var i = 1; i <= options.Nodes; i++)
        {
            var gate = new WriteGate(postgres.Port);
            var node = new ClusterNode($"node-{i}", [.. SettingsOf(gate), .. MemberSettings(contacts, i - 1)], gate, options.LogFolder);
            nodes.Add(node);
            node.Start();
        }

        foreach (var node in nodes)
            await WaitAsync(node.IsReadyAsync, () => node.IsRunning, () => $"{node.Name} was not ready within {StartLimit.TotalSeconds:N0} s; it had said:\n{node.Process.Said}", cancellation);
    }

    private async Task<string> StartBrokerAsync(CancellationToken cancellation)
    {
        var address = Path.Combine(folder, "broker");
        broker = ScoringProcess.Start(["broker", "--partitions", options.Partitions.ToString(CultureInfo.InvariantCulture), "--topic-prefix", options.Prefix, "--address-file", address]);
        await WaitAsync(() => Task.FromResult(File.Exists(address)), () => !broker.HasExited, () => $"the broker did not start; it had said:\n{broker.Said}", cancellation);
        return await File.ReadAllTextAsync(address, cancellation);
    }

    private string[] SettingsOf(WriteGate gate) =>
    [
        $"--Scoring:Kafka:BootstrapServers={Bootstrap}",
        $"--Scoring:Topics:Prefix={options.Prefix}",
        $"--Scoring:Source:GroupId={Group}",
        // A file is history.
        "--Scoring:Decode:MaxTimeBehind=00:00:00",
        "--Scoring:State:Provider=Postgres",
        // A prepared statement goes by a number, and the gate knows a checkpoint by its text. A node that was stopped must
        // find the answer to its write, rather than that its patience is over.
        $"--Scoring:State:ConnectionString={new NpgsqlConnectionStringBuilder(ConnectionString) { Port = gate.Port }.ConnectionString};Max Auto Prepare=0;Command Timeout=60",
        // The embedded broker forgets what is older than 5 MiB, and holds every fetch until its wait is over.
        .. options.Bootstrap is null
            ? new[]
            {
                "--Scoring:State:CheckpointBytes=1048576",
                "--Scoring:Source:FetchWait=00:00:00.005",
                "--Scoring:Relay:FetchWait=00:00:00.050",
                "--Scoring:Output:Linger=00:00:00.002",
            }
            : [],
        .. options.Settings,
    ];

    // Its ports outlive its lives, as its address does: the others find it again where it was.
    private static IEnumerable<string> MemberSettings(int[] contacts, int index) =>
    [
        "--Scoring:Cluster:Discovery=ContactPoints",
        $"--Scoring:Cluster:Port={FreePort.Take()}",
        $"--Scoring:Cluster:ManagementPort={contacts[index]}",
        $"--Scoring:Cluster:RequiredContactPoints={(contacts.Length / 2) + 1}",
        $"--Scoring:Cluster:Members={Math.Max(5, contacts.Length)}",
        .. contacts.Select((port, i) => $"--Scoring:Cluster:ContactPoints:{i}=127.0.0.1:{port}"),
    ];

    private static async Task WaitAsync(Func<Task<bool>> condition, Func<bool> lives, Func<string> problem, CancellationToken cancellation)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (!await condition())
        {
            if (!lives() || TimeProvider.System.GetElapsedTime(started) > StartLimit)
                throw new ClusterException(problem());
            await Task.Delay(Poll, cancellation);
        }
    }
}

/// <summary>A part of the cluster did not start, or does not do what it must.</summary>
/// <param name="message">Which, and what it said.</param>
internal sealed class ClusterException(string message) : Exception(message);
