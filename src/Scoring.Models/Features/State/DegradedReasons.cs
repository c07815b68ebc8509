using Scoring.Models.Features.Language;
using Scoring.Models.Features.Plan;

namespace Scoring.Models.Features.State;

/// <summary>
/// Collects why a transaction's features are missing or incomplete. Lists are made anew only when the reasons
/// change, so a shard that always says the same thing allocates nothing for it.
/// </summary>
internal sealed class DegradedReasons
{
    private readonly string[] always;
    private readonly FeaturePlan plan;
    private readonly long?[] warmSinces;
    private readonly string[] maxEvents;
    private readonly string[] lateHistory;
    private readonly List<string> reasons = [];
    private string[] last;
    private IReadOnlyDictionary<EntityPlan, LayoutHistory> known = new Dictionary<EntityPlan, LayoutHistory>();
    private bool isIncomplete;
    private long warmSince;

    public DegradedReasons(FeaturePlan plan, FeatureEngineOptions options)
    {
        this.plan = plan;
        always = options.LocalEntitiesOnly ? [.. plan.Entities.Where(e => !e.IsLocal).Select(e => $"entity_not_local:{e.Name}")] : [];
        last = always;
        maxEvents = new string[plan.FeatureCount];
        lateHistory = new string[plan.FeatureCount];
        foreach (var read in plan.Entities.SelectMany(e => e.ReadsBefore.Concat(e.ReadsAfter)))
        {
            maxEvents[read.Target] = $"max_events:{read.Feature}";
            lateHistory[read.Target] = $"late_history:{read.Feature}";
        }

        warmSinces = new long?[plan.FeatureCount];
        BeginHistory(options.HistorySinceMicros);
    }

    /// <summary>Before when nothing is known; null where the history is whole.</summary>
    public long? HistorySince { get; private set; }

    /// <summary>Says before when nothing is known.</summary>
    /// <param name="micros">Microseconds since 1970-01-01T00:00:00Z; null if the history is whole.</param>
    public void BeginHistory(long? micros)
    {
        HistorySince = micros;
        Learn(known);
    }

    /// <summary>Computes anew from when on each feature sees all that its window reaches back to.</summary>
    /// <param name="layouts">From when on what the features need is known.</param>
    public void Learn(IReadOnlyDictionary<EntityPlan, LayoutHistory> layouts)
    {
        known = layouts;
        foreach (var entity in plan.Entities)
        {
            layouts.TryGetValue(entity, out var history);
            foreach (var read in entity.ReadsBefore.Concat(entity.ReadsAfter))
            {
                var since = Needs(entity, read).Select(c => history?.KnownSince(c)).Append(HistorySince).Max();
                warmSinces[read.Target] = since + read.Span.Window.ReachMicros;
            }
        }

        warmSince = warmSinces.Max() ?? long.MinValue;
    }

    public long? WarmSince(int feature) => warmSinces[feature];

    public void Clear()
    {
        isIncomplete = false;
        reasons.Clear();
        reasons.AddRange(always);
    }

    /// <summary>Notes the features whose window at the time reaches back to events that the entity lost or never knew.</summary>
    /// <param name="plan">The entity's plan.</param>
    /// <param name="entity">The entity.</param>
    /// <param name="time">The event's time.</param>
    /// <param name="heldAfter">For an event too late to insert: its entity may no longer hold events up to here.</param>
    public void Check(EntityPlan plan, Entity entity, long time, long heldAfter)
    {
        if (entity.LostThrough == long.MinValue && entity.IncompleteThrough == long.MinValue && heldAfter == long.MinValue)
            return;
        foreach (var target in plan.Targets)
        {
            var lower = LowerOf(plan, target, time);
            if (entity.LostThrough > lower)
                reasons.Add(maxEvents[target]);
            if (heldAfter > lower)
                reasons.Add(lateHistory[target]);
            isIncomplete |= entity.IncompleteThrough > lower;
        }
    }

    /// <summary>The reasons noted since <see cref="Clear"/>.</summary>
    public IReadOnlyList<string> Current(long time)
    {
        if (isIncomplete)
            reasons.Add("state_incomplete");
        if (time < warmSince)
            reasons.Add("cold_window");
        if (!last.AsSpan().SequenceEqual(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(reasons)))
            last = [.. reasons];
        return last;
    }

    private static long LowerOf(EntityPlan plan, int target, long time)
    {
        foreach (var read in plan.ReadsAfter)
        {
            if (read.Target == target)
                return read.Span.Lower(time);
        }

        foreach (var read in plan.ReadsBefore)
        {
            if (read.Target == target)
                return read.Span.Lower(time);
        }

        return long.MinValue;
    }

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
