using System.Diagnostics.Metrics;

namespace Scoring.Tests.Pipeline;

/// <summary>Adds up what a counter of one factory's meters counts.</summary>
internal sealed class CounterTotal : IDisposable
{
    private readonly MeterListener listener = new();
    private long total;

    public CounterTotal(IMeterFactory meters, string name)
    {
        listener.InstrumentPublished = (instrument, l) =>
        {
            if (instrument.Name == name && instrument.Meter.Scope == meters)
                l.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<long>((_, measured, _, _) => Interlocked.Add(ref total, measured));
        listener.Start();
    }

    public long Value => Interlocked.Read(ref total);

    public void Dispose() => listener.Dispose();
}
