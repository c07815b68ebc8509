using System.Buffers;
using Scoring.Models.Features.State;
using Scoring.Models.Wire;

namespace Scoring.Models.Features;

/// <summary>Takes one entity's state.</summary>
/// <param name="kind">The entity's name in the feature set.</param>
/// <param name="key">Its key: the field's text in UTF-8; of a card, its user's, 0xFF and its own.</param>
/// <param name="state">Its state, valid until the call returns.</param>
public delegate void EntityStateVisitor(string kind, ReadOnlySpan<byte> key, ReadOnlySpan<byte> state);

public sealed partial class FeatureEngine
{
    private readonly ArrayBufferWriter<byte> stateBuffer = new();

    /// <summary>
    /// Writes the state of each entity in memory, in a versioned binary form, so that an engine that restores it goes
    /// on exactly as this one. Which entities count as changed stays as it is.
    /// </summary>
    /// <param name="visit">Takes each state.</param>
    public void SaveEntities(EntityStateVisitor visit)
    {
        ArgumentNullException.ThrowIfNull(visit);
        foreach (var table in tables)
        {
            if (table is null)
                continue;
            foreach (var entity in table.Slots)
            {
                if (entity is null)
                    continue;
                stateBuffer.ResetWrittenCount();
                EntityCodec.Write(table.Plan, entity, stateBuffer);
                visit(table.Plan.Name, entity.Key, stateBuffer.WrittenSpan);
            }
        }
    }

    /// <summary>Writes the state of one entity; whether it counts as changed stays as it is.</summary>
    /// <param name="kind">The entity's name in the feature set.</param>
    /// <param name="key">Its key.</param>
    /// <param name="writer">Where to.</param>
    /// <returns>False if it is not in memory.</returns>
    /// <exception cref="ArgumentException">The engine keeps no such kind.</exception>
    public bool TrySaveEntity(string kind, ReadOnlySpan<byte> key, IBufferWriter<byte> writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        var table = TableOf(kind);
        if (table.Find(key, Hash64.Of(key)) is not { } entity)
            return false;
        EntityCodec.Write(table.Plan, entity, writer);
        return true;
    }

    /// <summary>Adds an entity as it was saved.</summary>
    /// <param name="kind">The entity's name in the feature set.</param>
    /// <param name="key">Its key, as it was saved.</param>
    /// <param name="state">Its state.</param>
    /// <param name="changed">Whether it differs from what is durable of it, as an entity that is put back does.</param>
    /// <exception cref="StateDamagedException">The state is not as it was written; the engine is unchanged.</exception>
    /// <exception cref="StateLayoutException">The state is of a format or layout that this engine can't read; the engine is unchanged.</exception>
    /// <exception cref="ArgumentException">The engine keeps no such kind, or already holds the entity.</exception>
    public void RestoreEntity(string kind, ReadOnlySpan<byte> key, ReadOnlySpan<byte> state, bool changed = false)
    {
        var table = TableOf(kind);
        var entity = NewEntity(table, key);
        EntityCodec.Read(table.Plan, marks.LayoutsOf(table.Plan), entity, state, plan.Fields.Length);
        entity.MayBeStored = true;
        table.Add(entity);
        if (changed)
            table.Changes.Mark(entity);
        if (table.Plan.MerchantTable >= 0)
            sessions!.Watch(entity);
    }

    /// <summary>
    /// Adds an empty entity in the place of one whose saved state is damaged beyond repair. Its features are
    /// <c>state_incomplete</c> as long as their window reaches back to the watermark of now or before, since all
    /// that it lost lies there. One that lost which transactions it has seen may take repeats in for as long as their
    /// horizon: windows that reach back to such a transaction, its other entities' included, say so too.
    /// </summary>
    /// <param name="kind">The entity's name in the feature set.</param>
    /// <param name="key">Its key.</param>
    /// <exception cref="ArgumentException">The engine keeps no such kind, or already holds the entity.</exception>
    public void StartIncomplete(string kind, ReadOnlySpan<byte> key)
    {
        var table = TableOf(kind);
        var entity = NewEntity(table, key);
        entity.IncompleteThrough = Math.Max(WatermarkMicros, EarliestMicros) + (KnowsRepeats(kind) ? compiled.HorizonMicros : 0);
        entity.MayBeStored = true;
        table.Add(entity);
        table.Changes.Mark(entity);
    }

    /// <summary>Drops an entity from memory, changed or not; of a frozen set it is still written as it was at the freeze.</summary>
    /// <param name="kind">The entity's name in the feature set.</param>
    /// <param name="key">Its key; one that is not in memory is let be.</param>
    /// <exception cref="ArgumentException">The engine keeps no such kind.</exception>
    public void Discard(string kind, ReadOnlySpan<byte> key) => TableOf(kind).Remove(key, Hash64.Of(key));

    /// <summary>Whether the engine keeps such entities; stored ones of a kind that a feature set no longer has are left alone.</summary>
    /// <param name="kind">The entity's name.</param>
    public bool Keeps(string kind) => Array.Exists(tables, t => t?.Plan.Name == kind);

    /// <summary>
    /// Writes what belongs to a checkpoint beside its entities: the engine's marks of time, and by which names the
    /// states keep what, so that an engine of another feature set can read them.
    /// </summary>
    /// <param name="writer">Where to.</param>
    public void SaveMarks(IBufferWriter<byte> writer) => marks.Save(writer);

    /// <summary>
    /// Takes over the marks of a checkpoint, before its entities. Where another feature set wrote it, states are
    /// carried over by the names of what they keep as they are restored, and features that need more than it kept
    /// are <c>cold_window</c> until their window has passed the checkpoint's watermark.
    /// </summary>
    /// <param name="bytes">What <see cref="SaveMarks"/> wrote.</param>
    /// <exception cref="StateDamagedException">They are not as they were written; the engine is unchanged.</exception>
    /// <exception cref="StateLayoutException">They are of another format, or their states can't be carried over; the engine is unchanged.</exception>
    public void RestoreMarks(ReadOnlySpan<byte> bytes) => marks.Restore(bytes);

    private static Entity NewEntity(EntityTable table, ReadOnlySpan<byte> key)
    {
        var hash = Hash64.Of(key);
        if (table.Find(key, hash) is not null)
            throw new ArgumentException($"the engine already holds this {table.Plan.Name}", nameof(key));
        return new Entity(table.Plan, key, hash) { IsTouched = true };
    }

    private EntityTable TableOf(string kind) => Array.Find(tables, t => t?.Plan.Name == kind)
        ?? throw new ArgumentException($"this engine keeps no entity '{kind}'; it keeps {string.Join(", ", tables.OfType<EntityTable>().Select(t => t.Plan.Name))}", nameof(kind));
}
