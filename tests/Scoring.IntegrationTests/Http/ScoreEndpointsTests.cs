using System.IO.Compression;
using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;

namespace Scoring.IntegrationTests.Http;

public sealed class ScoreEndpointsTests(HttpHost host) : IClassFixture<HttpHost>
{
    [Fact]
    public async Task The_same_id_of_other_cards_and_users_at_the_same_time_is_other_payments_and_each_is_scored_and_found()
    {
        (string Card, string? User)[] owners = [("c-stan-A", null), ("c-stan-B", null), ("c-stan-B", "u-stan"), ("c-stan-C", "u-stan")];

        var scores = await Task.WhenAll(owners.Select(o => host.ScoreAsync(host.Transaction("000123", o.Card, o.User))));

        Assert.Equal(owners.Select(o => (o.Card, o.User ?? o.Card)), scores.Select(s => ((string)s["cardId"]!, (string)s["userId"]!)));
        foreach (var ((card, user), score) in owners.Zip(scores))
        {
            var (status, found) = await host.GetAsync($"/v1/scores/000123?cardId={card}&userId={user ?? card}");
            Assert.Equal(HttpStatusCode.OK, status);
            Assert.Equal(score.ToJsonString(), found.ToJsonString());
        }
    }

    [Fact]
    public async Task Another_payment_under_the_ids_of_one_that_was_scored_is_422_and_never_gets_its_score()
    {
        await host.ScoreAsync(host.Transaction("000124", "c-changed", amount: 4_900));
        var before = await host.MetricAsync("scoring_http_conflicts_total");

        foreach (var changed in new[] { host.Transaction("000124", "c-changed", amount: 5), host.Transaction("000124", "c-changed", amount: 4_900, second: 1), With("country", "FR") })
        {
            var answer = await host.PostAsync(changed);
            Assert.Equal(HttpStatusCode.UnprocessableEntity, answer.StatusCode);
            Assert.Equal("application/problem+json", answer.Content.Headers.ContentType!.MediaType);
            var problem = (await answer.Content.ReadFromJsonAsync<JsonObject>())!;
            Assert.Equal("identity_conflict", (string)problem["reason"]!);
            Assert.NotNull(problem["errors"]!["transactionId"]);
            Assert.Null(problem["score"]);
        }

        // The page is kept for a moment.
        await Eventually.TrueAsync(async () => await host.MetricAsync("scoring_http_conflicts_total") == before + 3, "the three conflicts are counted");

        JsonObject With(string field, string value)
        {
            var changed = host.Transaction("000124", "c-changed", amount: 4_900);
            changed[field] = value;
            return changed;
        }
    }

    [Fact]
    public async Task Of_many_payments_under_the_same_ids_at_once_one_is_scored_and_the_others_are_refused()
    {
        var answers = await Task.WhenAll(Enumerable.Range(1, 20).Select(i => host.PostAsync(host.Transaction("at-once", "c-at-once", amount: i))));

        var scored = Assert.Single(answers, a => a.StatusCode == HttpStatusCode.OK);
        Assert.All(answers.Except([scored]), a => Assert.Equal(HttpStatusCode.UnprocessableEntity, a.StatusCode));
        var (_, features) = await host.GetAsync("/v1/cards/c-at-once/features");
        Assert.Equal(1, (double)features["entries"]![0]!["features"]!["card_count_1d"]!);
    }

    [Fact]
    public async Task The_features_of_a_card_that_is_its_own_user_are_told_as_soon_as_its_score_is()
    {
        for (var i = 0; i < 10; i++)
        {
            Assert.Equal(HttpStatusCode.OK, (await host.PostAsync(host.Transaction($"soon-{i}", $"c-soon-{i}", amount: 1))).StatusCode);
            var (status, features) = await host.GetAsync($"/v1/cards/c-soon-{i}/features");
            Assert.True(status == HttpStatusCode.OK, $"{status}: {features}");
        }
    }

    [Fact]
    public async Task A_repeat_that_is_written_in_another_way_gets_the_first_score()
    {
        var first = await host.ScoreAsync(host.Transaction("again", "c-again", amount: 12.5m));
        var time = host.Time.ToOffset(TimeSpan.FromHours(2)).ToString("yyyy-MM-ddTHH:mm:sszzz");

        var repeat = await host.PostAsync($$"""{ "eventTime":"{{time}}", "userId":"c-again", "merchantId":"", "x":[1], "amount":1.250e1, "cardId":"c-\u0061gain", "transactionId":"again" }""");

        Assert.Equal(HttpStatusCode.OK, repeat.StatusCode);
        Assert.Equal(first.ToJsonString(), (await repeat.Content.ReadFromJsonAsync<JsonObject>())!.ToJsonString());
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("GZip")]
    [InlineData("x-gzip")]
    [InlineData("identity, gzip")]
    public async Task A_body_in_gzip_is_taken(string encoding)
    {
        var id = $"gzip {encoding}";
        var answer = await PostEncodedAsync(Gzip(host.Transaction(id, "c-gzip").ToJsonString()), encoding);

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal(id, (string)(await answer.Content.ReadFromJsonAsync<JsonObject>())!["transactionId"]!);
    }

    [Fact]
    public async Task A_body_that_unfolds_to_more_than_the_limit_is_413()
    {
        var answer = await PostEncodedAsync(Gzip(new string(' ', 50_000_000)), "gzip");

        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, answer.StatusCode);
        Assert.Contains("the body is larger than 32768 bytes", (string)(await answer.Content.ReadFromJsonAsync<JsonObject>())!["detail"]!, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("br")]
    [InlineData("deflate")]
    [InlineData("zstd")]
    [InlineData("compress")]
    [InlineData("gzip, gzip")]
    [InlineData("aes128gcm")]
    public async Task A_body_in_another_encoding_is_415_and_the_answer_says_which_is_taken(string encoding)
    {
        var answer = await PostEncodedAsync(Encoding.UTF8.GetBytes(host.Transaction("encoded", "c-encoded").ToJsonString()), encoding);

        Assert.Equal(HttpStatusCode.UnsupportedMediaType, answer.StatusCode);
        Assert.Equal(["gzip"], answer.Headers.GetValues("Accept-Encoding"));
        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType!.MediaType);
        Assert.Contains(encoding, (string)(await answer.Content.ReadFromJsonAsync<JsonObject>())!["detail"]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_body_that_is_not_what_its_encoding_says_is_400()
    {
        var json = host.Transaction("not-gzip", "c-not-gzip").ToJsonString();
        foreach (var body in new[] { Encoding.UTF8.GetBytes(json), [], Gzip(json)[..^12], Gzip(json)[2..] })
            Assert.Equal(HttpStatusCode.BadRequest, (await PostEncodedAsync(body, "gzip")).StatusCode);
    }

    private static byte[] Gzip(string text)
    {
        using var compressed = new MemoryStream();
        using (var gzip = new GZipStream(compressed, CompressionLevel.Fastest))
            gzip.Write(Encoding.UTF8.GetBytes(text));
        return compressed.ToArray();
    }

    private async Task<HttpResponseMessage> PostEncodedAsync(byte[] body, string encoding)
    {
        using var content = new ByteArrayContent(body);
        content.Headers.TryAddWithoutValidation("Content-Type", "application/json");
        content.Headers.TryAddWithoutValidation("Content-Encoding", encoding);
        return await host.Client.PostAsync("/v1/score", content);
    }
}
