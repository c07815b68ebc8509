using System.Net;
using System.Net.Sockets;
using Scoring.Actors.Ledger;
using Scoring.Actors.Log;
using Scoring.Actors.Parts;
using Scoring.Actors.Partitions;
using Scoring.Actors.Source;
using Scoring.Host.Composition;

namespace Scoring.Host.Commands;

/// <summary>The service as it runs with nothing configured: embedded broker, temporary ledger, this process.</summary>
internal sealed class EmbeddedDemoHost : IDemoHost
{
    private const int PreferredPort = 8080;

    private ScoringHost? host;

    /// <inheritdoc/>
    public async Task<DemoEndpoints> StartAsync(CancellationToken cancellation)
    {
        // What the node says at its start and stop would stand between the lines of the demo.
        string[] settings = ["--Logging:LogLevel:Default=Warning"];
        host = ScoringHost.Create(settings, options => options with
        {
            Kafka = options.Kafka with { BootstrapServers = "" },
            // What a demo plays, a file or a simulated past, is history.
            Decode = options.Decode.ForHistory(),
            Ledger = options.Ledger with { Path = "" },
            Http = options.Http with { Urls = $"http://127.0.0.1:{FreePort()}" },
        });
        await host.StartAsync(cancellation);
        await host.Services.GetRequiredService<IShardEngine>().Joined.WaitAsync(cancellation);
        // Of what comes before, the broker might keep nothing until the ledger reads it.
        var filling = host.Services.GetRequiredService<ILedgerStatus>();
        await filling.Joined.WaitAsync(cancellation);
        var topics = host.Services.GetRequiredService<Topics>();
        var source = host.Services.OptionsOf<SourceOptions>();
        return new DemoEndpoints(source.BootstrapServers, new Uri(host.Address), source.GroupId)
        {
            TransactionsTopic = topics.Transactions,
            LabelsTopic = topics.Labels,
            InteractionsTopic = topics.Interactions,
            ScoresTopic = topics.Scores,
            DeadLettersTopic = topics.DeadLetters,
            LedgerOffset = filling.NextOffset,
        };
    }

    /// <inheritdoc/>
    public IReadOnlyList<string> Losses => host?.Services.GetRequiredService<NodeHealth>().Notices() ?? [];

    /// <inheritdoc/>
    public async Task StopAsync(CancellationToken cancellation)
    {
        // One that does not stop in time is left to the end of the process.
        if (Interlocked.Exchange(ref host, null) is { } running)
            await running.DisposeAsync().AsTask().WaitAsync(cancellation);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (host is { } running)
            await running.DisposeAsync();
    }

    // The usual port where it is free, else any.
    private static int FreePort()
    {
        try
        {
            using var probe = new TcpListener(IPAddress.Loopback, PreferredPort);
            probe.Start();
            return PreferredPort;
        }
        catch (SocketException)
        {
            return 0;
        }
    }
}
