using Microsoft.Extensions.Configuration;
using OpenTelemetry.Exporter;
using Scoring.Host.Telemetry;

namespace Scoring.Tests.Host.Telemetry;

public class OtlpVariablesTests
{
    [Fact]
    public void Without_variables_nothing_is_sent()
    {
        var read = Read();
        Assert.Null(read.Traces);
        Assert.Null(read.Metrics);
        Assert.Null(read.Logs);
        Assert.False(read.IsDisabled);
        Assert.Empty(read.Warnings);
    }

    [Theory]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT=http://c:4317", "http://c:4317/", "http://c:4317/", "http://c:4317/")]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT=http://c:4318;OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf", "http://c:4318/v1/traces", "http://c:4318/v1/metrics", "http://c:4318/v1/logs")]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT=https://c/otlp/;OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf", "https://c/otlp/v1/traces", "https://c/otlp/v1/metrics", "https://c/otlp/v1/logs")]
    [InlineData("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=http://t/x;OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf", "http://t/x", null, null)]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT=http://c;OTEL_EXPORTER_OTLP_METRICS_ENDPOINT=http://m:1/x;OTEL_EXPORTER_OTLP_METRICS_PROTOCOL=http/protobuf", "http://c/", "http://m:1/x", "http://c/")]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT=http://c;OTEL_METRICS_EXPORTER=none;OTEL_LOGS_EXPORTER=none", "http://c/", null, null)]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT=http://c;OTEL_METRICS_EXPORTER=prometheus", "http://c/", null, "http://c/")]
    [InlineData("OTEL_METRICS_EXPORTER=otlp,prometheus", null, "http://localhost:4317/", null)]
    [InlineData("OTEL_METRICS_EXPORTER=otlp;OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf", null, "http://localhost:4318/v1/metrics", null)]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT=http://c;OTEL_SDK_DISABLED=TRUE", null, null, null)]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT=;OTEL_TRACES_EXPORTER=", null, null, null)]
    public void A_signal_is_sent_where_the_variables_say(string variables, string? traces, string? metrics, string? logs)
    {
        var read = Read(variables.Split(';'));
        Assert.Equal([traces, metrics, logs], new[] { read.Traces, read.Metrics, read.Logs }.Select(s => s?.Endpoint.ToString()));
        Assert.Empty(read.Warnings);
    }

    [Fact]
    public void What_is_said_of_one_signal_takes_precedence_over_what_is_said_of_all()
    {
        var read = Read(
            "OTEL_EXPORTER_OTLP_ENDPOINT=http://c",
            "OTEL_EXPORTER_OTLP_HEADERS=tenant=a", "OTEL_EXPORTER_OTLP_LOGS_HEADERS=tenant=b,key=c",
            "OTEL_EXPORTER_OTLP_TIMEOUT=500", "OTEL_EXPORTER_OTLP_LOGS_TIMEOUT=1500",
            "OTEL_EXPORTER_OTLP_COMPRESSION=gzip", "OTEL_EXPORTER_OTLP_LOGS_COMPRESSION=none");
        Assert.Equal(new OtlpSignal(new("http://c"), OtlpExportProtocol.Grpc, "tenant=a", TimeSpan.FromMilliseconds(500), OtlpExportCompression.GZip), read.Traces);
        Assert.Equal(new OtlpSignal(new("http://c"), OtlpExportProtocol.Grpc, "tenant=b,key=c", TimeSpan.FromMilliseconds(1500), OtlpExportCompression.None), read.Logs);
    }

    [Theory]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT=collector:4318", "'collector:4318' is passed over; an address such as http://collector:4317 is wanted")]
    [InlineData("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT=ftp://c", "'ftp://c'")]
    [InlineData("OTEL_EXPORTER_OTLP_PROTOCOL=http/json", "'http/json' is passed over; grpc or http/protobuf is wanted")]
    [InlineData("OTEL_EXPORTER_OTLP_TIMEOUT=10s", "'10s' is passed over; a whole number of milliseconds, at least 1 is wanted")]
    [InlineData("OTEL_EXPORTER_OTLP_TIMEOUT=0", "'0'")]
    [InlineData("OTEL_EXPORTER_OTLP_COMPRESSION=zstd", "gzip or none is wanted")]
    [InlineData("OTEL_METRICS_EXPORTER=statsd", "'statsd' is passed over; otlp or prometheus or none is wanted")]
    [InlineData("OTEL_TRACES_EXPORTER=prometheus", "'prometheus' is passed over; otlp or none is wanted")]
    [InlineData("OTEL_SDK_DISABLED=1", "'1' is passed over; true or false is wanted")]
    public void A_value_that_is_none_is_passed_over_with_a_warning_and_nothing_is_sent_for_it(string variable, string why)
    {
        var read = Read(variable);
        Assert.StartsWith($"{variable.Split('=')[0]}: ", Assert.Single(read.Warnings), StringComparison.Ordinal);
        Assert.Contains(why, read.Warnings.Single(), StringComparison.Ordinal);
        Assert.Null(read.Traces ?? read.Metrics ?? read.Logs);
    }

    [Fact]
    public void A_warning_about_headers_does_not_tell_them()
    {
        var read = Read("OTEL_EXPORTER_OTLP_ENDPOINT=http://c", "OTEL_EXPORTER_OTLP_HEADERS=s3cret");
        Assert.Equal("OTEL_EXPORTER_OTLP_HEADERS: its value is passed over; NAME=VALUE, with commas between several is wanted", Assert.Single(read.Warnings));
        Assert.Equal("", read.Traces!.Headers);
    }

    private static OtlpVariables Read(params string[] variables) => new(new ConfigurationBuilder()
        .AddInMemoryCollection(variables.Select(v => KeyValuePair.Create(v[..v.IndexOf('=', StringComparison.Ordinal)], (string?)v[(v.IndexOf('=', StringComparison.Ordinal) + 1)..])))
        .Build());
}
