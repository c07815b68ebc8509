using System.Globalization;
using Microsoft.Extensions.Logging.Abstractions;
using Scoring.Actors.Ledger;
using Scoring.Actors.Log;
using Scoring.IntegrationTests.State;
using Scoring.Models.Wire;

namespace Scoring.IntegrationTests.Ledger;

public sealed class LedgerProjectionTests : IDisposable
{
    private const int Scores = 3_000;

    private readonly TestBroker broker = new();
    private readonly TestMeters meters = new();
    private readonly TestClient client;

    public LedgerProjectionTests()
    {
        client = new TestClient(broker);
        for (var i = 0; i < Scores; i++)
        {
            client.SendTo("scores", $"u-{i % 97}", string.Create(
                CultureInfo.InvariantCulture, $$"""{"transactionId":"t-{{i}}","cardId":"c","userId":"u-{{i % 97}}","eventTime":"2026-03-01T12:00:00Z"}"""));
        }

        client.Flush();
    }

    public void Dispose()
    {
        client.Dispose();
        meters.Dispose();
        broker.Dispose();
    }

    [Fact]
    public async Task A_node_that_another_has_overtaken_goes_on_from_where_the_ledger_is()
    {
        MemoryLedger? ledger = null;
        ledger = new MemoryLedger
        {
            // The other node has written a part of it, as one whose partitions were taken a moment ago.
            Before = (number, rows, steps) =>
            {
                if (number is 1 or 3 or 4)
                    ledger!.WriteAsOther(rows, steps);
            },
        };
        await using var projection = Start(ledger, "one");
        await Eventually.TrueAsync(() => IsWhole(ledger) || projection.Failure.IsCompleted, "each score is in the ledger");
        Assert.False(projection.Failure.IsCompleted);
    }

    [Fact]
    public async Task A_write_that_fails_or_whose_answer_is_lost_loses_nothing()
    {
        MemoryLedger? ledger = null;
        ledger = new MemoryLedger
        {
            Before = (number, rows, steps) =>
            {
                if (number == 3)
                    ledger!.WriteAsOther(rows, steps);
                if (number is 1 or 2 or 3 or 5)
                    throw new LedgerUnavailableException("away", null);
            },
        };
        await using var projection = Start(ledger, "one");
        await Eventually.TrueAsync(() => IsWhole(ledger), "each score is in the ledger");
    }

    [Fact]
    public async Task Nodes_of_a_shared_ledger_fill_it_together_though_they_come_and_go_while_it_fails()
    {
        var ledger = new MemoryLedger
        {
            Before = (number, _, _) =>
            {
                if (number % 3 == 0)
                    throw new LedgerUnavailableException("away", null);
            },
        };
        await using var first = Start(ledger, "one");
        var second = Start(ledger, "two");
        await Eventually.TrueAsync(() => ledger.Count > Scores / 10, "the ledger fills");
        await second.DisposeAsync();
        await using var third = Start(ledger, "three");
        await Eventually.TrueAsync(() => IsWhole(ledger), "each score is in the ledger");
    }

    [Fact]
    public async Task What_is_old_is_told_by_the_nodes_clock_and_by_no_event()
    {
        client.SendTo("scores", "u-1", """{"transactionId":"t-9999","cardId":"c","userId":"u-1","eventTime":"9999-12-31T23:59:59Z"}""");
        client.Flush();
        var now = new DateTimeOffset(2026, 5, 1, 0, 0, 0, TimeSpan.Zero);
        var written = new List<long>();
        var ledger = new MemoryLedger { Before = (_, rows, _) => written.AddRange(rows.Select(r => r.WrittenMicros)) };
        await using var projection = Start(ledger, "one", new StandingClock(now), maxBatchRows: 5);
        await Eventually.TrueAsync(() => ledger.Count == Scores + 1, "each score is in the ledger");
        Assert.All(written, w => Assert.Equal(EventTime.Of(now), w));
        Assert.Equal(EventTime.Of(now.AddDays(-90)), ledger.PrunedBefore);
    }

    private bool IsWhole(MemoryLedger ledger) =>
        ledger.Count == Scores && Enumerable.Range(0, 4).Sum(p => ledger.NextOffset(broker.Prefix + "scores", p) ?? 0) == Scores;

    private LedgerProjection Start(MemoryLedger ledger, string node, TimeProvider? clock = null, int maxBatchRows = 50)
    {
        var group = new GroupOptions
        {
            BootstrapServers = broker.BootstrapServers,
            FetchWait = TimeSpan.FromMilliseconds(2),
            SessionTimeout = TimeSpan.FromSeconds(6),
            HeartbeatInterval = TimeSpan.FromMilliseconds(500),
        };
        var options = new LedgerOptions { MaxBatchRows = maxBatchRows, RetryDelay = TimeSpan.FromMilliseconds(5) };
        var projection = new LedgerProjection(ledger, options, group, node, broker.Prefix + "scores", clock ?? TimeProvider.System, meters, NullLogger<LedgerProjection>.Instance);
        projection.Start();
        return projection;
    }

    private sealed class StandingClock(DateTimeOffset now) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => now;
    }
}
