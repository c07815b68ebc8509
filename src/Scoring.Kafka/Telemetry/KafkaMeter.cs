namespace Scoring.Kafka.Telemetry;

/// <summary>The meter of this connector's metrics: the one that every metric of the service belongs to.</summary>
public static class KafkaMeter
{
    /// <summary>Its name.</summary>
    public const string Name = "Scoring";
}
