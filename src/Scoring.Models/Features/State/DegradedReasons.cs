using Scoring.Models.Features.Plan;

namespace Scoring.Models.Features.State;

/// <summary>
/// Collects why a transaction's features are missing or incomplete. Lists are made anew only when the reasons
/// change, so a shard that always says the same thing allocates nothing for it.
/// </summary>
internal sealed class DegradedReasons
{
    private readonly string[] always;
    private readonly string[] maxEvents;
    private readonly string[] lateHistory;
    private readonly List<string> reasons = [];
    private string[] last;
    private bool isIncomplete;

    public DegradedReasons(CompiledFeatures features)
    {
        var plan = features.Plan;
        always = [.. plan.Entities.Where(e => !features.Keeps(e)).Select(e => $"entity_not_local:{e.Name}")];
        last = always;
        maxEvents = new string[plan.FeatureCount];
        lateHistory = new string[plan.FeatureCount];
        foreach (var read in plan.Entities.SelectMany(e => e.ReadsBefore.Concat(e.ReadsAfter)))
        {
            maxEvents[read.Target] = $"max_events:{read.Feature}";
            lateHistory[read.Target] = $"late_history:{read.Feature}";
        }
    }

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
    public IReadOnlyList<string> Current(long time, WindowHistory history)
    {
        if (isIncomplete)
            reasons.Add("state_incomplete");
        if (time < history.AllWarmSince)
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
}
