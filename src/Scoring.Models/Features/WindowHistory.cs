using Scoring.Models.Features.Language;
using Scoring.Models.Features.Plan;
using Scoring.Models.Features.State;

namespace Scoring.Models.Features;

/// <summary>
/// From when on each feature sees all that its window reaches back to. Made anew when a history begins or a checkpoint of
/// another feature set is taken over, and immutable, so that any thread may read it.
/// </summary>
public sealed class WindowHistory
{
    private readonly long?[] warmSince;

    internal WindowHistory(FeaturePlan plan, long? since, IReadOnlyList<LayoutHistory> layouts)
    {
        SinceMicros = since;
        warmSince = new long?[plan.FeatureCount];
        foreach (var entity in plan.Entities)
        {
            var history = layouts.FirstOrDefault(l => l.Plan == entity);
            foreach (var read in entity.ReadsBefore.Concat(entity.ReadsAfter))
                warmSince[read.Target] = Needs(entity, read).Select(c => history?.KnownSince(c)).Append(since).Max() + read.Span.Window.ReachMicros;
        }

        AllWarmSince = warmSince.Max() ?? long.MinValue;
    }

    /// <summary>Before when nothing is known, in microseconds since 1970-01-01T00:00:00Z; null where the history is whole.</summary>
    public long? SinceMicros { get; }

    /// <summary>From when on every feature is warm; <see cref="long.MinValue"/> where all always are.</summary>
    internal long AllWarmSince { get; }

    /// <summary>From when on a feature is warm, in microseconds since 1970-01-01T00:00:00Z; null where it always is.</summary>
    /// <param name="feature">Its place in the vector.</param>
    public long? WarmSinceMicros(int feature) => warmSince[feature];

    private static IEnumerable<string> Needs(EntityPlan plan, AggregateRead read)
    {
        yield return StateLayout.Events;
        if (read.Cell.Filter is { } filter)
            yield return StateLayout.FilterComponent(filter.Canonical);
        switch (read.Aggregate)
        {
            case Aggregate.Rate:
                yield return StateLayout.Label;
                break;
            case Aggregate.Distinct or Aggregate.Frequency:
                yield return StateLayout.FieldComponent(plan.Layout.Fields[read.Distinct.Table]);
                break;
            case not (Aggregate.Count or Aggregate.TimeSinceLast):
                yield return StateLayout.Amount;
                break;
        }
    }
}
