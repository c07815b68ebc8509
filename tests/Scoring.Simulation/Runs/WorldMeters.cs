using System.Diagnostics.Metrics;

namespace Scoring.Simulation.Runs;

/// <summary>Gives all nodes of a world one meter, which goes with it.</summary>
internal sealed class WorldMeters : IMeterFactory
{
    private readonly Meter meter = new("simulation");

    public Meter Create(MeterOptions options) => meter;

    public void Dispose() => meter.Dispose();
}
