using System.Net.Sockets;
using System.Text;

namespace Scoring.IntegrationTests.Http;

public sealed class HeadRequestsTests(HttpHost host) : IClassFixture<HttpHost>
{
    // Of the moment, or of the way in which a body is sent, which HEAD has none of.
    private static readonly string[] MayDiffer = ["Date", "Transfer-Encoding"];

    [Theory]
    [InlineData("/v1/scores/head")]
    [InlineData("/v1/scores/head-twice")]
    [InlineData("/v1/scores/unknown")]
    [InlineData("/v1/scores/head?limit=0")]
    [InlineData("/v1/cards/c-head/scores")]
    [InlineData("/v1/cards/c-head/features")]
    [InlineData("/v1/cards/unknown/features")]
    [InlineData("/v1/shards")]
    [InlineData("/health/live")]
    [InlineData("/health/ready")]
    [InlineData("/health/startup")]
    [InlineData("/metrics")]
    [InlineData("/openapi/v1.json")]
    [InlineData("/v1/score")]
    [InlineData("/nothing")]
    public async Task HEAD_answers_as_GET_does_without_the_body(string path)
    {
        foreach (var (id, card) in new[] { ("head", "c-head"), ("head-twice", "c-head"), ("head-twice", "c-head-2") })
            await host.ScoreAsync(host.Transaction(id, card));

        var get = await AskAsync("GET", path);
        var head = await AskAsync("HEAD", path);

        Assert.Equal(get.Status, head.Status);
        Assert.Equal(get.Headers, head.Headers);
        Assert.NotEqual("", get.Body);
        Assert.Equal("", head.Body);
    }

    // By hand: a client that knows of HEAD would not show a body that should not be there.
    private async Task<(string Status, List<string> Headers, string Body)> AskAsync(string method, string path)
    {
        using var socket = new TcpClient();
        await socket.ConnectAsync(host.Client.BaseAddress!.Host, host.Client.BaseAddress.Port);
        var stream = socket.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes($"{method} {path} HTTP/1.1\r\nHost: {host.Client.BaseAddress.Authority}\r\nConnection: close\r\n\r\n"));
        using var reader = new StreamReader(stream);
        var answer = (await reader.ReadToEndAsync()).Split("\r\n\r\n", 2);
        var lines = answer[0].Split("\r\n");
        return (lines[0], [.. lines[1..].Where(l => !MayDiffer.Contains(l.Split(':')[0])).Order(StringComparer.Ordinal)], answer[1]);
    }
}
