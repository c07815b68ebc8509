using System.Collections.Concurrent;
using System.Diagnostics.Tracing;
using System.Globalization;

namespace Scoring.Host.Telemetry;

/// <summary>
/// Tells in the log what goes wrong with telemetry: variables that were passed over, a collector that does not answer, what was
/// dropped. OpenTelemetry itself tells that only to who listens for its events.
/// </summary>
internal sealed partial class TelemetryWarnings : EventListener
{
    private static readonly TimeSpan Silence = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<(string Source, int Event), long> told = new();
    private readonly ILogger<TelemetryWarnings> logger;
    private readonly TimeProvider time;

    /// <summary>Tells what is known, and listens from now on.</summary>
    /// <param name="variables">The variables.</param>
    /// <param name="logger">Where it is told.</param>
    /// <param name="time">Times the silence between two warnings of one kind.</param>
    public TelemetryWarnings(OtlpVariables variables, ILogger<TelemetryWarnings> logger, TimeProvider time)
    {
        this.logger = logger;
        this.time = time;
        foreach (var warning in variables.Warnings)
            LogPassedOver(warning);
        // The base class tells of sources while it is constructed, before there is a logger.
        foreach (var source in EventSource.GetSources())
            Listen(source);
    }

    /// <inheritdoc/>
    protected override void OnEventSourceCreated(EventSource eventSource)
    {
        if (logger is not null)
            Listen(eventSource);
    }

    /// <inheritdoc/>
    protected override void OnEventWritten(EventWrittenEventArgs eventData)
    {
        if (IsOfNoConcern(eventData))
            return;
        var kind = (eventData.EventSource.Name, eventData.EventId);
        if (told.TryGetValue(kind, out var at) && time.GetElapsedTime(at) < Silence)
            return;
        told[kind] = time.GetTimestamp();
        // What an exception says is in its first line; its trace follows.
        var payload = (eventData.Payload ?? new([])).Select(p => (object?)p?.ToString()?.Split('\n')[0].TrimEnd()).ToArray();
        LogEvent(string.Format(CultureInfo.InvariantCulture, eventData.Message ?? eventData.EventName ?? "", payload));
    }

    // Metrics come by the host's own subscription, and traces and logs are sent where a variable names a collector:
    // what the SDK says of meters that it does not follow itself and of providers that there are none of is no trouble.
    private static bool IsOfNoConcern(EventWrittenEventArgs told) =>
        told.EventName is "TracerProviderNotRegistered" or "LoggerProviderNotRegistered" or "MeterProviderNotRegistered"
        || (told.EventName == "MetricInstrumentIgnored" && told.Payload is [_, _, string reason, ..] && reason.Contains("not subscribed", StringComparison.Ordinal));

    private void Listen(EventSource source)
    {
        if (source.Name.StartsWith("OpenTelemetry-", StringComparison.Ordinal))
            EnableEvents(source, EventLevel.Warning);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Warning}")]
    private partial void LogPassedOver(string warning);

    [LoggerMessage(Level = LogLevel.Warning, Message = "OpenTelemetry: {Event} (told once a minute at most)")]
    private partial void LogEvent(string @event);
}
