using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Scoring.Actors.Ledger;
using Scoring.Actors.Log;
using Scoring.Actors.Parts;
using Scoring.Kafka.Clients;
using Scoring.Kafka.Consumers;
using Scoring.Kafka.Settings;
using Scoring.Kafka.Threads;

namespace Scoring.Tests.Ledger;

public class LedgerServicesTests
{
    [Fact]
    public async Task The_owners_registration_answers_what_the_rest_of_the_node_asks_of_the_ledger()
    {
        var reading = LedgerOwners.Reading(new LedgerOptions(), new GroupOptions { BootstrapServers = "127.0.0.1:1" });
        var clients = new ConfluentClients(reading, new ProducerSettings { BootstrapServers = reading.BootstrapServers }, new TransactionSettings(), NullLogger<ConfluentClients>.Instance);
        var turns = new ThreadTurns();
        await using var services = new ServiceCollection().AddLogging().AddMetrics().AddOptions()
            .AddSingleton(TimeProvider.System).AddSingleton(new Topics())
            .AddSingleton<ITurnScheduler>(turns)
            .AddScoringLedger(
                ScoreLedgers.Open, p => new NodeConsumer(reading, clients, turns, TimeProvider.System, p.GetRequiredService<IMeterFactory>(), NullLogger<NodeConsumer>.Instance),
                _ => throw new InvalidOperationException("no owner is started here"))
            .BuildServiceProvider();
        var part = services.GetServices<NodePart>().First();
        await part.StartAsync(CancellationToken.None);
        var status = services.GetRequiredService<ILedgerStatus>();
        Assert.Empty(status.Partitions());
        Assert.Empty(status.Progress.Problems);
        Assert.False(part.Completion!.IsCompleted);
        Assert.NotNull(services.GetRequiredService<LedgerOwners>());
    }
}
