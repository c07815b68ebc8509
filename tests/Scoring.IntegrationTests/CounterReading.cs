using System.Diagnostics.Metrics;

namespace Scoring.IntegrationTests;

/// <summary>Adds up what one counter of one factory counts, from now on.</summary>
internal sealed class CounterReading : IDisposable
{
    private readonly MeterListener listener = new();
    private long total;

    public CounterReading(IMeterFactory meters, string name)
    {
        listener.InstrumentPublished = (instrument, l) =>
        {
            if (instrument.Name == name && instrument.Meter.Scope == meters)
                l.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<long>((_, measurement, _, _) => Interlocked.Add(ref total, measurement));
        listener.Start();
    }

    public long Total => Interlocked.Read(ref total);

    public void Dispose() => listener.Dispose();
}
