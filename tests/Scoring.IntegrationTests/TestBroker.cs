using Scoring.Kafka;

namespace Scoring.IntegrationTests;

/// <summary>A broker of its own for one test, with the topics of the service.</summary>
internal sealed class TestBroker : IDisposable
{
    private readonly EmbeddedBroker broker;

    public TestBroker(int partitions = 4, params string[] furtherTopics) => broker = EmbeddedBroker.Start(new EmbeddedBrokerOptions
    {
        Partitions = partitions,
        Topics = ["transactions", "interactions", "labels", "scores", "sessions", "transactions.late", "transactions.dlq", .. furtherTopics],
    });

    public string BootstrapServers => broker.BootstrapServers;

    public void Dispose() => broker.Dispose();
}
