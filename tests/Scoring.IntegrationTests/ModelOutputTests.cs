using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Scoring.IntegrationTests;

/// <summary>What the service makes of a model that gives some transactions no score.</summary>
public sealed class ModelOutputTests : IDisposable
{
    private const string Features = """
        featureSet: quotient
        version: 1
        entities: { card: { key: cardId, retain: 30d } }
        features:
          - { name: amount, from: event, field: amount }
          - { name: ecom, from: event, field: channel, is: ecom, empty: 0 }
          - { name: count, from: card, agg: count, window: 1d }
          - { name: night, from: calendar, flag: night, hours: [0, 6] }
        """;

    // Whole days ago, since an event must lie neither ahead of the clock nor far behind it.
    private readonly DateTime day = TimeProvider.System.GetUtcNow().Date.AddDays(-2);
    private readonly string folder = Directory.CreateTempSubdirectory("scoring-model-outputs-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task A_transaction_without_a_score_is_reviewed_counted_and_found_again_and_the_node_goes_on()
    {
        await using var host = await StartAsync("quotient", """{"inputs":[0.25,0,0,1],"score":0.25}""");

        // The model divides the amount by whether it is night.
        await AssertDecidedAsync(host, "t-1", 0.25m, 1, 0.25f, "approve");
        await AssertDecidedAsync(host, "t-2", 0, 12, 0.5f, "review", "score_not_a_number");
        await AssertDecidedAsync(host, "t-3", 7, 12, 0.5f, "review", "score_out_of_range");
        await AssertDecidedAsync(host, "t-4", 7, 2, 0.5f, "review", "score_out_of_range");
        await AssertDecidedAsync(host, "t-5", 0.5m, 1, 0.5f, "review", "score_above_review");

        var metrics = await host.Http.GetStringAsync("/metrics");
        Assert.Contains("scoring_model_without_score_total{reason=\"score_not_a_number\"} 1\n", metrics, StringComparison.Ordinal);
        Assert.Contains("scoring_model_without_score_total{reason=\"score_out_of_range\"} 2\n", metrics, StringComparison.Ordinal);
        Assert.False(host.Completion.IsCompleted);
    }

    [Fact]
    public async Task A_transaction_that_the_model_fails_on_is_reviewed_and_the_node_goes_on()
    {
        await using var host = await StartAsync("lookup", """{"inputs":[1,0,0,1],"score":0.25}""");

        // The model has a place in its table for the amounts 0, 1, 2 and 3.
        await AssertDecidedAsync(host, "t-1", 70, 12, 0.5f, "review", "model_failed");
        await AssertDecidedAsync(host, "t-2", 1, 12, 0.25f, "approve");

        Assert.Contains("scoring_model_without_score_total{reason=\"model_failed\"} 1\n", await host.Http.GetStringAsync("/metrics"), StringComparison.Ordinal);
        Assert.False(host.Completion.IsCompleted);
    }

    private async Task AssertDecidedAsync(RunningHost host, string id, decimal amount, int hour, float score, string decision, params string[] reasons)
    {
        var body = string.Create(CultureInfo.InvariantCulture, $$"""{"transactionId":"{{id}}","cardId":"c-{{id}}","amount":{{amount}},"eventTime":"{{day.AddHours(hour):yyyy-MM-ddTHH:mm:ssZ}}"}""");
        using var response = await host.Http.PostAsync(new Uri("/v1/score", UriKind.Relative), new StringContent(body, Encoding.UTF8, "application/json"));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        AssertScore(await response.Content.ReadAsStringAsync(), score, decision, reasons);
        var path = new Uri($"/v1/scores/{id}", UriKind.Relative);
        await Eventually.TrueAsync(async () => (await host.Http.GetAsync(path)).IsSuccessStatusCode, "the score is in the ledger");
        AssertScore(await host.Http.GetStringAsync(path), score, decision, reasons);
    }

    private static void AssertScore(string json, float score, string decision, string[] reasons)
    {
        var record = JsonDocument.Parse(json).RootElement;
        Assert.Equal(score, record.GetProperty("score").GetSingle());
        Assert.Equal(decision, record.GetProperty("decision").GetString());
        Assert.Equal(reasons.FirstOrDefault(), record.GetProperty("reasons").EnumerateArray().Select(reason => reason.GetString()).FirstOrDefault());
    }

    private async Task<RunningHost> StartAsync(string model, string golden)
    {
        var features = Path.Combine(folder, "features.yaml");
        await File.WriteAllTextAsync(features, Features);
        using var yaml = new StringReader(Features);
        var set = Models.Features.FeatureSet.Parse(yaml, features);
        var onnx = await File.ReadAllBytesAsync(Path.Combine(AppContext.BaseDirectory, "Models", model + ".onnx"));
        var manifest = new JsonObject
        {
            ["formatVersion"] = 1,
            ["name"] = model,
            ["version"] = 1,
            ["featureSet"] = new JsonObject { ["name"] = set.Name, ["version"] = set.Version, ["fingerprint"] = set.Fingerprint },
            ["inputs"] = new JsonArray([.. set.FeatureNames.Select(name => new JsonObject { ["name"] = name, ["baseline"] = name == "night" ? 1 : 0 })]),
            ["input"] = "features",
            ["output"] = "score",
            ["thresholds"] = new JsonObject { ["review"] = 0.5, ["decline"] = 0.9 },
            ["sha256"] = new JsonObject { ["model.onnx"] = Hash(onnx), ["golden.jsonl"] = Hash(Encoding.UTF8.GetBytes(golden)) },
        };
        await File.WriteAllTextAsync(Path.Combine(folder, "model.json"), manifest.ToJsonString());
        await File.WriteAllBytesAsync(Path.Combine(folder, "model.onnx"), onnx);
        await File.WriteAllTextAsync(Path.Combine(folder, "golden.jsonl"), golden);
        return await RunningHost.StartAsync(adjust: options => options with
        {
            Features = options.Features with { Path = features },
            Model = options.Model with { Path = folder },
        });
    }

    private static string Hash(byte[] bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));
}
