using Confluent.Kafka;
using Scoring.Kafka;
using Scoring.Producer.Collect;
using Scoring.Producer.Load;
using Scoring.Producer.Simulation;

namespace Scoring.Tests.Producer.Load;

public sealed class LoadRunTests
{
    private const string Run = "test";

    [Fact]
    public async Task Every_record_of_a_mixed_load_is_accounted_for()
    {
        using var broker = StartBroker();
        using var scorer = new EchoScorer(broker.BootstrapServers, _ => 1);
        await scorer.Assigned;

        var report = await RunAsync(Options(broker) with { MalformedShare = 0.05, DuplicateShare = 0.05, LateShare = 0.05 });

        Assert.Empty(report.Problems);
        Assert.True(report.Succeeded, report.ToJson());
        Assert.Equal(2_000, report.Counts.Sent);
        Assert.InRange(report.Counts.Malformed, 50, 150);
        Assert.InRange(report.Counts.DuplicatesSent, 50, 150);
        Assert.Equal(report.Counts.Valid, report.Counts.Approve);
        Assert.Equal(report.Counts.Valid, report.Latency.Count);
        Assert.InRange(report.Latency.Percentile(50), 100, 10_000_000);
    }

    [Theory]
    [InlineData(0, 1, 0, 0)]
    [InlineData(2, 0, 1, 0)]
    public async Task A_score_that_is_missing_or_given_twice_is_found(int scores, long missing, long duplicates, long unexpected)
    {
        using var broker = StartBroker();
        using var scorer = new EchoScorer(broker.BootstrapServers, id => id == "t-test-7" ? scores : 1);
        await scorer.Assigned;

        var report = await RunAsync(Options(broker) with { Duration = TimeSpan.FromSeconds(0.2), DrainTimeout = TimeSpan.FromSeconds(1) });

        Assert.False(report.Succeeded);
        Assert.Equal((missing, duplicates, unexpected), (report.Counts.Missing, report.Counts.Duplicates, report.Counts.Unexpected));
    }

    [Fact]
    public async Task Without_a_rate_the_bound_paces_the_load_and_nothing_is_lost_of_a_log_that_keeps_little()
    {
        const long Bound = 256 * 1024;
        using var broker = StartBroker();
        using var scorer = new EchoScorer(broker.BootstrapServers, _ => 1);
        await scorer.Assigned;

        // About 18 MB in 2 partitions that keep 5 MiB each.
        var report = await RunAsync(Options(broker) with { Rate = 0, Duration = null, MaxBytesAhead = Bound, LabelsTopic = null, InteractionsTopic = null }, most: 50_000);

        Assert.True(report.Succeeded, report.ToJson() + string.Join("; ", report.Problems));
        Assert.Equal(50_000, report.Counts.Valid);
        // The bound was felt, and held.
        Assert.InRange(report.MostBytesAhead, Bound * 9 / 10, Bound);
    }

    [Fact]
    public async Task A_run_ends_only_when_the_ledger_has_read_the_last_score()
    {
        using var broker = StartBroker();
        using var scorer = new EchoScorer(broker.BootstrapServers, _ => 1);
        await scorer.Assigned;
        var (calls, offset) = (0, 0L);

        var report = await RunAsync(Options(broker) with { Rate = 0, Duration = null, LabelsTopic = null, InteractionsTopic = null, LedgerOffset = Slowly }, most: 100);

        Assert.True(report.Succeeded, report.ToJson() + string.Join("; ", report.Problems));
        Assert.True(calls > 50, $"the ledger was asked {calls} times");

        // Two partitions; as good as read after a while.
        long? Slowly(int partition) => Interlocked.Increment(ref calls) > 50 ? 1_000 : Volatile.Read(ref offset);
    }

    [Fact]
    public async Task A_ledger_that_reads_nothing_more_ends_the_run_with_a_reason()
    {
        using var broker = StartBroker();
        using var scorer = new EchoScorer(broker.BootstrapServers, _ => 1);
        await scorer.Assigned;

        var error = await Assert.ThrowsAsync<LoadException>(() => RunAsync(
            Options(broker) with { Rate = 0, Duration = null, MaxBytesAhead = 2 * 1024 * 1024, LabelsTopic = null, InteractionsTopic = null, LedgerOffset = _ => null, DrainTimeout = TimeSpan.FromSeconds(1) }, most: 50_000));

        Assert.Matches(@"^the ledger has read nothing of scores\[[01]\] for 1 s and is [\d,]+ scores behind", error.Message);
    }

    [Fact]
    public async Task A_bound_that_a_dead_service_never_lifts_ends_the_run_with_a_reason()
    {
        using var broker = StartBroker();

        var error = await Assert.ThrowsAsync<LoadException>(() =>
            RunAsync(Options(broker) with { Rate = 0, MaxBytesAhead = 10_000, DrainTimeout = TimeSpan.FromSeconds(1) }));

        Assert.Contains("group 'scoring' has committed nothing", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Stopping_the_sending_still_waits_for_what_was_sent()
    {
        using var broker = StartBroker();
        using var scorer = new EchoScorer(broker.BootstrapServers, _ => 1);
        await scorer.Assigned;
        using var stop = new CancellationTokenSource();

        var report = await RunAsync(Options(broker) with { Duration = TimeSpan.FromHours(1) }, whenSent: (500, stop));

        Assert.True(report.Succeeded, report.ToJson());
        Assert.InRange(report.Counts.Valid, 500, 10_000);
    }

    [Fact]
    public async Task Records_are_in_the_partitions_that_the_bound_expects()
    {
        using var broker = StartBroker();
        using var scorer = new EchoScorer(broker.BootstrapServers, _ => 1);
        await scorer.Assigned;
        await RunAsync(Options(broker) with { MalformedShare = 0.1 });

        using var consumer = new ConsumerBuilder<byte[]?, byte[]?>(new ConsumerConfig { BootstrapServers = broker.BootstrapServers, GroupId = "check", FetchWaitMaxMs = 2, EnableAutoCommit = false }).Build();
        consumer.Assign(Enumerable.Range(0, 2).Select(p => new TopicPartitionOffset("transactions", p, Offset.Beginning)));
        for (var read = 0; read < 2_000; read++)
        {
            var record = consumer.Consume(TimeSpan.FromSeconds(10));
            Assert.NotNull(record);
            if (record.Message.Key is { } key)
                Assert.Equal(Murmur2.Partition(key, 2), record.Partition.Value);
        }
    }

    [Fact]
    public async Task Brokers_that_do_not_answer_are_named()
    {
        var error = await Assert.ThrowsAsync<LoadException>(() => RunAsync(new LoadOptions { BootstrapServers = "127.0.0.1:1", RequestTimeout = TimeSpan.FromSeconds(1) }));

        Assert.Contains("127.0.0.1:1", error.Message, StringComparison.Ordinal);
    }

    private static EmbeddedBroker StartBroker() => EmbeddedBroker.Start(new EmbeddedBrokerOptions
    {
        Partitions = 2,
        Topics = ["transactions", "labels", "interactions", "scores", "transactions.dlq"],
    });

    private static LoadOptions Options(EmbeddedBroker broker) => new()
    {
        BootstrapServers = broker.BootstrapServers,
        Rate = 2_000,
        Duration = TimeSpan.FromSeconds(1),
        FetchWaitMs = 2,
        DrainTimeout = TimeSpan.FromSeconds(20),
    };

    private static async Task<RunReport> RunAsync(LoadOptions options, long most = long.MaxValue, (long Count, CancellationTokenSource Stop)? whenSent = null)
    {
        using var simulated = new SimulatedRecords(new SimulatorOptions { Customers = 500 }, EventClock.Simulated, Run, 1_772_366_400_000_000, 2_000);
        using var source = new LimitedSource(simulated, most, whenSent);
        var run = new LoadRun(options, source, new NumberedIds(simulated.IdPrefix.ToArray()), TimeProvider.System);
        Assert.Null(run.Progress);
        return await run.RunAsync(whenSent?.Stop.Token ?? CancellationToken.None);
    }

    /// <summary>Ends after so many transactions, or stops the run after so many.</summary>
    private sealed class LimitedSource(IRecordSource inner, long most, (long Count, CancellationTokenSource Stop)? whenSent) : IRecordSource
    {
        private long transactions;

        public SourceKind Kind => inner.Kind;

        public ReadOnlySpan<byte> Key => inner.Key;

        public TransactionIdentity Identity => inner.Identity;

        public bool IsFraud => inner.IsFraud;

        public bool IsRefused => inner.IsRefused;

        public string? Problem => inner.Problem;

        public bool MoveNext()
        {
            if (transactions >= most || !inner.MoveNext())
                return false;
            transactions += inner.Kind == SourceKind.Transaction ? 1 : 0;
            if (whenSent is { } when && transactions > when.Count)
                when.Stop.Cancel();
            return true;
        }

        public ReadOnlySpan<byte> Write(long nowMicros, long lateByMicros) => inner.Write(nowMicros, lateByMicros);

        public void Dispose()
        {
        }
    }
}
