using OpenTelemetry.Exporter;

namespace Scoring.Host.Telemetry;

/// <summary>Where one signal (traces, metrics or logs) is sent, and how.</summary>
/// <param name="Endpoint">The collector's address, the signal's path included where the protocol is HTTP.</param>
/// <param name="Protocol">gRPC, or Protocol Buffers over HTTP.</param>
/// <param name="Headers">Headers of each request, as NAME=VALUE with commas; empty for none.</param>
/// <param name="Timeout">How long a request may take.</param>
/// <param name="Compression">How requests are compressed.</param>
internal sealed record OtlpSignal(Uri Endpoint, OtlpExportProtocol Protocol, string Headers, TimeSpan Timeout, OtlpExportCompression Compression)
{
    /// <summary>Tells an exporter.</summary>
    /// <param name="options">The exporter's options.</param>
    internal void ApplyTo(OtlpExporterOptions options)
    {
        options.Endpoint = Endpoint;
        options.Protocol = Protocol;
        options.Headers = Headers;
        options.TimeoutMilliseconds = (int)Timeout.TotalMilliseconds;
        options.Compression = Compression;
    }
}
