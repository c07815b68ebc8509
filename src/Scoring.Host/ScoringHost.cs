using Scoring.Actors.Parts;
using Scoring.Host.Cluster;
using Scoring.Host.Composition;
using Scoring.Host.Http;
using Scoring.Host.Options;
using Scoring.Host.Telemetry;

namespace Scoring.Host;

/// <summary>A node with its HTTP side, in one process. The container owns what it is made of, and disposes of it once the node has stopped.</summary>
public sealed class ScoringHost : IAsyncDisposable
{
    // For the calls that wait for their score. What the node takes behind that, deployments have to grant too.
    internal static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(2);

    private readonly WebApplication web;
    private readonly NodeLife life;
    private readonly string[] args;
    private Task? stopping;

    private ScoringHost(WebApplication web, NodeLife life, string[] args)
    {
        this.web = web;
        this.life = life;
        this.args = args;
    }

    /// <summary>What the node is made of.</summary>
    public IServiceProvider Services => web.Services;

    /// <summary>Where it answers, once started.</summary>
    public string Address => web.Urls.First();

    /// <summary>Ends when the node can't go on, with the reason.</summary>
    public Task Completion => life.Completion;

    /// <summary>
    /// Whether the node takes records and does with them all that it should: it has joined the group, each of its partitions can be
    /// read and has its state, the stores answer, and nothing was outrun and has not caught up.
    /// </summary>
    public bool IsReady => Services.GetRequiredService<NodeHealth>().WhyNotReady().Count == 0;

    /// <summary>Is called off when the process is asked to stop, or the node can't go on.</summary>
    public CancellationToken Stopping => web.Lifetime.ApplicationStopping;

    /// <summary>Puts a host together from configuration.</summary>
    /// <param name="args">Overrides, as <c>--Scoring:Kafka:BootstrapServers=…</c>.</param>
    /// <param name="adjust">Changes the options that were read; null leaves them.</param>
    /// <param name="time">The clock; null takes the system's.</param>
    /// <exception cref="OptionsException">An option is wrong.</exception>
    /// <exception cref="Scoring.Models.Features.FeatureSetException">The feature set is wrong.</exception>
    /// <exception cref="Scoring.Models.Inference.BundleException">The model bundle is refused.</exception>
    public static ScoringHost Create(string[] args, Func<ScoringOptions, ScoringOptions>? adjust = null, TimeProvider? time = null)
    {
        var arguments = SettingArguments.Read(args);
        return Create(NodeBuilder(arguments, adjust, time ?? TimeProvider.System), args);
    }

    /// <summary>Adds what a host is made of to a builder.</summary>
    /// <param name="arguments">Overrides of settings.</param>
    /// <param name="adjust">Changes the options that were read; null leaves them.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="OptionsException">A file of settings can't be read.</exception>
    internal static WebApplicationBuilder NodeBuilder(SettingArguments arguments, Func<ScoringOptions, ScoringOptions>? adjust, TimeProvider time)
    {
        var builder = Builder(arguments);
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.Host.UseDefaultServiceProvider(container => container.ValidateOnBuild = container.ValidateScopes = true);
        builder.Services.Configure<HostOptions>(h => h.ShutdownTimeout = StopTimeout);
        builder.Services.AddSingleton(time);
        builder.Services.AddScoringOptions(builder.Configuration, adjust, arguments.Errors);
        builder.Services.AddScoringNode();
        builder.AddTelemetry();
        return builder;
    }

    /// <summary>Puts a host together.</summary>
    /// <param name="builder">What it is made of.</param>
    /// <param name="args">The command line, for what is told of a failure.</param>
    /// <exception cref="OptionsException">An option is wrong.</exception>
    internal static ScoringHost Create(WebApplicationBuilder builder, string[] args)
    {
        var web = builder.Build();
        try
        {
            return new ScoringHost(web, Compose(web), args);
        }
        catch
        {
            ((IDisposable)web).Dispose();
            throw;
        }
    }

    // Whatever is wrong with what the options name is found here, before anything listens.
    private static NodeLife Compose(WebApplication web)
    {
        var options = web.Services.CheckedOptions();
        foreach (var url in options.Http.Urls.Split(';'))
            web.Urls.Add(url);
        if (ContactPointEndpoint.ListensOn(options.Cluster) is { } contactPoint)
            web.Urls.Add(contactPoint);
        // Before the node: what it counts is listened to from its first count on.
        web.MapMetrics();
        try
        {
            var life = web.Services.GetRequiredService<NodeLife>();
            web.MapScoring();
            return life;
        }
        catch (Exception e) when (e is InvalidOperationException or ArgumentException && e.TargetSite?.DeclaringType?.Assembly == typeof(Confluent.Kafka.ClientConfig).Assembly)
        {
            throw new OptionsException([$"{ScoringOptions.Section}:Kafka:Client: librdkafka refuses a setting ({e.Message})"]);
        }
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
    }

    /// <summary>Runs until the process is asked to stop or the node can't go on, then stops gracefully.</summary>
    /// <returns>The exit status: 0 if it was asked to stop, 1 if the node could not go on.</returns>
    public Task<int> RunAsync() => RunAsync(Console.Error);

    internal async Task<int> RunAsync(TextWriter told)
    {
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var registration = Stopping.Register(asked.SetResult);
        await asked.Task;
        Exception? unorderly = null;
        try
        {
            await DisposeAsync();
        }
#pragma warning disable CA1031 // Told below: what made the node stop must not be lost for it.
        catch (Exception e)
#pragma warning restore CA1031
        {
            unorderly = e;
        }

        // Read at the end: a shard may fail while it finishes what it had begun.
        if (Completion.Exception?.GetBaseException() is { } failure)
            await UnexpectedFailure.ReportAsync("The node stopped without committing what it had not finished", failure, args, told);
        if (unorderly is not null)
            await UnexpectedFailure.ReportAsync("The node did not stop in order", unorderly, args, told);
        return Completion.IsFaulted || unorderly is not null ? 1 : 0;
    }

    /// <summary>Stops gracefully, once, and disposes of what the node is made of whatever became of that.</summary>
    public async ValueTask DisposeAsync() => await (stopping ??= StopAsync());

    private Task StopAsync() => StopSteps.RunAsync(() => web.StopAsync(), () => web.DisposeAsync().AsTask());
}
