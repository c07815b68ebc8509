using System.Diagnostics.Metrics;
using Scoring.Host.Http;
using Scoring.Host.Options;
using Scoring.Host.Telemetry;

namespace Scoring.Host;

/// <summary>A node with its HTTP side, in one process.</summary>
public sealed class ScoringHost : IAsyncDisposable
{
    // For the calls that wait for their score; the node needs the rest of the ten seconds that a stop may take.
    internal static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(2);

    private readonly WebApplication web;
    private readonly PeerShards peers;
    private readonly string[] args;

    private ScoringHost(WebApplication web, ScoringNode node, PeerShards peers, string[] args)
    {
        this.args = args;
        this.web = web;
        this.peers = peers;
        Node = node;
    }

    /// <summary>The node.</summary>
    public ScoringNode Node { get; }

    /// <summary>Where it answers, once started.</summary>
    public string Address => web.Urls.First();

    /// <summary>Is called off when the process is asked to stop.</summary>
    public CancellationToken Stopping => web.Lifetime.ApplicationStopping;

    /// <summary>Puts a host together from configuration.</summary>
    /// <param name="args">Overrides, as <c>--Scoring:Kafka:BootstrapServers=…</c>.</param>
    /// <param name="adjust">Changes the options that were read; null leaves them.</param>
    /// <param name="time">The clock; null takes the system's.</param>
    /// <exception cref="OptionsException">An option is wrong.</exception>
    public static ScoringHost Create(string[] args, Func<ScoringOptions, ScoringOptions>? adjust = null, TimeProvider? time = null)
    {
        var arguments = SettingArguments.Read(args);
        var builder = Builder(arguments);
        var options = OptionsReader.Read(builder.Configuration, adjust, arguments.Errors);
        builder.WebHost.UseUrls(options.Http.Urls.Split(';'));
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.Services.AddProblemDetails();
        builder.Services.AddOpenApi();
        builder.Services.Configure<HostOptions>(h => h.ShutdownTimeout = StopTimeout);
        builder.Services.AddSingleton(time ?? TimeProvider.System);
        builder.AddTelemetry(options.NodeId);

        var web = builder.Build();
        // Before the node: what it counts is listened to from its first count on.
        web.MapMetrics();
        var node = ScoringNode.Create(options, web.Services.GetRequiredService<IMeterFactory>(), web.Services.GetRequiredService<ILoggerFactory>(), web.Services.GetRequiredService<TimeProvider>());
        web.UseHead();
        web.UseExceptionHandler();
        web.UseStatusCodePages();
        // Named here, or it would stand before all of these, and a HEAD would be routed as one.
        web.UseRouting();
        web.MapOpenApi("/openapi/{documentName}.json");
        HealthEndpoints.Map(web, node);
        var queries = web.MapGroup("").AddEndpointFilter(new StoresAway());
        ScoreEndpoints.Map(queries, node, web.Services.GetRequiredService<IMeterFactory>());
        ScoreQueries.Map(queries, node);
        var peers = new PeerShards(node.Store, options.Http.ForwardTimeout, node.Time, web.Services.GetRequiredService<IMeterFactory>());
        StateEndpoints.Map(queries, node, peers);
        return new ScoringHost(web, node, peers, args);
    }

    /// <summary>Reads the configuration and sets logging and metrics up, as every command does that works with the service's options.</summary>
    /// <param name="arguments">Overrides of settings.</param>
    /// <exception cref="OptionsException">A file of settings can't be read.</exception>
    internal static WebApplicationBuilder Builder(SettingArguments arguments)
    {
        var builder = NewBuilder(arguments);
        builder.Logging.AddSimpleConsole(console => console.SingleLine = true);
        // Standard output belongs to what a command reports.
        builder.Logging.Services.Configure<Microsoft.Extensions.Logging.Console.ConsoleLoggerOptions>(c => c.LogToStandardErrorThreshold = LogLevel.Trace);
        builder.Services.AddMetrics();
        return builder;
    }

    private static WebApplicationBuilder NewBuilder(SettingArguments arguments)
    {
        try
        {
            return WebApplication.CreateSlimBuilder(new WebApplicationOptions { Args = arguments.Accepted, ContentRootPath = AppContext.BaseDirectory });
        }
        catch (Exception e) when (e is InvalidDataException or IOException or UnauthorizedAccessException)
        {
            throw new OptionsException([UnexpectedFailure.OneLine(e)]);
        }
    }

    /// <summary>Listens, joins the group and begins to score.</summary>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="OptionsException">It can't listen on an address.</exception>
    public async Task StartAsync(CancellationToken cancellation)
    {
        try
        {
            await web.StartAsync(cancellation);
        }
        catch (Exception e) when (e is IOException or System.Net.Sockets.SocketException)
        {
            throw new OptionsException([$"{ScoringOptions.Section}:Http:Urls: {e.Message}"]);
        }

        Node.Start(NodeAddress.Of(Node.Options.Http, web.Urls, Environment.MachineName));
    }

    /// <summary>Runs until the process is asked to stop or the node can't go on, then stops gracefully.</summary>
    /// <returns>The exit status: 0 if it was asked to stop, 1 if the node could not go on.</returns>
    public async Task<int> RunAsync()
    {
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var registration = Stopping.Register(asked.SetResult);
        await Task.WhenAny(asked.Task, Node.Completion);
        await DisposeAsync();
        // Read at the end: a shard may fail while it finishes what it had begun.
        var failure = Node.Completion.Exception?.GetBaseException();
        if (failure is null)
            return 0;
        await UnexpectedFailure.ReportAsync("The node stopped without committing what it had not finished", failure, args, Console.Error);
        return 1;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        // Calls first: those that wait for a score need the node to get it.
        await web.StopAsync();
        peers.Dispose();
        await Node.DisposeAsync();
        await web.DisposeAsync();
    }
}
