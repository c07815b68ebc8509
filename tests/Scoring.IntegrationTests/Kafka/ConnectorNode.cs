using System.Text;
using Akka.Actor;
using Akka.Streams;
using Confluent.Kafka;
using Microsoft.Extensions.Logging.Abstractions;
using Scoring.IntegrationTests.State;
using Scoring.Kafka;
using Scoring.Kafka.Clients;
using Scoring.Kafka.Consumers;
using Scoring.Kafka.Producers;
using Scoring.Kafka.Settings;
using Scoring.Kafka.Threads;

namespace Scoring.IntegrationTests.Kafka;

/// <summary>A node as far as the connector goes: its consumer, and producers of transactions, with the real clients.</summary>
internal sealed class ConnectorNode : IAsyncDisposable
{
    private readonly TestMeters meters = new();
    private readonly IKafkaClients clients;
    private readonly ActorSystem system = ActorSystem.Create("connector", "akka.loglevel = OFF, akka.stdout-loglevel = OFF");
    private readonly List<TransactionalProducer> producers = [];

    public ConnectorNode(TestBroker broker, TransactionSettings? transactions = null, bool isBare = false)
    {
        Transactions = transactions ?? new TransactionSettings();
        var consuming = new ConsumerSettings { BootstrapServers = broker.BootstrapServers, GroupId = broker.Group, FetchWait = TimeSpan.FromMilliseconds(2), ProbeInterval = TimeSpan.FromMilliseconds(50) };
        clients = new ConfluentClients(consuming, new ProducerSettings { BootstrapServers = broker.BootstrapServers }, Transactions, NullLogger<ConfluentClients>.Instance);
        if (TestBroker.Given is null && !isBare)
            clients = new EmbeddedClients(clients);
        Consumer = new NodeConsumer(consuming, clients, new ThreadTurns(), TimeProvider.System, meters, NullLogger<NodeConsumer>.Instance);
        Consumer.Start();
        Materializer = system.Materializer();
    }

    public TransactionSettings Transactions { get; }

    public NodeConsumer Consumer { get; }

    public IMaterializer Materializer { get; }

    public TestMeters Meters => meters;

    /// <summary>A key of a partition, by which a test chooses where its records go.</summary>
    public static string KeyOf(int partition, int partitions) =>
        Enumerable.Range(0, int.MaxValue).Select(n => $"k-{n}").First(k => Murmur2.Partition(Encoding.UTF8.GetBytes(k), partitions) == partition);

    public TransactionalProducer Producer(string transactionalId)
    {
        var producer = new TransactionalProducer(
            transactionalId, Transactions, clients, new ThreadTurns(), TimeProvider.System, new ProducerMetrics(meters), NullLogger<TransactionalProducer>.Instance);
        producers.Add(producer);
        return producer;
    }

    public Task<long?> CommittedAsync(TopicPartition partition) => Consumer.CommittedAsync(partition);

    public async ValueTask DisposeAsync()
    {
        foreach (var producer in producers)
            await producer.DisposeAsync();
        await Consumer.DisposeAsync();
        await system.Terminate();
        meters.Dispose();
    }
}
