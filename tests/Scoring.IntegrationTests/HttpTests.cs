using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Scoring.IntegrationTests;

public sealed class HttpTests : IAsyncLifetime
{
    private RunningHost host = null!;

    public async Task InitializeAsync() => host = await RunningHost.StartAsync();

    public async Task DisposeAsync() => await host.DisposeAsync();

    [Fact]
    public async Task A_posted_transaction_is_scored_and_can_be_asked_for_by_transaction_and_by_card()
    {
        var posted = await PostAsync(Transaction("h-1", "c-http-1", "u-1", 12.5));
        Assert.Equal(HttpStatusCode.OK, posted.StatusCode);
        var score = await posted.Content.ReadFromJsonAsync<JsonObject>();
        Assert.Equal("h-1", (string)score!["transactionId"]!);
        Assert.Contains((string)score["decision"]!, new[] { "approve", "review", "decline" });

        await Eventually.TrueAsync(async () => (await host.Http.GetAsync("/v1/scores/h-1")).IsSuccessStatusCode, "the score is in the ledger");
        Assert.Equal(score.ToJsonString(), JsonNode.Parse(await host.Http.GetStringAsync("/v1/scores/h-1"))!.ToJsonString());
        var ofCard = await host.Http.GetFromJsonAsync<JsonObject>("/v1/cards/c-http-1/scores");
        Assert.Equal(["h-1"], ofCard!["scores"]!.AsArray().Select(s => (string)s!["transactionId"]!));
    }

    [Fact]
    public async Task The_same_transaction_posted_again_gets_the_first_score_and_changes_nothing()
    {
        var first = await (await PostAsync(Transaction("h-2", "c-http-2", "u-2", 10))).Content.ReadAsStringAsync();
        var repeats = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => PostAsync(Transaction("h-2", "c-http-2", "u-2", 10))));
        foreach (var repeat in repeats)
            Assert.Equal(first, await repeat.Content.ReadAsStringAsync());
        var features = await host.Http.GetFromJsonAsync<JsonObject>("/v1/cards/c-http-2/features");
        Assert.Equal(1, (double)features!["entries"]![0]!["features"]!["card_count_1d"]!);
    }

    [Fact]
    public async Task The_same_transaction_posted_many_times_at_once_is_scored_once()
    {
        var answers = await Task.WhenAll(Enumerable.Range(0, 40).Select(_ => PostAsync(Transaction("h-once", "c-once", "u-once", 7))));
        Assert.All(answers, a => Assert.Equal(HttpStatusCode.OK, a.StatusCode));
        Assert.Single((await Task.WhenAll(answers.Select(a => a.Content.ReadAsStringAsync()))).Distinct());
    }

    [Fact]
    public async Task A_card_has_one_entry_of_features_for_each_user_that_uses_it()
    {
        await PostAsync(Transaction("h-3", "c-shared", "u-a", 10));
        await PostAsync(Transaction("h-4", "c-shared", "u-b", 20));
        await PostAsync(Transaction("h-5", "c-shared", "u-b", 30));
        await Eventually.TrueAsync(async () => (await host.Http.GetAsync("/v1/scores/h-5")).IsSuccessStatusCode, "the scores are in the ledger");

        var entries = (await host.Http.GetFromJsonAsync<JsonObject>("/v1/cards/c-shared/features"))!["entries"]!.AsArray();
        Assert.Equal(["u-a", "u-b"], entries.Select(e => (string)e!["userId"]!));
        Assert.Equal([1d, 2d], entries.Select(e => (double)e!["features"]!["card_count_1d"]!));
        Assert.Equal([10d, 50d], entries.Select(e => (double)e!["features"]!["card_sum_1d"]!));
    }

    [Theory]
    [InlineData("/v1/scores/unknown")]
    [InlineData("/v1/cards/unknown/scores")]
    [InlineData("/v1/cards/unknown/features")]
    [InlineData("/v1/nothing")]
    public async Task What_is_unknown_is_404_with_problem_details(string path)
    {
        var answer = await host.Http.GetAsync(path);
        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType!.MediaType);
        Assert.Equal(404, (int)(await answer.Content.ReadFromJsonAsync<JsonObject>())!["status"]!);
    }

    [Fact]
    public async Task A_bad_body_is_400_with_every_wrong_field_named()
    {
        var answer = await PostAsync("""{"cardId":"4111111111111111","amount":"-1","eventTime":"never","country":5}""");
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType!.MediaType);
        var problem = await answer.Content.ReadFromJsonAsync<JsonObject>();
        Assert.Equal(
            ["amount", "cardId", "country", "eventTime", "transactionId"],
            problem!["errors"]!.AsObject().Select(e => e.Key).Order(StringComparer.Ordinal));
        Assert.DoesNotContain("4111", problem.ToJsonString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", HttpStatusCode.BadRequest)]
    [InlineData("[1]", HttpStatusCode.BadRequest)]
    [InlineData("{\"transactionId\":\"f\",\"cardId\":\"c\",\"amount\":1,\"eventTime\":\"2999-01-01T00:00:00Z\"}", HttpStatusCode.BadRequest)]
    public async Task A_body_that_is_no_transaction_is_400(string body, HttpStatusCode status) =>
        Assert.Equal(status, (await PostAsync(body)).StatusCode);

    [Fact]
    public async Task A_body_over_the_limit_is_413() =>
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, (await PostAsync(new string(' ', 100_000))).StatusCode);

    [Fact]
    public async Task The_shards_add_up_to_what_was_sent()
    {
        for (var i = 0; i < 8; i++)
            await PostAsync(Transaction($"s-{i}", $"c-s-{i}", $"u-s-{i}", 1));
        await Eventually.TrueAsync(
            async () => (await ShardsAsync()).Sum(s => (long?)s!["committedOffset"] ?? 0) >= 8,
            "all offsets are committed");
        var shards = await ShardsAsync();
        Assert.Equal([0, 1, 2, 3], shards.Select(s => (int)s!["partition"]!));
        Assert.All(shards, s => Assert.Equal("live", (string)s!["state"]!));
        Assert.True(shards.Sum(s => (long)s!["entitiesInMemory"]!) >= 8);
        Assert.Contains(shards, s => (string?)s!["watermark"] is not null);
    }

    [Fact]
    public async Task The_metrics_are_Prometheus_text_with_a_line_for_each_shard()
    {
        await PostAsync(Transaction("m-1", "c-m", "u-m", 1));
        var answer = await host.Http.GetAsync("/metrics");
        Assert.StartsWith("text/plain; version=0.0.4", answer.Content.Headers.ContentType!.ToString(), StringComparison.Ordinal);
        var lines = (await answer.Content.ReadAsStringAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.All(lines, line => Assert.Matches(@"^(# (HELP|TYPE) \w+ .+|\w+(\{(\w+=""[^""]*"",?)*\})? -?[0-9.E+-]+)$", line));
        Assert.Equal(4, lines.Count(l => l.StartsWith("scoring_shard_cardholders{partition=", StringComparison.Ordinal)));
        Assert.Contains(lines, l => l.StartsWith("scoring_scored_total{decision=", StringComparison.Ordinal));
        Assert.Contains(lines, l => l.StartsWith("scoring_latency_seconds_bucket{le=\"+Inf\"} ", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("live")]
    [InlineData("ready")]
    [InlineData("startup")]
    public async Task A_node_that_works_is_healthy(string probe) =>
        Assert.Equal(HttpStatusCode.OK, (await host.Http.GetAsync($"/health/{probe}")).StatusCode);

    [Fact]
    public async Task The_OpenAPI_document_describes_every_route()
    {
        var document = await host.Http.GetFromJsonAsync<JsonElement>("/openapi/v1.json");
        var paths = document.GetProperty("paths").EnumerateObject().Select(p => p.Name).ToList();
        foreach (var path in new[] { "/v1/scores/{transactionId}", "/v1/cards/{cardId}/scores", "/v1/cards/{cardId}/features", "/v1/score", "/v1/shards", "/health/live", "/health/ready", "/health/startup" })
            Assert.Contains(path, paths);
        var answers = document.GetProperty("paths").GetProperty("/v1/scores/{transactionId}").GetProperty("get").GetProperty("responses").EnumerateObject().Select(r => r.Name);
        Assert.Equal(["200", "300", "400", "404", "503"], answers.Order(StringComparer.Ordinal));
        var body = document.GetProperty("paths").GetProperty("/v1/score").GetProperty("post").GetProperty("requestBody");
        Assert.True(body.GetProperty("content").TryGetProperty("application/json", out _));
    }

    private async Task<JsonArray> ShardsAsync() => (await host.Http.GetFromJsonAsync<JsonObject>("/v1/shards"))!["shards"]!.AsArray();

    private Task<HttpResponseMessage> PostAsync(string body) =>
        host.Http.PostAsync("/v1/score", new StringContent(body, Encoding.UTF8, "application/json"));

    private static string Transaction(string id, string card, string user, double amount) =>
        FormattableString.Invariant($$"""{"transactionId":"{{id}}","cardId":"{{card}}","userId":"{{user}}","amount":{{amount}},"eventTime":"2026-03-01T12:00:00Z"}""");
}
