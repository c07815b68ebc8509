using Scoring.Models.Features.State;

namespace Scoring.Models.Features;

/// <summary>Takes one entity of a frozen set.</summary>
/// <param name="kind">The entity's name in the feature set.</param>
/// <param name="key">Its key, as <see cref="EntityStateVisitor"/> says; valid until the call returns.</param>
/// <param name="state">Its state at the freeze, valid until the call returns.</param>
/// <param name="newestMicros">The time from which it grows old: its newest event's, in microseconds since 1970; <see cref="long.MinValue"/> if it holds nothing.</param>
/// <param name="watched">Whether it has a session that the watermark has yet to close, so that it must be in memory from the start.</param>
public delegate void FrozenEntityVisitor(string kind, ReadOnlySpan<byte> key, ReadOnlySpan<byte> state, long newestMicros, bool watched);

/// <summary>When stored entities of a kind are as good as absent.</summary>
/// <param name="Kind">The entity's name in the feature set.</param>
/// <param name="BeforeMicros">An entity whose newest event is before this, in microseconds since 1970, is found empty by any record to come.</param>
public readonly record struct EntityExpiry(string Kind, long BeforeMicros);

public sealed partial class FeatureEngine
{
    /// <summary>How many entities are in memory.</summary>
    public int EntitiesInMemory
    {
        get
        {
            var count = 0;
            foreach (var table in tables)
                count += table?.Count ?? 0;
            return count;
        }
    }

    /// <summary>An estimate of the bytes of the entities in memory, their look-up tables included.</summary>
    public long EntityBytes
    {
        get
        {
            var bytes = 0L;
            foreach (var table in tables)
                bytes += table?.Bytes ?? 0;
            return bytes;
        }
    }

    /// <summary>How many entities changed since the last freeze, those of a frozen set that was lost included.</summary>
    public int ChangedEntities
    {
        get
        {
            var count = 0;
            foreach (var table in tables)
                count += table?.Changes.Count ?? 0;
            return count;
        }
    }

    /// <summary>
    /// Makes the entities that changed the frozen set, as they are now. Costs the same however many they are. What
    /// <see cref="SaveMarks"/> writes directly after belongs to it.
    /// </summary>
    /// <exception cref="InvalidOperationException">The frozen set before is neither durable nor lost.</exception>
    public void Freeze()
    {
        if (HasFrozen)
            throw new InvalidOperationException($"the last frozen set is open: call {nameof(FrozenIsDurable)} or {nameof(FrozenIsLost)} first");
        foreach (var table in tables)
            table?.Changes.Freeze();
    }

    /// <summary>Writes some more of the frozen set, each entity as it was at the freeze.</summary>
    /// <param name="entities">How many at most.</param>
    /// <param name="visit">Takes each.</param>
    /// <returns>True when none is left.</returns>
    public bool WriteFrozen(int entities, FrozenEntityVisitor visit)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(entities);
        ArgumentNullException.ThrowIfNull(visit);
        foreach (var table in tables)
            entities -= table?.Changes.Write(entities, visit) ?? 0;
        return IsFrozenWritten;
    }

    /// <summary>Notes that the frozen set is durable: its entities may leave memory unless they have changed since.</summary>
    /// <exception cref="InvalidOperationException">There is none, or not all of it was written.</exception>
    public void FrozenIsDurable()
    {
        if (!HasFrozen || !IsFrozenWritten)
            throw new InvalidOperationException($"no frozen set was written whole: {nameof(Freeze)} and {nameof(WriteFrozen)} come first");
        foreach (var table in tables)
            table?.Changes.Settle();
    }

    /// <summary>Notes that the frozen set was not written, or that nobody knows: its entities count as changed again. Without one it does nothing.</summary>
    public void FrozenIsLost()
    {
        foreach (var table in tables)
        {
            if (table is { Changes.HasFrozen: true })
                table.Changes.Lose();
        }
    }

    /// <summary>
    /// Lets entities leave memory until at most so many are left. Only those leave that are durable as they are and
    /// wait for no watermark, first those that no record touched lately. Bounded work a call, so it may stop short.
    /// </summary>
    /// <param name="maxToKeep">How many may stay.</param>
    /// <returns>How many left.</returns>
    public int Evict(int maxToKeep)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(maxToKeep);
        var total = EntitiesInMemory;
        var surplus = total - maxToKeep;
        var removed = 0;
        foreach (var table in tables)
        {
            // Each kind gives its share, rounded up.
            if (table is not null && removed < surplus)
                removed += table.Evict((int)Math.Min(surplus - removed, (((long)surplus * table.Count) + total - 1) / total));
        }

        return removed;
    }

    /// <summary>Up to when stored entities of each kind may be removed, by the watermark now.</summary>
    public IReadOnlyList<EntityExpiry> Expiries() =>
        [.. tables.OfType<EntityTable>().Select(t => new EntityExpiry(t.Plan.Name, marks.Time.ExpiryMicros - (2 * t.Plan.HoldMicros) + 1))];

    private bool HasFrozen => Array.Exists(tables, t => t is { Changes.HasFrozen: true });

    private bool IsFrozenWritten => Array.TrueForAll(tables, t => t is null || t.Changes.IsWritten);
}
