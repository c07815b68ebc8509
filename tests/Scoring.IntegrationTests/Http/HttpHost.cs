using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using Scoring.Actors.Ledger;

namespace Scoring.IntegrationTests.Http;

/// <summary>One service for the tests of a class, which keep to ids of their own.</summary>
public sealed class HttpHost : IAsyncLifetime
{
    private RunningHost host = null!;

    public HttpClient Client => host.Http;

    /// <summary>A whole second a while ago, of which the tests' events are.</summary>
    public DateTimeOffset Time { get; } = DateTimeOffset.FromUnixTimeSeconds(TimeProvider.System.GetUtcNow().ToUnixTimeSeconds() - 3_600);

    public async Task InitializeAsync() => host = await RunningHost.StartAsync();

    public async Task DisposeAsync() => await host.DisposeAsync();

    /// <summary>The fields of a transaction that are required, and its user if one is given.</summary>
    public JsonObject Transaction(string id, string card, string? user = null, decimal amount = 1, int second = 0)
    {
        var transaction = new JsonObject { ["transactionId"] = id, ["cardId"] = card, ["amount"] = amount, ["eventTime"] = Time.AddSeconds(second).UtcDateTime.ToString("O") };
        if (user is not null)
            transaction["userId"] = user;
        return transaction;
    }

    public Task<HttpResponseMessage> PostAsync(JsonObject transaction) => PostAsync(transaction.ToJsonString());

    public Task<HttpResponseMessage> PostAsync(string body) =>
        Client.PostAsync("/v1/score", new StringContent(body, Encoding.UTF8, "application/json"));

    /// <summary>Has a transaction scored, and waits until queries find it.</summary>
    public async Task<JsonObject> ScoreAsync(JsonObject transaction)
    {
        var answer = await PostAsync(transaction);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        var score = (await answer.Content.ReadFromJsonAsync<JsonObject>())!;
        var search = new ScoreSearch((string)score["transactionId"]!, (string)score["cardId"]!, (string)score["userId"]!);
        await Eventually.TrueAsync(async () => (await host.Ledger.FindAsync(search, IdPosition.Start, 1, default)).Count == 1, "the score is in the ledger");
        return score;
    }

    public async Task<(HttpStatusCode Status, JsonObject Body)> GetAsync(string path)
    {
        var answer = await Client.GetAsync(path);
        return (answer.StatusCode, (await answer.Content.ReadFromJsonAsync<JsonObject>())!);
    }

    /// <summary>A count that the service reports.</summary>
    public async Task<long> MetricAsync(string name)
    {
        var lines = (await Client.GetStringAsync("/metrics")).Split('\n');
        return lines.Where(l => l.StartsWith(name + "{} ", StringComparison.Ordinal)).Select(l => long.Parse(l.Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture)).SingleOrDefault();
    }
}
