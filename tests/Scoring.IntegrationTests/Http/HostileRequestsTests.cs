using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Scoring.Tests.Hostile;

namespace Scoring.IntegrationTests.Http;

public class HostileRequestsTests
{
    private const int Callers = 8;

    private static readonly HttpStatusCode[] Refusals =
    [
        HttpStatusCode.BadRequest, HttpStatusCode.NotFound, HttpStatusCode.MethodNotAllowed, HttpStatusCode.RequestEntityTooLarge,
        HttpStatusCode.RequestUriTooLong, HttpStatusCode.UnsupportedMediaType, HttpStatusCode.UnprocessableEntity,
    ];

    // Fewer than of records: each that is valid goes through the log.
    private static int Count => Math.Max(1, HostileValues.Count / 20);

    [Fact]
    public async Task Any_body_is_scored_or_refused_with_its_reasons_and_the_node_goes_on()
    {
        await using var host = await RunningHost.StartAsync();
        var scored = 0;
        await Task.WhenAll(Enumerable.Range(0, Callers).Select(async caller =>
        {
            var records = new HostileRecords(caller);
            var values = new HostileValues(caller);
            for (var i = caller; i < Count; i += Callers)
            {
                using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/score") { Content = Content(values, records.Value() ?? []) };
                if (await StatusAsync(host, request) == HttpStatusCode.OK)
                    Interlocked.Increment(ref scored);
            }
        }));
        Assert.True(scored > 0, "nothing was scored");
        await AssertScoresAsync(host);
    }

    [Fact]
    public async Task Any_path_and_query_is_answered_or_refused_and_the_node_goes_on()
    {
        await using var host = await RunningHost.StartAsync();
        await Task.WhenAll(Enumerable.Range(0, Callers).Select(async caller =>
        {
            var values = new HostileValues(caller);
            for (var i = caller; i < Count; i += Callers)
            {
                using var request = new HttpRequestMessage(values.OneOf(HttpMethod.Get, HttpMethod.Head), Target(values));
                await StatusAsync(host, request);
            }
        }));
        await AssertScoresAsync(host);
    }

    private static ByteArrayContent Content(HostileValues values, byte[] body)
    {
        var content = new ByteArrayContent(body);
        if (!values.OneIn(10))
            content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        if (values.OneIn(10))
            content.Headers.ContentEncoding.Add(values.OneOf("gzip", "br", "identity", "x"));
        return content;
    }

    private static string Target(HostileValues values)
    {
        var id = Uri.EscapeDataString(values.Text());
        var other = Uri.EscapeDataString(values.Text());
        var number = Uri.EscapeDataString(values.NumberText());
        var time = Uri.EscapeDataString(values.TimeText());
        return values.Next(5) switch
        {
            0 => $"/v1/scores/{id}",
            1 => $"/v1/scores/{id}?cardId={other}&cardId={number}",
            2 => $"/v1/cards/{id}/scores?limit={number}&from={time}&to={time}&cursor={other}",
            3 => $"/v1/cards/{id}/features?userId={other}",
            _ => $"/v1/{id}/{other}",
        };
    }

    private static async Task<HttpStatusCode> StatusAsync(RunningHost host, HttpRequestMessage request)
    {
        using var answer = await host.Http.SendAsync(request);
        if (answer.StatusCode == HttpStatusCode.OK)
            return answer.StatusCode;
        var body = request.Method == HttpMethod.Head ? "" : await answer.Content.ReadAsStringAsync();
        Assert.True(Refusals.Contains(answer.StatusCode), $"{request.Method} {request.RequestUri} got {(int)answer.StatusCode}: {body}");
        // The server itself refuses a NUL in a path, before anything of ours.
        if (request.Method != HttpMethod.Head && !request.RequestUri!.AbsolutePath.Contains("%00", StringComparison.Ordinal))
            Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
        return answer.StatusCode;
    }

    private static async Task AssertScoresAsync(RunningHost host)
    {
        using var good = new StringContent("""{"transactionId":"good","cardId":"c-good","amount":1,"eventTime":"2026-03-01T12:00:00Z"}""", Encoding.UTF8, "application/json");
        using var answer = await host.Http.PostAsync(new Uri("/v1/score", UriKind.Relative), good);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }
}
