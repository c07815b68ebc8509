using System.Diagnostics.Metrics;
using Scoring.Actors.Telemetry;

namespace Scoring.Actors.State;

/// <summary>What a snapshot store counts.</summary>
internal sealed class StateMetrics
{
    private readonly Histogram<double> duration;
    private readonly Counter<long> written;
    private readonly Counter<long> writtenBytes;
    private readonly Counter<long> loaded;
    private readonly Counter<long> purged;
    private int underWay;

    internal StateMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(ScoringMeter.Name);
        written = meter.CreateCounterAtZero("scoring.state.written", "{entity}", "Entities written by checkpoints");
        writtenBytes = meter.CreateCounterAtZero("scoring.state.written_bytes", "By", "Bytes of the entities written by checkpoints");
        loaded = meter.CreateCounterAtZero("scoring.state.loaded", "{entity}", "Entities read from the store");
        purged = meter.CreateCounterAtZero("scoring.state.purged", "{entity}", "Entities removed from the store because they had grown old");
        duration = meter.CreateHistogram<double>("scoring.state.duration", "s", "Calls of the snapshot store", advice: new InstrumentAdvice<double>
        {
            HistogramBucketBoundaries = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
        });
        meter.CreateObservableGauge("scoring.state.under_way", () => Volatile.Read(ref underWay), "{call}", "Calls of the snapshot store that have not ended, the wait for a thread or a connection included");
    }

    internal void Began() => Interlocked.Increment(ref underWay);

    internal void Ended(string operation, string outcome, TimeSpan elapsed)
    {
        Interlocked.Decrement(ref underWay);
        duration.Record(elapsed.TotalSeconds, KeyValuePair.Create<string, object?>("operation", operation), KeyValuePair.Create<string, object?>("outcome", outcome));
    }

    internal void Wrote(Checkpoint checkpoint, long removed)
    {
        written.Add(checkpoint.Entities.Count);
        writtenBytes.Add(checkpoint.Entities.Sum(e => (long)e.State.Length));
        purged.Add(removed);
    }

    internal IReadOnlyList<EntityRow> Loaded(IReadOnlyList<EntityRow> rows)
    {
        loaded.Add(rows.Count);
        return rows;
    }
}
