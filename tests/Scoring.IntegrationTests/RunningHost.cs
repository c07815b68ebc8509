using Microsoft.Extensions.DependencyInjection;
using Scoring.Actors.Ledger;
using Scoring.Actors.Partitions;
using Scoring.Host;
using Scoring.Host.Composition;
using Scoring.Host.Options;
using Scoring.Kafka.Clients;
using Scoring.Models.Features;

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

    public IShardEngine Engine => host.Services.GetRequiredService<IShardEngine>();

    public IScoreLedger Ledger => host.Services.GetRequiredService<IScoreLedger>();

    public FeatureSet Features => host.Services.GetRequiredService<FeatureSet>();

    public Task Completion => host.Completion;

    public bool IsAtWork => host.IsAtWork;

    public HttpClient Http { get; }

    public static async Task<RunningHost> StartAsync(TestBroker? broker = null, Func<ScoringOptions, ScoringOptions>? adjust = null)
    {
        var builder = ScoringHost.NodeBuilder(SettingArguments.Read([]), Adjusted, TimeProvider.System);
        // It forgets the offsets of transactions, wherever it is.
        if (TestBroker.Given is null)
            builder.Services.AddSingleton<IKafkaClients>(static p => new EmbeddedClients(p.GetRequiredService<ConfluentClients>()));
        var host = ScoringHost.Create(builder, []);
        await host.StartAsync(CancellationToken.None);
        var running = new RunningHost(host);
        var health = host.Services.GetRequiredService<NodeHealth>();
        await Eventually.TrueAsync(() => Task.FromResult(host.IsAtWork), () => $"the node is at work: {string.Join("; ", [.. health.WhyNotReady(), .. health.PartitionTroubles()])}");
        return running;

        ScoringOptions Adjusted(ScoringOptions options)
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
                },
            };
            return adjust is null ? changed : adjust(changed);
        }
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await host.DisposeAsync();
    }
}
