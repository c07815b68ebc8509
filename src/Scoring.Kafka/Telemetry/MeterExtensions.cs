using System.Diagnostics.Metrics;

namespace Scoring.Kafka.Telemetry;

/// <summary>How the service's counters are made.</summary>
public static class MeterExtensions
{
    /// <summary>
    /// Makes a counter whose series stand at 0 before they have counted anything: one that appears with its first count shows
    /// no increase, so no alert sees that count (https://prometheus.io/docs/practices/instrumentation, "Avoid missing metrics").
    /// </summary>
    /// <param name="meter">The meter; what is to see the zeros listens to it already.</param>
    /// <param name="name">The counter's name.</param>
    /// <param name="unit">What it counts, in braces, or a unit of UCUM.</param>
    /// <param name="description">What it tells.</param>
    /// <param name="series">The tag of each series; none for a counter without tags.</param>
    public static Counter<long> CreateCounterAtZero(this Meter meter, string name, string unit, string description, params IEnumerable<KeyValuePair<string, object?>> series)
    {
        ArgumentNullException.ThrowIfNull(meter);
        ArgumentNullException.ThrowIfNull(series);
        var counter = meter.CreateCounter<long>(name, unit, description);
        var hasTags = false;
        foreach (var tag in series)
        {
            hasTags = true;
            counter.Add(0, tag);
        }

        if (!hasTags)
            counter.Add(0);
        return counter;
    }
}
