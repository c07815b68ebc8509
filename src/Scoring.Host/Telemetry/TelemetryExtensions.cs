using Microsoft.Extensions.Diagnostics.Metrics;
using Microsoft.Extensions.Options;
using OpenTelemetry;
using OpenTelemetry.Logs;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;
using Scoring.Actors.Log;
using Scoring.Actors.Telemetry;

namespace Scoring.Host.Telemetry;

/// <summary>Adds metrics for a scraper, and metrics, traces and logs for a collector where the standard variables name one.</summary>
internal static class TelemetryExtensions
{
    private const string ServiceName = "scoring";
    private const string MetricsPath = "/metrics";
    private const string HealthPath = "/health";

    /// <summary>Adds telemetry to a host.</summary>
    /// <param name="builder">The host.</param>
    internal static void AddTelemetry(this IHostApplicationBuilder builder)
    {
        var variables = new OtlpVariables(builder.Configuration);
        builder.Services.AddSingleton(variables).AddSingleton<TelemetryWarnings>();
        // The meters of this host alone, not those of another one in the process.
        builder.Metrics.EnableMetrics(ScoringMeter.Name, null, null, MeterScope.Local);
        var telemetry = builder.Services.AddOpenTelemetry()
            .ConfigureResource(Describe)
            .WithMetrics(metrics => AddMetrics(metrics, variables.Metrics));
        if (variables.Traces is { } traces)
            telemetry.WithTracing(tracing => AddTraces(tracing, traces));
        if (variables.Logs is { } logs)
            telemetry.WithLogging(logging => logging.AddOtlpExporter(nameof(logs), logs.ApplyTo), options => options.IncludeFormattedMessage = true);
    }

    /// <summary>Begins to measure, and answers scrapes. What is counted before is lost.</summary>
    /// <param name="web">The host.</param>
    internal static void MapMetrics(this WebApplication web)
    {
        web.Services.GetRequiredService<TelemetryWarnings>();
        // The subscription to the host's own meters begins with the checks of its start.
        web.Services.GetRequiredService<IStartupValidator>().Validate();
        if (!web.Services.GetRequiredService<OtlpVariables>().IsDisabled)
            web.MapPrometheusScrapingEndpoint(MetricsPath);
    }

    // The variables come last: OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES take precedence.
    private static void Describe(ResourceBuilder resource) => resource.Clear()
        .AddTelemetrySdk()
        .AddService(ServiceName, serviceVersion: typeof(TelemetryExtensions).Assembly.GetName().Version!.ToString(3), autoGenerateServiceInstanceId: false)
        .AddDetector(static services => new NodeResource(services.GetRequiredService<NodeName>()))
        .AddEnvironmentVariableDetector();

    private static void AddMetrics(MeterProviderBuilder metrics, OtlpSignal? sent)
    {
        metrics.AddRuntimeInstrumentation().AddAspNetCoreInstrumentation().AddHttpClientInstrumentation();
        // The scope of what a node tells is always its own.
        metrics.AddPrometheusExporter(exporter => exporter.ScopeInfoEnabled = false);
        if (sent is not null)
            metrics.AddOtlpExporter(nameof(metrics), sent.ApplyTo);
    }

    // Probes and scrapes come all the time and tell nothing.
    private static void AddTraces(TracerProviderBuilder tracing, OtlpSignal sent) => tracing
        .AddAspNetCoreInstrumentation(server => server.Filter = call => !call.Request.Path.StartsWithSegments(HealthPath) && !call.Request.Path.StartsWithSegments(MetricsPath))
        .AddHttpClientInstrumentation()
        .AddOtlpExporter(nameof(tracing), sent.ApplyTo);

    private sealed class NodeResource(NodeName name) : IResourceDetector
    {
        public Resource Detect() => new([KeyValuePair.Create<string, object>("service.instance.id", name.Value)]);
    }
}
