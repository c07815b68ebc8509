using System.Diagnostics.Metrics;
using Confluent.Kafka;
using Confluent.Kafka.Admin;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Scoring.Actors.Log;
using Scoring.Actors.Sink;
using Scoring.Actors.Source;
using Scoring.Kafka;

namespace Scoring.Tests.Simulation;

/// <summary>A broker that speaks Kafka's protocol: the embedded one, or the real one that SCORING_TEST_KAFKA names.</summary>
internal sealed class KafkaTestBroker : ITestBroker
{
    public const string AddressVariable = "SCORING_TEST_KAFKA";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly EmbeddedBroker? embedded;
    private readonly string address;
    private readonly string run = FormattableString.Invariant($"sim-{TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds()}");
    private readonly ServiceProvider services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly List<IDisposable> clients = [];
    private int number;

    public KafkaTestBroker(string? realAddress)
    {
        embedded = realAddress is null ? EmbeddedBroker.Start(new EmbeddedBrokerOptions()) : null;
        address = realAddress ?? embedded!.BootstrapServers;
    }

    public string CreateTopic(int partitions)
    {
        var topic = $"{run}-{++number}";
        if (embedded is not null)
        {
            embedded.CreateTopic(topic, partitions);
            return topic;
        }

        using var admin = new AdminClientBuilder(new AdminClientConfig { BootstrapServers = address }).Build();
        admin.CreateTopicsAsync([new TopicSpecification { Name = topic, NumPartitions = partitions, ReplicationFactor = 1 }]).GetAwaiter().GetResult();
        return topic;
    }

    public IGroupClient Member(string topic, string group, Assignor assignor) =>
        Kept(new KafkaGroupClient(Options($"{run}-{group}", assignor), topic, "node", TimeProvider.System, NullLogger<KafkaGroupClient>.Instance));

    public IOutputLog Producer() => Kept(new KafkaOutputLog(
        new KafkaOutputOptions { BootstrapServers = address }, services.GetRequiredService<IMeterFactory>(), NullLogger<KafkaOutputLog>.Instance));

    public ILogReader Reader(string topic) => new KafkaLogReader(
        Options(run, Assignor.CooperativeSticky), topic, TimeProvider.System, TaskScheduler.Default, NullLogger<KafkaLogReader>.Instance);

    public void Until(Func<bool> condition)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (!condition())
            Assert.True(TimeProvider.System.GetElapsedTime(started) < Patience, "the condition never held");
    }

    public IReadOnlyList<InputRecord> Read(ILogReader reader, int partition, long from, long to) =>
        // Away from the test's own context, whose few threads this one blocks.
        Task.Factory.StartNew(() => SimulatedTestBroker.ReadAsync(reader, partition, from, to), CancellationToken.None, TaskCreationOptions.None, TaskScheduler.Default)
            .Unwrap().WaitAsync(Patience).GetAwaiter().GetResult();

    public void Dispose()
    {
        foreach (var client in clients)
            client.Dispose();
        embedded?.Dispose();
        services.Dispose();
    }

    private SourceOptions Options(string group, Assignor assignor) => new()
    {
        BootstrapServers = address,
        GroupId = group,
        Assignor = assignor,
        SessionTimeout = TimeSpan.FromSeconds(6),
        HeartbeatInterval = TimeSpan.FromMilliseconds(500),
        FetchWait = TimeSpan.FromMilliseconds(2),
    };

    private T Kept<T>(T client)
        where T : IDisposable
    {
        clients.Add(client);
        return client;
    }
}
