using System.Diagnostics.Metrics;

namespace Scoring.Benchmarks.State;

/// <summary>Meters that nobody listens to.</summary>
internal sealed class BenchMeters : IMeterFactory
{
    private readonly List<Meter> meters = [];

    public Meter Create(MeterOptions options)
    {
        var meter = new Meter(options);
        meters.Add(meter);
        return meter;
    }

    public void Dispose() => meters.ForEach(m => m.Dispose());
}
