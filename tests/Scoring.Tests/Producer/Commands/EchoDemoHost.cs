using Scoring.Host.Commands;
using Scoring.Kafka;
using Scoring.Tests.Producer.Load;

namespace Scoring.Tests.Producer.Commands;

/// <summary>A demo's service that answers every transaction, or all but those of a fault.</summary>
internal sealed class EchoDemoHost(Func<string, int> scoresOf) : IDemoHost
{
    private EmbeddedBroker? broker;
    private EchoScorer? scorer;

    public bool IsStopped { get; private set; }

    public async Task<DemoEndpoints> StartAsync(CancellationToken cancellation)
    {
        broker = EmbeddedBroker.Start(new EmbeddedBrokerOptions { Partitions = 2, Topics = ["transactions", "labels", "interactions", "scores", "transactions.dlq"] });
        scorer = new EchoScorer(broker.BootstrapServers, scoresOf);
        await scorer.Assigned;
        return new DemoEndpoints(broker.BootstrapServers, new Uri("http://127.0.0.1:8080"), EchoScorer.Group);
    }

    public IReadOnlyList<string> Losses { get; init; } = [];

    public Task StopAsync(CancellationToken cancellation)
    {
        IsStopped = true;
        return Task.CompletedTask;
    }

    public ValueTask DisposeAsync()
    {
        scorer?.Dispose();
        broker?.Dispose();
        return ValueTask.CompletedTask;
    }
}
