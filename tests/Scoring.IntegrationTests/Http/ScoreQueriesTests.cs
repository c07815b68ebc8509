using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;

namespace Scoring.IntegrationTests.Http;

public sealed class ScoreQueriesTests(HttpHost host) : IClassFixture<HttpHost>
{
    [Fact]
    public async Task An_id_that_several_transactions_have_lists_them_by_card_and_user_and_both_choose()
    {
        foreach (var (card, user) in new[] { ("c-2", "u-1"), ("c-1", "u-2"), ("c-1", "u-1") })
            await host.ScoreAsync(host.Transaction("listed", card, user));

        Assert.Equal(["c-1 u-1", "c-1 u-2", "c-2 u-1"], await OwnersAsync("/v1/scores/listed"));
        Assert.Equal(["c-1 u-1", "c-1 u-2"], await OwnersAsync("/v1/scores/listed?cardId=c-1"));
        Assert.Equal(["c-1 u-1", "c-2 u-1"], await OwnersAsync("/v1/scores/listed?userId=u-1"));
        foreach (var one in new[] { "cardId=c-2", "userId=u-2", "cardId=c-2&userId=u-1" })
            Assert.Equal(HttpStatusCode.OK, (await host.GetAsync($"/v1/scores/listed?{one}")).Status);
        var (status, problem) = await host.GetAsync("/v1/scores/listed?cardId=c-2&userId=u-2");
        Assert.Equal(HttpStatusCode.NotFound, status);
        Assert.Contains("c-2", (string)problem["detail"]!, StringComparison.Ordinal);

        async Task<List<string>> OwnersAsync(string path)
        {
            var (status, list) = await host.GetAsync(path);
            Assert.Equal(HttpStatusCode.MultipleChoices, status);
            Assert.Equal("listed", (string)list["transactionId"]!);
            Assert.Null(list["next"]);
            return [.. list["scores"]!.AsArray().Select(s => $"{s!["cardId"]} {s["userId"]}")];
        }
    }

    [Fact]
    public async Task A_long_list_of_an_id_comes_in_pages_that_keep_what_was_chosen()
    {
        for (var card = 0; card < 5; card++)
        {
            await host.ScoreAsync(host.Transaction("paged", $"c-{card}", "u-same"));
            await host.ScoreAsync(host.Transaction("paged", $"c-{card}", "u-other"));
        }

        Assert.Equal(10, (await AllAsync("/v1/scores/paged?limit=3", HttpStatusCode.MultipleChoices)).Distinct().Count());
        Assert.Equal(5, (await AllAsync("/v1/scores/paged?userId=u-same&limit=2", HttpStatusCode.MultipleChoices)).Count);
        Assert.Equal(2, (await AllAsync("/v1/scores/paged?cardId=c-3&limit=1", HttpStatusCode.MultipleChoices)).Count);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(7)]
    [InlineData(13)]
    [InlineData(1_000)]
    public async Task The_pages_of_a_card_lose_nothing_and_repeat_nothing_though_its_events_are_of_one_time(int limit)
    {
        // Two users with the same ids, all in one second, and one event before and one after.
        var card = $"c-one-time-{limit}";
        List<Task<JsonObject>> sent = [host.ScoreAsync(host.Transaction("first", card, second: -1)), host.ScoreAsync(host.Transaction("last", card, second: 1))];
        for (var i = 0; i < 6; i++)
        {
            sent.Add(host.ScoreAsync(host.Transaction($"t-{i}", card, "u-1")));
            sent.Add(host.ScoreAsync(host.Transaction($"t-{i}", card, "u-2")));
        }

        await Task.WhenAll(sent);

        var all = await AllAsync($"/v1/cards/{card}/scores?limit={limit}", HttpStatusCode.OK);

        Assert.Equal(14, all.Count);
        Assert.Equal(14, all.Distinct().Count());
        Assert.StartsWith("last ", all[0], StringComparison.Ordinal);
        Assert.StartsWith("first ", all[^1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_cards_scores_come_newest_first_and_begin_before_a_time_if_asked_to()
    {
        for (var second = 0; second < 5; second++)
            await host.ScoreAsync(host.Transaction($"page-{second}", "c-page", second: second));

        Assert.Equal(["page-4", "page-3", "page-2", "page-1", "page-0"], (await AllAsync("/v1/cards/c-page/scores?limit=2", HttpStatusCode.OK)).Select(s => s.Split(' ')[0]));
        var before = host.Time.AddSeconds(3).ToOffset(TimeSpan.FromHours(2));
        foreach (var written in new[] { before.ToString("yyyy-MM-ddTHH:mm:sszzz"), Uri.EscapeDataString(before.ToString("O")), before.ToString("yyyy-MM-dd+HH:mm:sszzz"), before.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ") })
            Assert.Equal(["page-2", "page-1", "page-0"], (await AllAsync($"/v1/cards/c-page/scores?limit=2&before={written}", HttpStatusCode.OK)).Select(s => s.Split(' ')[0]));
        Assert.Empty((await host.GetAsync($"/v1/cards/c-page/scores?before={Uri.EscapeDataString(host.Time.ToString("O"))}")).Body["scores"]!.AsArray());
    }

    [Fact]
    public async Task Of_a_cursor_and_a_time_the_later_place_in_the_list_counts()
    {
        for (var second = 0; second < 4; second++)
            await host.ScoreAsync(host.Transaction($"both-{second}", "c-both", second: second));
        var next = (string)(await host.GetAsync("/v1/cards/c-both/scores?limit=1")).Body["next"]!;

        foreach (var (second, expected) in new[] { (9, "both-2"), (3, "both-2"), (2, "both-1"), (1, "both-0") })
        {
            var (_, page) = await host.GetAsync($"{next}&before={Uri.EscapeDataString(host.Time.AddSeconds(second).ToString("O"))}");
            Assert.Equal(expected, (string)page["scores"]![0]!["transactionId"]!);
        }
    }

    [Theory]
    [InlineData("/v1/cards/c/scores", "limit=0")]
    [InlineData("/v1/cards/c/scores", "limit=1001")]
    [InlineData("/v1/cards/c/scores", "limit=many")]
    [InlineData("/v1/cards/c/scores", "limit=")]
    [InlineData("/v1/cards/c/scores", "before=yesterday")]
    [InlineData("/v1/cards/c/scores", "before=")]
    [InlineData("/v1/cards/c/scores", "before=2026-03-01T12:00:00")]
    [InlineData("/v1/cards/c/scores", "cursor=")]
    [InlineData("/v1/cards/c/scores", "cursor=2026-03-01T12:00:00Z")]
    [InlineData("/v1/cards/c/scores", "cursor=AAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("/v1/scores/t", "limit=0")]
    [InlineData("/v1/scores/t", "cursor=x")]
    [InlineData("/v1/scores/t", "cardId=")]
    [InlineData("/v1/scores/t", "userId=")]
    public async Task A_wrong_parameter_is_400_and_named(string path, string query)
    {
        var (status, problem) = await host.GetAsync($"{path}?{query}");
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Equal([query.Split('=')[0]], problem["errors"]!.AsObject().Select(e => e.Key));
    }

    [Fact]
    public async Task A_cursor_of_another_card_is_400()
    {
        foreach (var card in new[] { "c-mine", "c-theirs" })
        {
            await host.ScoreAsync(host.Transaction("cursor-1", card));
            await host.ScoreAsync(host.Transaction("cursor-2", card));
        }

        var next = (string)(await host.GetAsync("/v1/cards/c-mine/scores?limit=1")).Body["next"]!;
        Assert.Equal(HttpStatusCode.OK, (await host.GetAsync(next)).Status);
        Assert.Equal(HttpStatusCode.BadRequest, (await host.GetAsync(next.Replace("c-mine", "c-theirs", StringComparison.Ordinal))).Status);
    }

    [Theory]
    [InlineData("a/b")]
    [InlineData("a%2Fb")]
    [InlineData("a/b%2Fc?d#e;f+g 100%")]
    [InlineData("\u043a\u0430\u0440\u0442\u0430/\U0001F4B3")]
    [InlineData("q\"\\x'<&>")]
    [InlineData(" a ")]
    [InlineData("...")]
    [InlineData("%")]
    [InlineData("+")]
    [InlineData("%00%2e%2E")]
    [InlineData("tab\tand\nline\u007f")]
    [InlineData("e\u0301 \u00e9 \u200d \ufeff \ufffe \U0010FFFF")]
    public async Task An_id_of_any_characters_is_found_under_its_encoded_form(string id)
    {
        var score = await host.ScoreAsync(host.Transaction(id, id, id));
        Assert.Equal(id, (string)score["transactionId"]!);
        // A second one, so that every look-up has something to choose, and every page a next.
        await host.ScoreAsync(host.Transaction(id, id, "another"));

        var encoded = Uri.EscapeDataString(id);
        Assert.Equal(HttpStatusCode.MultipleChoices, (await host.GetAsync($"/v1/scores/{encoded}")).Status);
        var (status, found) = await host.GetAsync($"/v1/scores/{encoded}?cardId={encoded}&userId={encoded}");
        Assert.Equal((HttpStatusCode.OK, score.ToJsonString()), (status, found.ToJsonString()));
        Assert.Equal(2, (await AllAsync($"/v1/scores/{encoded}?cardId={encoded}&limit=1", HttpStatusCode.MultipleChoices)).Distinct().Count());
        Assert.Equal(2, (await AllAsync($"/v1/cards/{encoded}/scores?limit=1", HttpStatusCode.OK)).Distinct().Count());
        Assert.Equal(2, (await host.GetAsync($"/v1/cards/{encoded}/features")).Body["entries"]!.AsArray().Count);
    }

    // Follows next to the end.
    private async Task<List<string>> AllAsync(string path, HttpStatusCode expected)
    {
        var all = new List<string>();
        for (string? at = path; at is not null;)
        {
            var (status, page) = await host.GetAsync(at);
            Assert.Equal(expected, status);
            all.AddRange(page["scores"]!.AsArray().Select(s => string.Create(CultureInfo.InvariantCulture, $"{s!["transactionId"]} {s["cardId"]} {s["userId"]}")));
            at = (string?)page["next"];
        }

        return all;
    }
}
