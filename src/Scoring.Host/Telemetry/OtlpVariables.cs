using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using OpenTelemetry.Exporter;

namespace Scoring.Host.Telemetry;

/// <summary>
/// What the standard variables say of sending telemetry to a collector: of all signals, and of one, which takes precedence
/// (https://opentelemetry.io/docs/specs/otel/protocol/exporter and .../configuration/sdk-environment-variables). Without them
/// nothing is sent. A value that is none of the specification's is passed over with a warning, as it demands: what watches
/// the service does not stop it. The remaining variables (batches, intervals, the sampler) are read by the SDK itself.
/// </summary>
internal sealed class OtlpVariables
{
    private const string Otlp = "OTEL_EXPORTER_OTLP";
    private const string DefaultGrpcAddress = "http://localhost:4317";
    private const string DefaultHttpAddress = "http://localhost:4318";

    private static readonly TimeSpan DefaultTimeout = TimeSpan.FromSeconds(10);

    private readonly IConfiguration configuration;
    private readonly SortedSet<string> warnings = new(StringComparer.Ordinal);

    /// <summary>Reads them.</summary>
    /// <param name="configuration">Where they are; the environment is part of it.</param>
    internal OtlpVariables(IConfiguration configuration)
    {
        this.configuration = configuration;
        IsDisabled = TryRead<bool>("OTEL_SDK_DISABLED", "true or false", bool.TryParse, out var disabled) && disabled;
        Traces = Signal("TRACES");
        Metrics = Signal("METRICS", "prometheus");
        Logs = Signal("LOGS");
    }

    private delegate bool Parse<T>(string text, [MaybeNullWhen(false)] out T value);

    /// <summary>Whether nothing is measured at all.</summary>
    internal bool IsDisabled { get; }

    /// <summary>Where traces go; null sends none.</summary>
    internal OtlpSignal? Traces { get; }

    /// <summary>Where metrics go, besides the page that is scraped; null sends none.</summary>
    internal OtlpSignal? Metrics { get; }

    /// <summary>Where logs go, besides the error output; null sends none.</summary>
    internal OtlpSignal? Logs { get; }

    /// <summary>What was passed over and why, one text each. Headers may hold secrets: their text is not in it.</summary>
    internal IReadOnlyCollection<string> Warnings => warnings;

    private OtlpSignal? Signal(string signal, params string[] furtherExporters)
    {
        const string address = "an address such as http://collector:4317";
        TryRead<Uri>($"{Otlp}_ENDPOINT", address, TryAddress, out var shared);
        TryRead<Uri>($"{Otlp}_{signal}_ENDPOINT", address, TryAddress, out var own);
        var protocol = OwnOrShared("PROTOCOL", signal, "grpc or http/protobuf", TryProtocol, OtlpExportProtocol.Grpc);
        var read = new OtlpSignal(
            own ?? Full(shared, protocol, signal),
            protocol,
            OwnOrShared("HEADERS", signal, "NAME=VALUE, with commas between several", TryHeaders, ""),
            OwnOrShared("TIMEOUT", signal, "a whole number of milliseconds, at least 1", TryTimeout, DefaultTimeout),
            OwnOrShared("COMPRESSION", signal, "gzip or none", TryCompression, OtlpExportCompression.None));
        return IsSent($"OTEL_{signal}_EXPORTER", furtherExporters, (own ?? shared) is not null) && !IsDisabled ? read : null;
    }

    private bool IsSent(string name, string[] further, bool hasEndpoint)
    {
        string[] known = ["otlp", .. further, "none"];
        var named = (Text(name) ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        foreach (var unknown in named.Except(known))
            PassOver(name, $"'{unknown}'", string.Join(" or ", known));
        return named.Intersect(known).Any() ? named.Contains("otlp") : hasEndpoint;
    }

    private T OwnOrShared<T>(string setting, string signal, string wanted, Parse<T> parse, T fallback) =>
        TryRead($"{Otlp}_{signal}_{setting}", wanted, parse, out var own) ? own
        : TryRead($"{Otlp}_{setting}", wanted, parse, out var shared) ? shared
        : fallback;

    private bool TryRead<T>(string name, string wanted, Parse<T> parse, [MaybeNullWhen(false)] out T value)
    {
        value = default;
        if (Text(name) is not { } text)
            return false;
        if (parse(text, out value))
            return true;
        value = default;
        PassOver(name, name.EndsWith("HEADERS", StringComparison.Ordinal) ? "its value" : $"'{text}'", wanted);
        return false;
    }

    private void PassOver(string name, string text, string wanted) => warnings.Add($"{name}: {text} is passed over; {wanted} is wanted");

    // Empty means unset.
    private string? Text(string name) => configuration[name]?.Trim() is { Length: > 0 } text ? text : null;

    // The shared address is the base of each signal's own where the protocol is HTTP.
    private static Uri Full(Uri? shared, OtlpExportProtocol protocol, string signal)
    {
        var isHttp = protocol == OtlpExportProtocol.HttpProtobuf;
        var address = shared ?? new Uri(isHttp ? DefaultHttpAddress : DefaultGrpcAddress);
        return isHttp ? new Uri($"{address.GetLeftPart(UriPartial.Path).TrimEnd('/')}/v1/{signal.ToLowerInvariant()}{address.Query}") : address;
    }

    private static bool TryAddress(string text, [MaybeNullWhen(false)] out Uri address) =>
        Uri.TryCreate(text, UriKind.Absolute, out address) && address.Scheme is "http" or "https";

    private static bool TryProtocol(string text, out OtlpExportProtocol protocol)
    {
        protocol = text == "grpc" ? OtlpExportProtocol.Grpc : OtlpExportProtocol.HttpProtobuf;
        return text is "grpc" or "http/protobuf";
    }

    private static bool TryHeaders(string text, out string headers)
    {
        headers = text;
        return text.Split(',').All(pair => pair.IndexOf('=', StringComparison.Ordinal) > 0);
    }

    private static bool TryTimeout(string text, out TimeSpan timeout)
    {
        var isNumber = int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var milliseconds);
        timeout = TimeSpan.FromMilliseconds(milliseconds);
        return isNumber && milliseconds > 0;
    }

    private static bool TryCompression(string text, out OtlpExportCompression compression)
    {
        compression = text == "gzip" ? OtlpExportCompression.GZip : OtlpExportCompression.None;
        return text is "gzip" or "none";
    }
}
