using System.Diagnostics.Metrics;
using Scoring.Actors.Entities;
using Scoring.Actors.Telemetry;
using Scoring.Models.Wire;

namespace Scoring.Actors.Partitions;

/// <summary>What the owners of a node count.</summary>
public sealed class OwnerMetrics
{
    private static readonly KeyValuePair<string, object?>[] DecisionTags =
        [.. Enum.GetValues<Decision>().Select(d => KeyValuePair.Create<string, object?>("decision", d.Name()))];

    private static readonly KeyValuePair<string, object?>[] ReasonTags =
        [.. Enum.GetValues<RejectReason>().Select(r => KeyValuePair.Create<string, object?>("reason", r.Code()))];

    private static readonly KeyValuePair<string, object?>[] OutcomeTags =
        [.. Enum.GetValues<EntityOutcome>().Select(o => KeyValuePair.Create<string, object?>("outcome", o.ToString()))];

    private readonly Counter<long> scored;
    private readonly Counter<long> late;
    private readonly Counter<long> degraded;
    private readonly Counter<long> dead;
    private readonly Counter<long> other;
    private readonly Histogram<double> latency;
    private readonly Histogram<double> recovery;

    /// <summary>Makes the instruments.</summary>
    /// <param name="meters">Where they belong.</param>
    public OwnerMetrics(IMeterFactory meters)
    {
        ArgumentNullException.ThrowIfNull(meters);
        var meter = meters.Create(ScoringMeter.Name);
        scored = meter.CreateCounterAtZero("scoring.scored", "{transaction}", "Transactions scored", DecisionTags);
        late = meter.CreateCounterAtZero("scoring.late", "{transaction}", "Transactions past their allowed lateness: scored, not inserted");
        degraded = meter.CreateCounterAtZero("scoring.degraded", "{transaction}", "Transactions scored with something missing");
        dead = meter.CreateCounterAtZero("scoring.dead_letters", "{record}", "Records that are not valid", ReasonTags);
        other = meter.CreateCounterAtZero("scoring.other_records", "{record}", "Records of the input log that are no transactions", OutcomeTags.Where((_, o) => IsOther((EntityOutcome)o)));
        Repeated = meter.CreateCounterAtZero("scoring.repeated", "{transaction}", "Transactions seen before within the horizon");
        Conflicts = meter.CreateCounterAtZero("scoring.conflicts", "{transaction}", "Transactions refused because another one was seen within the horizon under their user, card and id");
        Replayed = meter.CreateCounterAtZero("scoring.recovery.replayed_records", "{record}", "Records applied again, without emitting, to rebuild a partition's state");
        recovery = meter.CreateHistogram<double>("scoring.recovery.duration", "s", "From a take-over of a partition to its being live", advice: new InstrumentAdvice<double>
        {
            HistogramBucketBoundaries = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
        });
        Checkpoints = meter.CreateCounterAtZero("scoring.state.checkpoints", "{checkpoint}", "Checkpoints that became durable");
        Fenced = meter.CreateCounterAtZero("scoring.state.fenced", "{owner}", "Owners that ended because another one had taken their partition over");
        StoreRetries = meter.CreateCounterAtZero("scoring.state.retries", "{call}", "Calls of the snapshot store that failed and are made again");
        Evicted = meter.CreateCounterAtZero("scoring.state.evicted", "{cardholder}", "Cardholders that left memory to make room; the store has them");
        StateWaits = meter.CreateCounterAtZero("scoring.state.waits", "{batch}", "Times that a batch waited for a checkpoint to make room");
        Damaged = meter.CreateCounterAtZero("scoring.state.damaged", "{cardholder}", "Stored cardholders whose checksum or structure was wrong");
        Incomplete = meter.CreateCounterAtZero("scoring.state.incomplete", "{cardholder}", "Cardholders that began empty because their state was lost");
        EntityFailures = meter.CreateCounterAtZero("scoring.entity.failures", "{record}", "Times that a record failed while it was applied, scored or written");
        Quarantined = meter.CreateCounterAtZero("scoring.entity.quarantined", "{record}", "Records set aside because they failed twice");
        SetBack = meter.CreateCounterAtZero("scoring.recovery.set_back", "{partition}", "Take-overs that found the group's offset before the checkpoint, or gone");
        Lost = meter.CreateCounterAtZero("scoring.source.lost", "{record}", "Records that a partition needs and that left the input log");
        Ticks = meter.CreateCounterAtZero("scoring.ticks", "{tick}", "Ticks appended to the log of a quiet partition");
        latency = meter.CreateHistogram<double>("scoring.latency", "s", "From the client's hand-over of a record to the acknowledgement of its score", advice: new InstrumentAdvice<double>
        {
            HistogramBucketBoundaries = [0.0001, 0.00025, 0.0005, 0.001, 0.002, 0.003, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
        });
    }

    internal Counter<long> Repeated { get; }

    internal Counter<long> Lost { get; }

    internal Counter<long> Conflicts { get; }

    internal Counter<long> Replayed { get; }

    internal Counter<long> Checkpoints { get; }

    internal Counter<long> Fenced { get; }

    internal Counter<long> StoreRetries { get; }

    internal Counter<long> Evicted { get; }

    internal Counter<long> StateWaits { get; }

    internal Counter<long> Damaged { get; }

    internal Counter<long> Incomplete { get; }

    internal Counter<long> EntityFailures { get; }

    internal Counter<long> Quarantined { get; }

    internal Counter<long> SetBack { get; }

    internal Counter<long> Ticks { get; }

    internal void Recovered(TimeSpan elapsed) => recovery.Record(elapsed.TotalSeconds);

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

    private static bool IsOther(EntityOutcome outcome) => outcome is not (EntityOutcome.Scored or EntityOutcome.Repeated or EntityOutcome.Conflicting or EntityOutcome.Rejected);

    internal void Applied(EntityOutcome outcome) =>
        other.Add(1, OutcomeTags[(int)outcome]);
}
