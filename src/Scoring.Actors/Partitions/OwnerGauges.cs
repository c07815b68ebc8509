using System.Diagnostics.Metrics;
using Scoring.Actors.Telemetry;
using Scoring.Models.Wire;

namespace Scoring.Actors.Partitions;

/// <summary>How the partitions of a node are, as metrics.</summary>
internal static class OwnerGauges
{
    private static readonly KeyValuePair<string, object?>[] PhaseTags =
        [.. Enum.GetValues<PartitionPhase>().Select(p => KeyValuePair.Create<string, object?>("phase", char.ToLowerInvariant(p.ToString()[0]) + p.ToString()[1..]))];

    /// <summary>Makes the instruments.</summary>
    /// <param name="meters">Where they belong.</param>
    /// <param name="statuses">How the partitions of the node are.</param>
    /// <param name="shards">How far they are.</param>
    /// <param name="troubles">What the store does not do.</param>
    /// <param name="time">Measures how old a checkpoint is.</param>
    internal static void Observe(IMeterFactory meters, Func<IReadOnlyList<PartitionStatus>> statuses, Func<IReadOnlyList<ShardState>> shards, StoreTroubles troubles, TimeProvider time)
    {
        var meter = meters.Create(ScoringMeter.Name);
        meter.CreateObservableGauge("scoring.partitions", () => ByPhase(statuses()), "{partition}", "Partitions that live on this node, by what they do");
        meter.CreateObservableGauge("scoring.state.away", () => troubles.Away is null ? 0 : 1, "{store}", "1 while the snapshot store does not do what it is asked");
        Each("scoring.shard.lag", "{record}", "Records of a partition that are not committed yet", s => s.EndOffset is { } end && s.CommittableOffset is { } committed ? Math.Max(0, end - committed) : null);
        Each("scoring.shard.watermark", "s", "A partition's watermark, in seconds since 1970", s => s.WatermarkMicros / EventTime.MicrosPerSecond);
        Each("scoring.shard.checkpoint_age", "s", "How long ago a partition's last checkpoint was completed", s => s.CheckpointAt is { } at ? (long)time.GetElapsedTime(at).TotalSeconds : null);
        Each("scoring.shard.cardholders", "{cardholder}", "Cardholders of a partition in memory", s => s.Entities);
        Each("scoring.shard.cardholder_bytes", "By", "Bytes of a partition's cardholders in memory, estimated", s => s.EntityBytes);
        Each("scoring.shard.events_dropped", "{event}", "Events that left a window early because their entity held as many as it may", s => s.EventsDropped);

        void Each(string name, string unit, string description, Func<ShardProgress, long?> value) => meter.CreateObservableGauge(
            name,
            () => shards().Where(s => value(s.Progress) is not null).Select(s => new Measurement<long>(value(s.Progress) ?? 0, KeyValuePair.Create<string, object?>("partition", s.Partition))),
            unit,
            description);
    }

    private static IEnumerable<Measurement<int>> ByPhase(IReadOnlyList<PartitionStatus> statuses) =>
        PhaseTags.Select((tag, phase) => new Measurement<int>(statuses.Count(s => s.Phase == (PartitionPhase)phase), tag));
}
