using Confluent.Kafka;
using Confluent.Kafka.Admin;
using Microsoft.Extensions.Logging.Abstractions;
using Scoring.Kafka;
using Scoring.Kafka.Clients;
using Scoring.Kafka.Settings;

namespace Scoring.Tests.Simulation;

/// <summary>A broker that speaks Kafka's protocol: the embedded one, or the real one that SCORING_TEST_KAFKA names.</summary>
internal sealed class KafkaTestBroker : ITestBroker
{
    public const string AddressVariable = "SCORING_TEST_KAFKA";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly EmbeddedBroker? embedded;
    private readonly string address;
    private readonly string run = FormattableString.Invariant($"sim-{TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds()}");
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

    public IKafkaClients Clients() => new ConfluentClients(
        new ConsumerSettings { BootstrapServers = address, GroupId = run, FetchWait = TimeSpan.FromMilliseconds(2) },
        new ProducerSettings { BootstrapServers = address },
        new TransactionSettings(),
        NullLogger<ConfluentClients>.Instance);

    public T Ask<T>(IKafkaClients clients, Func<T> question) => question();

    public void Until(Func<bool> condition)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (!condition())
            Assert.True(TimeProvider.System.GetElapsedTime(started) < Patience, "the condition never held");
    }

    public void Dispose() => embedded?.Dispose();
}
