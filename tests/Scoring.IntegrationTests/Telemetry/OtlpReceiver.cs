using System.Collections.Concurrent;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Scoring.IntegrationTests.Telemetry;

/// <summary>A collector that takes OTLP over HTTP and keeps the requests' bodies, whose texts Protocol Buffers leave as they are.</summary>
internal sealed class OtlpReceiver : IAsyncDisposable
{
    private readonly ConcurrentQueue<(string Signal, string? Tenant, string Body)> requests = new();
    private readonly WebApplication web;

    private OtlpReceiver()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        web = builder.Build();
        web.MapPost("/v1/{signal}", async (string signal, HttpRequest request) =>
        {
            using var body = new MemoryStream();
            await request.Body.CopyToAsync(body);
            requests.Enqueue((signal, request.Headers["tenant"], Encoding.Latin1.GetString(body.ToArray())));
            return Results.Bytes([], "application/x-protobuf");
        });
    }

    public string Address => web.Urls.First();

    public static async Task<OtlpReceiver> StartAsync()
    {
        var receiver = new OtlpReceiver();
        await receiver.web.StartAsync();
        return receiver;
    }

    /// <summary>All that came of a signal: traces, metrics or logs.</summary>
    public string Of(string signal) => string.Concat(requests.Where(r => r.Signal == signal).Select(r => r.Body));

    /// <summary>The header `tenant` of all requests.</summary>
    public IEnumerable<string?> Tenants => requests.Select(r => r.Tenant).Distinct();

    public ValueTask DisposeAsync() => web.DisposeAsync();
}
