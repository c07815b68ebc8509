using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Scoring.Models.Wire;

namespace Scoring.IntegrationTests;

/// <summary>What an event may be, asked of a running node over HTTP and by topic.</summary>
public class EventRulesTests
{
    private static readonly DateTimeOffset Now = TimeProvider.System.GetUtcNow();

    [Fact]
    public async Task Over_HTTP_and_on_the_topic_the_same_transaction_gets_the_same_answer_in_the_same_words()
    {
        (string Reason, string Json)[] wrong =
        [
            ("time_too_old", Json("t-1", time: Now.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture))),
            ("time_in_future", Json("t-2", time: Quoted(Now.AddHours(2)))),
            ("unreadable_time", Json("t-3", time: "\"2026-03-01T12:00:00\"")),
            ("unreadable_time", Json("t-4", time: "\"2026-03-01T24:00:01Z\"")),
            ("invalid_text", Json(".")),
            ("invalid_text", Json("t\\u0000")),
            ("card_number", Json("5555 5555 5555 4444")),
            ("card_number", Json("t-5", more: ",\"merchantId\":\"4111111111111111\"")),
            ("absurd_amount", Json("t-6", amount: "-1e12")),
            ("missing_field", Json("t-7", more: ",\"amount\":null")),
        ];
        using var broker = new TestBroker(partitions: 1);
        await using var host = await RunningHost.StartAsync(broker, o => o with { Decode = new DecodeLimits() });
        using var client = new TestClient(broker);
        var told = new List<string>();
        foreach (var (reason, json) in wrong)
        {
            using var response = await PostAsync(host, json);
            Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
            var problem = JsonNode.Parse(await response.Content.ReadAsStringAsync())!;
            Assert.Equal(reason, (string)problem["reason"]!);
            told.Add((string)problem["detail"]!);
            client.Send("c-1"u8.ToArray(), Encoding.UTF8.GetBytes(json));
        }

        client.Flush();
        var dead = client.Read("transactions.dlq", wrong.Length).OrderBy(d => int.Parse(Header(d, RecordHeaders.OriginOffset), CultureInfo.InvariantCulture)).ToList();
        Assert.Equal(wrong.Select(w => w.Reason), dead.Select(d => Header(d, RecordHeaders.Reason)));
        // Of a time that a clock refuses the words name the clock and tell how far, which is another on the topic.
        Assert.Equal(told.Skip(2), dead.Select(d => Header(d, RecordHeaders.ReasonDetail)).Skip(2));
    }

    [Fact]
    public async Task What_is_valid_though_it_looks_odd_is_scored_and_found()
    {
        (string Id, string Json)[] odd =
        [
            ("t-bom", "\uFEFF" + Json("t-bom")),
            ("t-twice", "{\"amount\":\"12\",\"eventTime\":\"soon\",\"cardId\":7," + Json("t-twice")[1..]),
            ("t-refund", Json("t-refund", amount: "-80")),
            ("t-leap", Json("t-leap", time: $"\"{Now.AddDays(-1):yyyy-MM-dd}T23:59:60Z\"")),
            ("t-24", Json("t-24", time: $"\"{Now.AddDays(-2):yyyy-MM-dd}T24:00:00Z\"")),
            ("a/b%2Fc?d#e;f+g 100%", Json("a/b%2Fc?d#e;f+g 100%")),
        ];
        await using var host = await RunningHost.StartAsync(adjust: o => o with { Decode = new DecodeLimits() });
        foreach (var (id, json) in odd)
        {
            using var response = await PostAsync(host, json);
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            await Eventually.TrueAsync(async () => (await host.Http.GetAsync($"/v1/scores/{Uri.EscapeDataString(id)}")).IsSuccessStatusCode, $"the score of {id} is found");
        }

        var leap = JsonNode.Parse(await host.Http.GetStringAsync("/v1/scores/t-leap"))!;
        Assert.Equal($"{Now:yyyy-MM-dd}T00:00:00.000Z", (string)leap["eventTime"]!);
    }

    // A Kafka of these days takes no record that is more than an hour ahead, in its default configuration.
    [EmbeddedBrokerFact]
    public async Task A_producer_whose_clock_is_ahead_harms_no_payment_but_its_own_over_a_restart()
    {
        using var broker = new TestBroker(partitions: 1);
        using var client = new TestClient(broker);
        var folder = Directory.CreateTempSubdirectory("scoring-clock-").FullName;
        try
        {
            await using (await RunningHost.StartAsync(broker, o => o with { Decode = new DecodeLimits(), State = o.State with { Path = Path.Combine(folder, "state.db") } }))
            {
                Send(client, "c-1", "t-1", Now.AddHours(-1));
                Send(client, "c-fast", "t-2", Now.AddDays(90));
                Send(client, "c-fast", "t-3", Now.AddDays(90));
                Send(client, "c-1", "t-4", Now.AddDays(1));
                // A timestamp of its own in microseconds.
                client.Send("c-1"u8.ToArray(), Encoding.UTF8.GetBytes(Json("t-5")), timestampMillis: Now.ToUnixTimeMilliseconds() * 1_000);
                Send(client, "c-1", "t-6", Now);
                client.Flush();
                Assert.Equal(["t-1", "t-6"], client.Read("scores", 2).Select(IdOf).Order(StringComparer.Ordinal));
                Assert.Equal(4, client.Read("transactions.dlq", 4).Count);
            }

            await using var again = await RunningHost.StartAsync(broker, o => o with { Decode = new DecodeLimits(), State = o.State with { Path = Path.Combine(folder, "state.db") } });
            Send(client, "c-1", "t-7", Now.AddSeconds(1));
            client.Flush();
            var score = JsonNode.Parse(client.Read("scores", 3).Single(s => IdOf(s) == "t-7").Message.Value!)!;
            Assert.False((bool)score["late"]!);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void Send(TestClient client, string card, string id, DateTimeOffset time) => client.Send(
        Encoding.UTF8.GetBytes(card), Encoding.UTF8.GetBytes(Json(id, time: Quoted(time)).Replace("c-1", card, StringComparison.Ordinal)), timestampMillis: time.ToUnixTimeMilliseconds());

    private static string Json(string id, string amount = "12.34", string? time = null, string more = "") =>
        $"{{\"transactionId\":\"{id}\",\"cardId\":\"c-1\",\"amount\":{amount},\"eventTime\":{time ?? Quoted(Now)}{more}}}";

    private static string Quoted(DateTimeOffset time) => $"\"{time.UtcDateTime:yyyy-MM-ddTHH:mm:ss.fffZ}\"";

    private static Task<HttpResponseMessage> PostAsync(RunningHost host, string json) =>
        host.Http.PostAsync("/v1/score", new StringContent(json, Encoding.UTF8, "application/json"));

    private static string IdOf(Confluent.Kafka.ConsumeResult<byte[]?, byte[]?> score) => (string)JsonNode.Parse(score.Message.Value!)!["transactionId"]!;

    private static string Header(Confluent.Kafka.ConsumeResult<byte[]?, byte[]?> record, string name) =>
        Encoding.UTF8.GetString(record.Message.Headers.GetLastBytes(name));
}
