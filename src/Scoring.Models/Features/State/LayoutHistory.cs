using Scoring.Models.Features.Plan;

namespace Scoring.Models.Features.State;

/// <summary>What a checkpoint says of the layouts of one kind of entity.</summary>
/// <param name="Kind">The entity's name.</param>
/// <param name="IsKept">Whether the engine that wrote it kept such entities; if not, their stored states stopped when one last did.</param>
/// <param name="Layouts">The layouts that stored states may have, newest first.</param>
/// <param name="Since">From when on, in microseconds, what features need of the events is known; what is not named always is.</param>
internal sealed record SavedLayouts(string Kind, bool IsKept, IReadOnlyList<StateLayout> Layouts, IReadOnlyDictionary<string, long> Since);

/// <summary>Which layouts the saved states of one kind may have, and from when on what features need is known.</summary>
internal sealed class LayoutHistory(EntityPlan plan)
{
    private const int MostLayouts = 16;

    private readonly SortedDictionary<string, long> since = new(StringComparer.Ordinal);
    private List<SavedColumns> columns = [new(plan.Layout, plan.Layout)];

    /// <summary>The kind.</summary>
    public EntityPlan Plan => plan;

    /// <summary>What to write to a checkpoint.</summary>
    public SavedLayouts Saved => new(plan.Name, true, [.. columns.Select(c => c.Saved)], since);

    /// <summary>The columns of the layout with the hash; null if no state can have it.</summary>
    public SavedColumns? Find(ulong hash) => columns.Find(c => c.Saved.Hash == hash);

    /// <summary>The time from which on the component is known, in microseconds; null if it always is.</summary>
    public long? KnownSince(string component) => since.TryGetValue(component, out var micros) ? micros : null;

    /// <summary>Refuses what can't be carried over.</summary>
    /// <exception cref="StateLayoutException">The kind has another key by now.</exception>
    public void Check(SavedLayouts saved)
    {
        if (saved.Layouts[0].Key != plan.Layout.Key)
            throw new StateLayoutException($"entity {plan.Name}: its stored states are by {saved.Layouts[0].Key}, the feature set's are by {plan.Layout.Key}; give an entity of another key another name");
    }

    /// <summary>Goes on from a checkpoint.</summary>
    /// <param name="saved">What it says of this kind; null if it knows none such.</param>
    /// <param name="watermark">Its watermark, in microseconds: everything after it is recorded as the plan wants it.</param>
    public void Restore(SavedLayouts? saved, long watermark)
    {
        var older = (saved?.Layouts ?? []).Where(l => l.Hash != plan.Layout.Hash).Take(MostLayouts - 1);
        columns = [new(plan.Layout, plan.Layout), .. older.Select(l => new SavedColumns(l, plan.Layout))];
        since.Clear();
        var previous = saved is { IsKept: true } ? saved.Layouts[0] : null;
        foreach (var component in plan.Layout.Components)
        {
            if (previous?.Components.Contains(component) == true)
                Keep(saved!, component);
            else if (watermark > long.MinValue)
                since[component] = watermark;
        }

        // The events that the shorter hold let go.
        if (previous is not null && previous.HoldMicros < plan.HoldMicros && watermark > long.MinValue)
            since[StateLayout.Events] = Math.Max(since.GetValueOrDefault(StateLayout.Events, long.MinValue), watermark - previous.HoldMicros);
    }

    private void Keep(SavedLayouts saved, string component)
    {
        if (saved.Since.TryGetValue(component, out var micros))
            since[component] = micros;
    }
}
