using System.Net;
using System.Text;
using Scoring.Servers;

namespace Scoring.IntegrationTests.State;

public class DiskErrorTests
{
    private const int Transactions = 3_000;

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
                ["serve", .. ServeProcess.SettingsFor(broker).Where(s => !s.StartsWith("--Scoring:Http", StringComparison.Ordinal)), $"--Scoring:Http:Urls={address}", $"--Scoring:Ledger:Path={Path.Combine(folder.FullName, "ledger.db")}"]);
            for (var i = 0; i < Transactions; i++)
                client.Send(
                    Encoding.UTF8.GetBytes($"c-{i % 50}"),
                    Encoding.UTF8.GetBytes($$"""{"transactionId":"t-{{i}}","cardId":"c-{{i % 50}}","amount":1,"eventTime":"2026-03-01T12:00:00Z"}"""),
                    timestampMillis: 1_772_366_400_000);
            client.Flush();

            await Eventually.TrueAsync(() => SaysAsync(http, "disk I/O error"), "readiness tells the disk's error");
            Assert.Equal(Transactions, client.Read("scores", Transactions).Count);
            Assert.Equal(HttpStatusCode.OK, (await http.GetAsync(new Uri("/health/live", UriKind.Relative))).StatusCode);
            Assert.Contains("scoring_ledger_failing{} 1", await http.GetStringAsync(new Uri("/metrics", UriKind.Relative)), StringComparison.Ordinal);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static async Task<bool> SaysAsync(HttpClient http, string words)
    {
        try
        {
            using var answer = await http.GetAsync(new Uri("/health/ready", UriKind.Relative));
            return answer.StatusCode == HttpStatusCode.ServiceUnavailable && (await answer.Content.ReadAsStringAsync()).Contains(words, StringComparison.Ordinal);
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }
}
