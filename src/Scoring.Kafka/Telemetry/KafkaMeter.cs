using System.Diagnostics.Metrics;

namespace Scoring.Kafka.Telemetry;

/// <summary>The meter of this connector's metrics: the one that every metric of the service belongs to.</summary>
public static class KafkaMeter
{
    /// <summary>Its name.</summary>
    public const string Name = "Scoring";

    /// <summary>The buckets of what the brokers take to answer, in seconds.</summary>
    internal static InstrumentAdvice<double> Seconds { get; } = new() { HistogramBucketBoundaries = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] };
}
