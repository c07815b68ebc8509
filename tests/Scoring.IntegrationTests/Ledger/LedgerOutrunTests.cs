using System.Globalization;
using Microsoft.Extensions.Logging;
using Scoring.Actors.Ledger;
using Scoring.Actors.Log;
using Scoring.IntegrationTests.State;

namespace Scoring.IntegrationTests.Ledger;

/// <summary>What a ledger that is slower than what the log keeps tells of it.</summary>
public sealed class LedgerOutrunTests : IDisposable
{
    // Of a KiB each: more than the 5 MiB of a partition, what the client has fetched included.
    private const int Scores = 12_000;

    private readonly TestBroker broker = new(partitions: 1);
    private readonly TestMeters meters = new();
    private readonly RecordingLogger<LedgerProjection> log = new();
    private readonly TestClient client;

    public LedgerOutrunTests() => client = new TestClient(broker);

    public void Dispose()
    {
        client.Dispose();
        meters.Dispose();
        broker.Dispose();
    }

    [EmbeddedBrokerFact]
    public async Task Scores_that_leave_the_log_before_the_ledger_reads_them_are_counted_and_told_as_an_error()
    {
        using var reading = new ManualResetEventSlim();
        var ledger = new MemoryLedger { Before = (_, _, _) => reading.Wait() };
        using var lost = new CounterReading(meters, "scoring.ledger.lost");
        await using var projection = Start(ledger);
        Send(0, 1);
        await Eventually.TrueAsync(() => projection.Partitions().Count == 1, "the projection has its partition");
        Send(1, Scores);
        reading.Set();

        await Eventually.TrueAsync(() => projection.Progress.Lost > 0 && !projection.Progress.Problems.Any(), "the ledger was outrun and has caught up");
        Assert.Equal(Scores, ledger.Count + projection.Progress.Lost);
        Assert.Equal(projection.Progress.Lost, lost.Total);
        Assert.Equal(new LedgerPartition(0, Scores, Scores, projection.Progress.Lost), Assert.Single(projection.Partitions()));
        var error = Assert.Single(log.Entries, e => e.Level == LogLevel.Error);
        Assert.Contains($"The ledger lacks {projection.Progress.Lost} scores: {broker.Prefix}scores[0] holds offsets", error.Message, StringComparison.Ordinal);
        Assert.False(projection.Failure.IsCompleted);
    }

    [EmbeddedBrokerFact]
    public async Task A_restart_does_not_count_again_what_was_lost_before_it()
    {
        var ledger = new MemoryLedger();
        ledger.WriteAsOther([], [new LedgerStep(0, null, 3)]);
        Send(0, Scores);
        await using (var first = Start(ledger))
            await Eventually.TrueAsync(() => first.Progress.Lost > 0 && ledger.NextOffset("", 0) == Scores, "the ledger has caught up");
        await using var second = Start(ledger);
        Send(Scores, Scores + 1);
        await Eventually.TrueAsync(() => ledger.NextOffset("", 0) == Scores + 1, "the ledger goes on");
        Assert.Equal(0, second.Progress.Lost);
    }

    [Fact]
    public async Task A_topic_that_ends_before_where_the_ledger_is_was_made_anew_and_is_read_from_its_beginning()
    {
        var ledger = new MemoryLedger();
        ledger.WriteAsOther([], [new LedgerStep(0, null, 500)]);
        Send(0, 20);
        await using var projection = Start(ledger);
        await Eventually.TrueAsync(() => ledger.Count == 20 && !projection.Progress.Problems.Any(), "each score is in the ledger");
        Assert.Equal(20, ledger.NextOffset("", 0));
        var error = Assert.Single(log.Entries, e => e.Level == LogLevel.Error);
        Assert.Contains("ends at offset 20, before offset 500, up to which it was read: the topic was made anew, or lost records", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_ledger_that_cannot_be_written_is_a_problem_until_it_can()
    {
        var fails = true;
        var ledger = new MemoryLedger
        {
            Before = (_, _, _) =>
            {
                if (Volatile.Read(ref fails))
                    throw new LedgerUnavailableException("the disk is full", null);
            },
        };
        await using var projection = Start(ledger);
        Send(0, 5);
        await Eventually.TrueAsync(() => projection.Progress.Problems.Contains("the ledger can't be written: the disk is full"), "the failure is told");
        Volatile.Write(ref fails, false);
        await Eventually.TrueAsync(() => ledger.Count == 5 && !projection.Progress.Problems.Any(), "the ledger is written");
        Assert.Single(log.Entries, e => e.Level == LogLevel.Error && e.Message.StartsWith("The ledger can't be written (the disk is full)", StringComparison.Ordinal));
    }

    private void Send(int from, int to)
    {
        var pad = new string('x', 900);
        for (var i = from; i < to; i++)
        {
            client.SendTo("scores", "u", string.Create(
                CultureInfo.InvariantCulture, $$"""{"transactionId":"t-{{i}}","cardId":"c","userId":"u","eventTime":"2026-03-01T12:00:00Z","pad":"{{pad}}"}"""));
            if (i % 1_000 == 0)
                client.Flush();
        }

        client.Flush();
    }

    private LedgerProjection Start(MemoryLedger ledger)
    {
        var group = new GroupOptions
        {
            BootstrapServers = broker.BootstrapServers,
            FetchWait = TimeSpan.FromMilliseconds(2),
            SessionTimeout = TimeSpan.FromSeconds(6),
            HeartbeatInterval = TimeSpan.FromMilliseconds(500),
            PrefetchKilobytes = 64,
        };
        var options = new LedgerOptions { MaxBatchRows = 50, RetryDelay = TimeSpan.FromMilliseconds(5) };
        var projection = new LedgerProjection(ledger, options, group, "one", broker.Prefix + "scores", TimeProvider.System, meters, log);
        projection.Start();
        return projection;
    }
}
