using System.Net;
using System.Net.Sockets;
using Scoring.Servers;

namespace Scoring.IntegrationTests.Telemetry;

public class OtlpTests
{
    [Fact]
    public async Task Metrics_traces_and_logs_reach_the_collector_that_the_standard_variables_name()
    {
        await using var collector = await OtlpReceiver.StartAsync();
        await using var node = await NodeProcess.StartAsync(new()
        {
            ["OTEL_EXPORTER_OTLP_ENDPOINT"] = collector.Address,
            ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf",
            ["OTEL_EXPORTER_OTLP_HEADERS"] = "tenant=fraud",
            ["OTEL_SERVICE_NAME"] = "fraud-eu",
            ["OTEL_RESOURCE_ATTRIBUTES"] = "deployment.environment.name=staging",
            ["OTEL_METRIC_EXPORT_INTERVAL"] = "200",
            ["OTEL_BSP_SCHEDULE_DELAY"] = "200",
            ["OTEL_BLRP_SCHEDULE_DELAY"] = "200",
        });
        Assert.Equal(HttpStatusCode.NotFound, (await node.Http.GetAsync("/v1/scores/none")).StatusCode);
        await Eventually.TrueAsync(() => collector.Of("metrics").Contains("scoring.shard.lag", StringComparison.Ordinal), "the service's metrics came");
        await Eventually.TrueAsync(() => collector.Of("traces").Contains("GET /v1/scores/{transactionId}", StringComparison.Ordinal), "the call's span came");
        await Eventually.TrueAsync(() => collector.Of("logs").Contains(" scores from ", StringComparison.Ordinal), "the log of the start came");
        foreach (var signal in new[] { "metrics", "traces", "logs" })
        {
            Assert.Contains("fraud-eu", collector.Of(signal), StringComparison.Ordinal);
            Assert.Contains("staging", collector.Of(signal), StringComparison.Ordinal);
        }

        foreach (var metric in new[] { "dotnet.gc.collections", "http.server.request.duration", "scoring.scored" })
            Assert.Contains(metric, collector.Of("metrics"), StringComparison.Ordinal);
        Assert.DoesNotContain("/health/ready", collector.Of("traces"), StringComparison.Ordinal);
        Assert.Equal(["fraud"], collector.Tenants);
        Assert.Contains("scoring_shard_lag{", await node.Http.GetStringAsync("/metrics"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_signal_that_is_switched_off_is_not_sent()
    {
        await using var collector = await OtlpReceiver.StartAsync();
        await using var node = await NodeProcess.StartAsync(new()
        {
            ["OTEL_EXPORTER_OTLP_ENDPOINT"] = collector.Address,
            ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf",
            ["OTEL_METRICS_EXPORTER"] = "none",
            ["OTEL_TRACES_EXPORTER"] = "none",
        });
        await node.Http.GetAsync("/v1/scores/none");
        // What is left to send is sent as the process ends.
        await node.StopAsync();
        Assert.NotEmpty(collector.Of("logs"));
        Assert.Empty(collector.Of("metrics"));
        Assert.Empty(collector.Of("traces"));
    }

    [Fact]
    public async Task A_node_whose_SDK_is_disabled_scores_and_measures_nothing()
    {
        await using var collector = await OtlpReceiver.StartAsync();
        await using var node = await NodeProcess.StartAsync(new()
        {
            ["OTEL_EXPORTER_OTLP_ENDPOINT"] = collector.Address,
            ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf",
            ["OTEL_SDK_DISABLED"] = "true",
        });
        Assert.Equal(HttpStatusCode.NotFound, (await node.Http.GetAsync("/metrics")).StatusCode);
        await node.StopAsync();
        Assert.Empty(collector.Of("logs") + collector.Of("metrics") + collector.Of("traces"));
    }

    [Fact]
    public async Task A_collector_that_is_away_and_a_wrong_variable_are_told_and_the_node_works_and_stops_in_time()
    {
        var away = $"http://127.0.0.1:{FreePort.Take()}";
        await using var node = await NodeProcess.StartAsync(new()
        {
            ["OTEL_EXPORTER_OTLP_ENDPOINT"] = away,
            ["OTEL_METRIC_EXPORT_INTERVAL"] = "100",
            ["OTEL_TRACES_EXPORTER"] = "zipkin",
            ["OTEL_BSP_MAX_QUEUE_SIZE"] = "many",
        });
        await Eventually.TrueAsync(() => node.Errors.Contains(away, StringComparison.Ordinal), "the collector's address is told");
        Assert.Contains("OTEL_TRACES_EXPORTER: 'zipkin' is passed over; otlp or none is wanted", node.Errors, StringComparison.Ordinal);
        Assert.Contains("OTEL_BSP_MAX_QUEUE_SIZE", node.Errors, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, (await node.Http.GetAsync("/health/ready")).StatusCode);
        await node.StopAsync();
    }

    [Fact]
    public async Task A_node_without_a_collector_says_nothing_of_telemetry()
    {
        await using var node = await NodeProcess.StartAsync([]);
        Assert.Equal(HttpStatusCode.OK, (await node.Http.GetAsync("/metrics")).StatusCode);
        await node.StopAsync();
        Assert.DoesNotContain("OpenTelemetry", node.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_collector_that_takes_calls_and_never_answers_does_not_hold_up_the_stop()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        await using var node = await NodeProcess.StartAsync(new()
        {
            ["OTEL_EXPORTER_OTLP_ENDPOINT"] = $"http://{silent.LocalEndpoint}",
            ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf",
            ["OTEL_METRIC_EXPORT_INTERVAL"] = "100",
        });
        using var first = await silent.AcceptTcpClientAsync();
        await node.StopAsync();
    }
}
