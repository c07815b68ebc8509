using System.Diagnostics.Metrics;
using Scoring.Actors.Telemetry;

namespace Scoring.Actors.Ledger;

/// <summary>What is counted of the ledger, whoever fills it.</summary>
internal sealed class LedgerMetrics
{
    /// <param name="meters">Where it is counted.</param>
    /// <param name="isFailing">Whether the ledger can't be written.</param>
    /// <param name="partitions">How far its partitions are.</param>
    internal LedgerMetrics(IMeterFactory meters, Func<bool> isFailing, Func<IReadOnlyList<LedgerPartition>> partitions)
    {
        ArgumentNullException.ThrowIfNull(meters);
        var meter = meters.Create(ScoringMeter.Name);
        Written = meter.CreateCounterAtZero("scoring.ledger.rows", "{score}", "Scores written to the ledger");
        Unreadable = meter.CreateCounterAtZero("scoring.ledger.unreadable", "{record}", "Records of the scores' topic that are no scores");
        Failures = meter.CreateCounterAtZero("scoring.ledger.failures", "{write}", "Writes to the ledger that failed and were repeated");
        Overtaken = meter.CreateCounterAtZero("scoring.ledger.overtaken", "{write}", "Writes to the ledger given up because another node had moved a partition");
        Lost = meter.CreateCounterAtZero("scoring.ledger.lost", "{score}", "Scores that left the topic before they were read: they are missing from the ledger");
        meter.CreateObservableGauge("scoring.ledger.failing", () => isFailing() ? 1 : 0, "{ledger}", "1 while the ledger can't be written, or read for where it is");
        meter.CreateObservableGauge(
            "scoring.ledger.lag",
            () => partitions().Where(p => p.Lag is not null).Select(p => new Measurement<long>(p.Lag!.Value, KeyValuePair.Create<string, object?>("partition", p.Partition))),
            "{score}",
            "Scores of a partition that are not in the ledger yet");
    }

    internal Counter<long> Written { get; }

    internal Counter<long> Unreadable { get; }

    internal Counter<long> Failures { get; }

    internal Counter<long> Overtaken { get; }

    internal Counter<long> Lost { get; }
}
