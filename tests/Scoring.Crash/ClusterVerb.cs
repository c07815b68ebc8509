using System.CommandLine;
using System.Globalization;
using Scoring.Servers;

namespace Scoring.Crash;

/// <summary><c>cluster</c>: a cluster to try things on, with a load if one is asked for.</summary>
internal static class ClusterVerb
{
    private static readonly TimeSpan ProducerStopLimit = TimeSpan.FromSeconds(45);

    public static Command Create()
    {
        var nodes = new Option<int>("--nodes") { Description = "Nodes, from 1 to 16.", DefaultValueFactory = _ => 3 };
        var duration = Arguments.Duration("--for", "How long, such as 60s. [default: until Ctrl+C]");
        var rate = new Option<double>("--rate") { Description = "Simulated transactions a second; 0 sends none.", DefaultValueFactory = _ => 0 };
        var partitions = new Option<int>("--partitions") { Description = "Partitions of each topic, from 1 to 64.", DefaultValueFactory = _ => 4 };
        nodes.Validators.Add(Arguments.Between(1, 16));
        partitions.Validators.Add(Arguments.Between(1, 64));
        var command = new Command("cluster", "Starts a broker, PostgreSQL and nodes on this machine, and stops them") { nodes, duration, rate, partitions };
        command.SetAction(async (parsed, cancellation) =>
        {
            using var stop = new StopRequest(cancellation);
            try
            {
                return await RunAsync(new ClusterOptions { Nodes = parsed.GetValue(nodes), Partitions = parsed.GetValue(partitions) }, parsed.GetValue(rate), parsed.GetValue(duration), stop);
            }
            catch (OperationCanceledException)
            {
                return 0;
            }
        });
        return command;
    }

    private static async Task<int> RunAsync(ClusterOptions options, double rate, TimeSpan? duration, StopRequest stop)
    {
        Console.WriteLine($"starting a broker, PostgreSQL and {options.Nodes} nodes");
        await using var cluster = await Cluster.StartAsync(options, stop.Token);
        Console.WriteLine($"broker      {cluster.Bootstrap}");
        Console.WriteLine($"PostgreSQL  {cluster.ConnectionString}");
        foreach (var node in cluster.Nodes)
            Console.WriteLine($"{node.Name,-11} {node.Address}");
        Console.WriteLine($$"""curl -s {{cluster.Nodes[0].Address}}v1/score -H 'content-type: application/json' -d '{"transactionId":"t-1","cardId":"c-9","amount":12.34,"eventTime":"2026-03-01T12:00:00Z"}'""");
        await using var producer = rate > 0 ? StartProducer(cluster, rate) : null;
        Console.WriteLine(duration is null ? "Ctrl+C stops it" : $"for {duration.Value.TotalSeconds:N0} s");
        if (duration is { } limit)
            stop.After(limit);

        var problem = await WatchAsync(cluster, producer, stop.Token);
        if (producer is { HasExited: false })
        {
            producer.Send(Signal.Terminate);
            var status = await producer.ExitAsync(ProducerStopLimit);
            problem ??= status == 0 ? null : "the load did not come back whole";
        }

        var problems = await cluster.StopNodesAsync();
        foreach (var line in problems.Prepend(problem).OfType<string>())
            await Console.Error.WriteLineAsync(line);
        Console.WriteLine("stopped");
        return problem is null && problems.Count == 0 ? 0 : 1;
    }

    private static ScoringProcess StartProducer(Cluster cluster, double rate) => ScoringProcess.Start(
        [
            "produce", "--bootstrap-servers", cluster.Bootstrap, "--group", cluster.Group, "--rate", rate.ToString(CultureInfo.InvariantCulture),
            "--max-bytes-ahead", "2097152", "--fetch-wait-ms", "5",
        ],
        line => Console.WriteLine(line));

    // Ends when it is asked to, or when a part ends by itself.
    private static async Task<string?> WatchAsync(Cluster cluster, ScoringProcess? producer, CancellationToken stop)
    {
        try
        {
            while (true)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(200), stop);
                if (cluster.Nodes.FirstOrDefault(n => !n.IsRunning) is { } ended)
                    return $"{ended.Name} ended by itself; it had said:\n{ended.Process.Said}";
                if (producer is { HasExited: true })
                    return "the producer ended by itself";
            }
        }
        catch (OperationCanceledException)
        {
            return null;
        }
    }
}
