using System.Net;
using System.Text;
using Scoring.Servers;

namespace Scoring.IntegrationTests.State;

public class DiskErrorTests
{
    private const int Portion = 500;

    [Fact]
    public async Task A_node_whose_disk_refuses_to_write_stays_says_so_and_goes_on_to_score()
    {
        var folder = Directory.CreateTempSubdirectory("scoring-test");
        try
        {
            using var broker = new TestBroker();
            using var client = new TestClient(broker);
            var address = $"http://127.0.0.1:{FreePort.Take()}";
            using var http = new HttpClient { BaseAddress = new Uri(address) };
            await using var node = ServeProcess.RunWithFilesUpTo(
                kibibytes: 400,
                [
                    "serve",
                    .. ServeProcess.SettingsFor(broker).Where(s => !s.StartsWith("--Scoring:Http", StringComparison.Ordinal)),
                    $"--Scoring:Http:Urls={address}",
                    $"--Scoring:Ledger:Path={Path.Combine(folder.FullName, "ledger.db")}",
                    $"--Scoring:State:Path={Path.Combine(folder.FullName, "state.db")}",
                    "--Scoring:State:CheckpointInterval=100ms",
                ]);
            var sent = 0;
            await Eventually.TrueAsync(
                async () =>
                {
                    for (var end = sent + Portion; sent < end; sent++)
                    {
                        client.Send(
                            Encoding.UTF8.GetBytes($"c-{sent % 50}"),
                            Encoding.UTF8.GetBytes($$"""{"transactionId":"t-{{sent}}","cardId":"c-{{sent % 50}}","amount":1,"eventTime":"2026-03-01T12:00:00Z"}"""),
                            timestampMillis: 1_772_366_400_000);
                    }

                    client.Flush();
                    return await WhyNotReadyAsync(http) is var why
                        && why.Contains("the ledger can't be written", StringComparison.Ordinal)
                        && why.Contains("the snapshot store is away", StringComparison.Ordinal)
                        && why.Contains("disk I/O error", StringComparison.Ordinal);
                },
                "readiness tells that neither the ledger nor the state can be written, for the disk's error");
            Assert.Equal(sent, client.Read("scores", sent).Count);
            Assert.Equal(HttpStatusCode.OK, (await http.GetAsync(new Uri("/health/live", UriKind.Relative))).StatusCode);
            Assert.Contains("scoring_ledger_failing{} 1", await http.GetStringAsync(new Uri("/metrics", UriKind.Relative)), StringComparison.Ordinal);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static async Task<string> WhyNotReadyAsync(HttpClient http)
    {
        try
        {
            using var answer = await http.GetAsync(new Uri("/health/ready", UriKind.Relative));
            return await answer.Content.ReadAsStringAsync();
        }
        catch (HttpRequestException)
        {
            return "";
        }
    }
}
