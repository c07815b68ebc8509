using System.Diagnostics.Metrics;
using Scoring.Actors.Entities;
using Scoring.Actors.Telemetry;
using Scoring.Models.Wire;

namespace Scoring.Actors.Pipeline;

/// <summary>What the shards of a node count.</summary>
public sealed class ShardMetrics
{
    private static readonly KeyValuePair<string, object?>[] DecisionTags =
        [.. Enum.GetValues<Decision>().Select(d => KeyValuePair.Create<string, object?>("decision", d.Name()))];

    private static readonly KeyValuePair<string, object?>[] ReasonTags =
        [.. Enum.GetValues<RejectReason>().Select(r => KeyValuePair.Create<string, object?>("reason", r.Code()))];

    private readonly Counter<long> scored;
    private readonly Counter<long> late;
    private readonly Counter<long> degraded;
    private readonly Counter<long> dead;
    private readonly Counter<long> other;
    private readonly Histogram<double> latency;

    /// <summary>Makes the instruments.</summary>
    /// <param name="meters">Where they belong.</param>
    public ShardMetrics(IMeterFactory meters)
    {
        ArgumentNullException.ThrowIfNull(meters);
        var meter = meters.Create(ScoringMeter.Name);
        scored = meter.CreateCounter<long>("scoring.scored", "{transaction}", "Transactions scored");
        late = meter.CreateCounter<long>("scoring.late", "{transaction}", "Transactions past their allowed lateness: scored, not inserted");
        degraded = meter.CreateCounter<long>("scoring.degraded", "{transaction}", "Transactions scored with something missing");
        dead = meter.CreateCounter<long>("scoring.dead_letters", "{record}", "Records that are not valid");
        other = meter.CreateCounter<long>("scoring.other_records", "{record}", "Records of the input log that are no transactions");
        Repeated = meter.CreateCounter<long>("scoring.repeated", "{transaction}", "Transactions seen before within the horizon");
        Stale = meter.CreateCounter<long>("scoring.stale_records", "{record}", "Records dropped because their partition was revoked or they had been taken already");
        latency = meter.CreateHistogram<double>("scoring.latency", "s", "From the client's hand-over of a record to its score's", advice: new InstrumentAdvice<double>
        {
            HistogramBucketBoundaries = [0.0001, 0.00025, 0.0005, 0.001, 0.002, 0.003, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
        });
    }

    internal Counter<long> Repeated { get; }

    internal Counter<long> Stale { get; }

    internal void Scored(Decision decision, bool isLate, bool isDegraded, TimeSpan elapsed)
    {
        scored.Add(1, DecisionTags[(int)decision]);
        if (isLate)
            late.Add(1);
        if (isDegraded)
            degraded.Add(1);
        latency.Record(elapsed.TotalSeconds);
    }

    internal void Dead(RejectReason reason) => dead.Add(1, ReasonTags[(int)reason]);

    internal void Applied(EntityOutcome outcome) =>
        other.Add(1, KeyValuePair.Create<string, object?>("outcome", outcome.ToString()));
}
