using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Scoring.IntegrationTests;

/// <summary>What a node does when what it depends on is missing or goes away.</summary>
public class OutageTests
{
    // The drain's deadline of 8 s, and what the members of a cluster take to see one leave.
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task A_node_whose_address_is_taken_says_so_and_ends()
    {
        using var broker = new TestBroker();
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var address = $"http://{taken.LocalEndpoint}";
        await using var process = ServeProcess.Start([.. ServeProcess.SettingsFor(broker), $"--Scoring:Http:Urls={address}"]);
        await process.AssertExitsAsync(2);
        Assert.Contains(address, process.Errors, StringComparison.Ordinal);
    }

    [EmbeddedBrokerTheory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_node_asked_to_stop_while_the_broker_is_away_still_ends_in_time(bool underLoad)
    {
        var broker = new TestBroker();
        try
        {
            using var client = new TestClient(broker);
            await using var process = ServeProcess.Start(ServeProcess.SettingsFor(broker));
            Send(client, 500);
            Assert.NotEmpty(client.Read("scores", 500, TimeSpan.Zero));
            if (underLoad)
                Send(client, 5_000);
            broker.Dispose();
            process.AskToStop();
            var stopping = Stopwatch.StartNew();
            await process.ExitAsync();
            Assert.True(stopping.Elapsed < StopLimit, $"it took {stopping.Elapsed}; it had said:\n{process.Errors}");
        }
        finally
        {
            broker.Dispose();
        }
    }

    [EmbeddedBrokerFact]
    public async Task Probes_and_the_list_of_shards_are_answered_while_the_broker_is_away()
    {
        var broker = new TestBroker();
        try
        {
            using var client = new TestClient(broker);
            await using var host = await RunningHost.StartAsync(broker);
            Send(client, 2_000);
            await Eventually.TrueAsync(() => host.Engine.Shards().Sum(s => s.Progress.FinishedRecords) > 0, "the node scores");
            broker.Dispose();
            var watch = Stopwatch.StartNew();
            var slowest = (Took: TimeSpan.Zero, Path: "");
            while (watch.Elapsed < TimeSpan.FromSeconds(3))
            {
                foreach (var path in new[] { "/health/live", "/health/ready", "/v1/shards", "/metrics" })
                {
                    var began = watch.Elapsed;
                    await host.Http.GetAsync(path);
                    slowest = watch.Elapsed - began > slowest.Took ? (watch.Elapsed - began, path) : slowest;
                }
            }

            Assert.True(slowest.Took < TimeSpan.FromSeconds(1), $"the slowest answer, to {slowest.Path}, took {slowest.Took}");
        }
        finally
        {
            broker.Dispose();
        }
    }

    private static void Send(TestClient client, int count)
    {
        for (var i = 0; i < count; i++)
        {
            client.Send($"u-{i % 97}", string.Create(
                CultureInfo.InvariantCulture,
                $$"""{"transactionId":"{{count}}-{{i}}","cardId":"c-{{i % 97}}","userId":"u-{{i % 97}}","amount":5,"eventTime":1772366400000}"""));
        }
    }
}
