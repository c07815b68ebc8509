using Scoring.Host;
using Scoring.Host.Options;

namespace Scoring.IntegrationTests;

/// <summary>The service in this process, on free ports.</summary>
internal sealed class RunningHost : IAsyncDisposable
{
    private readonly ScoringHost host;

    private RunningHost(ScoringHost host)
    {
        this.host = host;
        Http = new HttpClient { BaseAddress = new Uri(host.Address) };
    }

    public ScoringNode Node => host.Node;

    public HttpClient Http { get; }

    public static async Task<RunningHost> StartAsync(TestBroker? broker = null, Func<ScoringOptions, ScoringOptions>? adjust = null)
    {
        var host = ScoringHost.Create([], options =>
        {
            var changed = options with
            {
                Http = options.Http with { Urls = "http://127.0.0.1:0" },
                Kafka = options.Kafka with { BootstrapServers = broker?.BootstrapServers ?? "" },
                Topics = options.Topics with { Prefix = broker?.Prefix ?? "" },
                // The tests tell times of their own.
                Decode = options.Decode.ForHistory(),
                Source = options.Source with
                {
                    GroupId = broker?.Group ?? options.Source.GroupId,
                    FetchWait = TimeSpan.FromMilliseconds(2),
                    SessionTimeout = TimeSpan.FromSeconds(6),
                    HeartbeatInterval = TimeSpan.FromMilliseconds(500),
                },
            };
            return adjust is null ? changed : adjust(changed);
        });
        await host.StartAsync(CancellationToken.None);
        var running = new RunningHost(host);
        await Eventually.TrueAsync(() => host.Node.IsReady, "the node is ready");
        return running;
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await host.DisposeAsync();
    }
}
