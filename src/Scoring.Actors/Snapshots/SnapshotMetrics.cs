using System.Diagnostics.Metrics;
using Scoring.Actors.Telemetry;

namespace Scoring.Actors.Snapshots;

/// <summary>What the stores of an actor system count: what they did, and for each of their bounds how near it is or how often it was met.</summary>
internal sealed class SnapshotMetrics
{
    private readonly Counter<long> failures;
    private readonly Counter<long> refused;
    private readonly Counter<long> full;
    private readonly Histogram<double> duration;
    private readonly long[] waiting = new long[Enum.GetValues<LaneName>().Length];
    private long waitingBytes;

    internal SnapshotMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(ScoringMeter.Name);
        Saved = meter.CreateCounterAtZero("scoring.snapshots.saved", "{snapshot}", "Snapshots saved");
        SavedBytes = meter.CreateCounterAtZero("scoring.snapshots.saved_bytes", "By", "Bytes of the snapshots saved");
        Loaded = meter.CreateCounterAtZero("scoring.snapshots.loaded", "{snapshot}", "Snapshots that were asked for and found");
        Deleted = meter.CreateCounterAtZero("scoring.snapshots.deleted", "{snapshot}", "Snapshots deleted");
        Halved = meter.CreateCounterAtZero("scoring.snapshots.halved_groups", "{group}", "Groups that failed because of one of their rows and were repeated in halves");
        FullDeletes = meter.CreateCounterAtZero("scoring.snapshots.full_deletes", "{statement}", "Statements that deleted as many rows as one may");
        failures = meter.CreateCounterAtZero("scoring.snapshots.failures", "{call}", "Calls that failed after they were accepted, by whether that passes", Kind("unavailable"), Kind("failed"));
        refused = meter.CreateCounterAtZero("scoring.snapshots.refused", "{call}", "Calls that were answered with a failure because as much as may wait did", Enum.GetValues<WaitingBound>().Select(Bound));
        full = meter.CreateCounterAtZero("scoring.snapshots.full_groups", "{group}", "Groups that were as large as one may be", Full("rows"), Full("bytes"));
        meter.CreateObservableGauge("scoring.snapshots.waiting", Waiting, "{row}", "Rows to save, delete or load and calls for fences that were accepted and not answered yet");
        meter.CreateObservableGauge("scoring.snapshots.waiting_bytes", () => Interlocked.Read(ref waitingBytes), "By", "Bytes of the snapshots that wait to be saved or are being saved");
        duration = meter.CreateHistogram<double>("scoring.snapshots.duration", "s", "Groups and single calls, from their start to their answers", advice: new InstrumentAdvice<double>
        {
            HistogramBucketBoundaries = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
        });
    }

    internal Counter<long> Saved { get; }

    internal Counter<long> SavedBytes { get; }

    internal Counter<long> Loaded { get; }

    internal Counter<long> Deleted { get; }

    internal Counter<long> Halved { get; }

    internal Counter<long> FullDeletes { get; }

    internal void Failed(bool passes) => failures.Add(1, Kind(passes ? "unavailable" : "failed"));

    internal void Refused(WaitingBound bound) => refused.Add(1, Bound(bound));

    internal void FullGroup(bool isRows) => full.Add(1, Full(isRows ? "rows" : "bytes"));

    internal void Took(string operation, TimeSpan elapsed) => duration.Record(elapsed.TotalSeconds, KeyValuePair.Create<string, object?>("operation", operation));

    internal void Wait(LaneName lane, int rows, long bytes)
    {
        Interlocked.Add(ref waiting[(int)lane], rows);
        Interlocked.Add(ref waitingBytes, bytes);
    }

    private IEnumerable<Measurement<long>> Waiting() =>
        Enum.GetValues<LaneName>().Select(lane => new Measurement<long>(Interlocked.Read(ref waiting[(int)lane]), KeyValuePair.Create<string, object?>("lane", lane switch
        {
            LaneName.Write => "write",
            LaneName.Load => "load",
            _ => "fence",
        })));

    private static KeyValuePair<string, object?> Kind(string kind) => KeyValuePair.Create<string, object?>("kind", kind);

    private static KeyValuePair<string, object?> Full(string bound) => KeyValuePair.Create<string, object?>("bound", bound);

    private static KeyValuePair<string, object?> Bound(WaitingBound bound) => KeyValuePair.Create<string, object?>("bound", bound switch
    {
        WaitingBound.Rows => "rows",
        WaitingBound.Bytes => "bytes",
        WaitingBound.Loads => "loads",
        _ => "fence_calls",
    });
}

/// <summary>The queues of a store.</summary>
internal enum LaneName
{
    /// <summary>Saves and deletes, one group after the other.</summary>
    Write,

    /// <summary>Loads.</summary>
    Load,

    /// <summary>Fences.</summary>
    Fence,
}

/// <summary>The bounds of what waits.</summary>
internal enum WaitingBound
{
    /// <summary>Rows to save or delete.</summary>
    Rows,

    /// <summary>Bytes to save.</summary>
    Bytes,

    /// <summary>Loads.</summary>
    Loads,

    /// <summary>Calls for fences.</summary>
    FenceCalls,
}
