using Scoring.Actors.Sink;
using Scoring.Actors.Sql;
using Scoring.Host.Options;
using Scoring.IntegrationTests.State;

namespace Scoring.IntegrationTests.Telemetry;

[Collection(SharedPostgres.Name)]
public class MetricsPageTests(SharedPostgres postgres)
{
    private static readonly string Golden = Path.Combine(AppContext.BaseDirectory, "Telemetry", "metrics.golden.txt");

    [Fact]
    public async Task The_names_types_units_texts_labels_and_buckets_of_a_node_that_has_done_everything_are_those_of_the_golden_file()
    {
        using var broker = new TestBroker(partitions: 1);
        using var client = new TestClient(broker);
        await using var host = await RunningHost.StartAsync(broker, options => options with
        {
            Output = options.Output with { Guarantee = Guarantee.ExactlyOnce },
            State = options.State with { CheckpointInterval = TimeSpan.FromMilliseconds(50) },
        });
        client.Send("u-1", """{"transactionId":"t-1","cardId":"c-1","userId":"u-1","amount":1,"eventTime":"2026-03-01T12:00:00Z"}""");
        client.SendTo("labels", null, """{"transactionId":"t-1","cardId":"c-1","userId":"u-1","label":true,"eventTime":"2026-03-03T09:00:00Z"}""");
        client.Flush();
        Assert.Single(client.Read("scores", 1));

        var expected = await File.ReadAllLinesAsync(Golden);
        IReadOnlyList<string> page = [];
        // Some come only once a checkpoint is written or the relay has its partitions.
        await Eventually.TrueAsync(
            async () => (page = await MetricsPage.DescribeAsync(host.Http)).Count >= expected.Length,
            () => $"the page has what is missing:\n{string.Join('\n', expected.Except(page))}");
        Assert.Equal(expected, page);
    }

    [Fact]
    public async Task A_partition_is_on_the_page_of_the_node_that_owns_it_and_of_no_other()
    {
        using var broker = new TestBroker(partitions: 4);
        var cluster = new TestCluster();
        var states = await postgres.CreateDatabaseAsync();
        await using var first = await RunningHost.StartAsync(broker, In);
        await Eventually.TrueAsync(async () => await PartitionsAsync(first) is ["0", "1", "2", "3"], "the first node tells of all partitions");
        await using var second = await RunningHost.StartAsync(broker, In);
        await Eventually.TrueAsync(
            async () => await PartitionsAsync(first) is { Count: 2 } ofFirst && await PartitionsAsync(second) is { Count: 2 } ofSecond && !ofFirst.Intersect(ofSecond).Any(),
            "each node tells of its own partitions alone");

        ScoringOptions In(ScoringOptions o) => cluster.Join(o) with { State = o.State with { Provider = SqlProvider.Postgres, ConnectionString = states } };
    }

    private static Task<IReadOnlyList<string>> PartitionsAsync(RunningHost host) => MetricsPage.LabelsAsync(host.Http, "scoring_shard_cardholders", "partition");
}
