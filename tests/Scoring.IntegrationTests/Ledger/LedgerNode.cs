using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Scoring.Actors.Ledger;
using Scoring.Actors.Log;
using Scoring.IntegrationTests.State;
using Scoring.Kafka.Clients;
using Scoring.Kafka.Consumers;
using Scoring.Kafka.Settings;
using Scoring.Kafka.Threads;

namespace Scoring.IntegrationTests.Ledger;

/// <summary>A node as far as its ledger goes.</summary>
internal sealed class LedgerNode : IAsyncDisposable
{
    private readonly NodeConsumer consumer;

    public LedgerNode(TestBroker broker, IScoreLedger ledger, TestMeters meters, ILogger<LedgerWriter> writerLog, ILogger<LedgerOwners> ownersLog, int maxBatchRows = 50, TimeProvider? clock = null)
    {
        var group = new GroupOptions { BootstrapServers = broker.BootstrapServers, GroupId = broker.Group, FetchWait = TimeSpan.FromMilliseconds(2), PrefetchKilobytes = 64 };
        var options = new LedgerOptions { MaxBatchRows = maxBatchRows, RetryDelay = TimeSpan.FromMilliseconds(5), LongestRetryDelay = TimeSpan.FromMilliseconds(50) };
        var reading = LedgerOwners.Reading(options, group);
        var turns = new ThreadTurns();
        var clients = new ConfluentClients(reading, new ProducerSettings { BootstrapServers = broker.BootstrapServers }, new TransactionSettings(), NullLogger<ConfluentClients>.Instance);
        consumer = new NodeConsumer(reading, clients, turns, TimeProvider.System, meters, NullLogger<NodeConsumer>.Instance);
        consumer.Start();
        Writer = new LedgerWriter(ledger, options, broker.Prefix + "scores", turns, clock ?? TimeProvider.System, meters, writerLog);
        Writer.Start();
        Owners = new LedgerOwners(Writer, consumer, broker.Prefix + "scores", ownersLog);
    }

    public LedgerWriter Writer { get; }

    public LedgerOwners Owners { get; }

    public async ValueTask DisposeAsync()
    {
        await consumer.DisposeAsync();
        await Writer.DisposeAsync();
    }
}
