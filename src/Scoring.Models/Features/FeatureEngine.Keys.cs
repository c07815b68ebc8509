using Scoring.Models.Features.State;
using Scoring.Models.Wire;

namespace Scoring.Models.Features;

public sealed partial class FeatureEngine
{
    /// <summary>Collects those entities of a transaction that are not in memory. Allocates nothing if none is missing.</summary>
    /// <param name="transaction">The transaction.</param>
    /// <param name="missing">Takes them.</param>
    public void FindMissing(in Transaction transaction, EntityKeySet missing)
    {
        ArgumentNullException.ThrowIfNull(missing);
        for (var i = 0; i < tables.Length; i++)
        {
            if (tables[i] is { } table)
                AddMissing(table, assembly.Keys.Of(table.Plan, transaction), missing);
        }
    }

    /// <summary>Collects those entities of a label that are not in memory. Allocates nothing if none is missing.</summary>
    /// <param name="label">The label.</param>
    /// <param name="missing">Takes them.</param>
    public void FindMissing(in Label label, EntityKeySet missing)
    {
        ArgumentNullException.ThrowIfNull(missing);
        for (var i = 0; i < tables.Length; i++)
        {
            if (tables[i] is { Plan: { HasLabels: true, IsLocal: true } } table)
                AddMissing(table, assembly.Keys.Local(table.Plan, label.UserId, label.CardId), missing);
        }
    }

    /// <summary>Collects those of a card and its user that <see cref="TryRead"/> reads and that are not in memory.</summary>
    /// <param name="userId">The user, in UTF-8: the card's own id where it is its own user.</param>
    /// <param name="cardId">The card, in UTF-8.</param>
    /// <param name="missing">Takes them.</param>
    public void FindMissing(ReadOnlySpan<byte> userId, ReadOnlySpan<byte> cardId, EntityKeySet missing)
    {
        ArgumentNullException.ThrowIfNull(missing);
        foreach (var table in tables)
        {
            if (table is { Plan.IsLocal: true })
                AddMissing(table, assembly.Keys.Local(table.Plan, userId, cardId), missing);
        }
    }

    /// <summary>Collects all entities that a transaction touches.</summary>
    /// <param name="transaction">The transaction.</param>
    /// <param name="entities">Takes them.</param>
    public void KeysOf(in Transaction transaction, EntityKeySet entities)
    {
        ArgumentNullException.ThrowIfNull(entities);
        for (var i = 0; i < tables.Length; i++)
        {
            if (tables[i] is { } table && assembly.Keys.Of(table.Plan, transaction) is { IsEmpty: false } entityKey)
                entities.Add(table.Plan.Name, entityKey);
        }
    }

    /// <summary>Collects all entities that a label touches.</summary>
    /// <param name="label">The label.</param>
    /// <param name="entities">Takes them.</param>
    public void KeysOf(in Label label, EntityKeySet entities)
    {
        ArgumentNullException.ThrowIfNull(entities);
        for (var i = 0; i < tables.Length; i++)
        {
            if (tables[i] is { Plan: { HasLabels: true, IsLocal: true } } table)
                entities.Add(table.Plan.Name, assembly.Keys.Local(table.Plan, label.UserId, label.CardId));
        }
    }

    private static void AddMissing(EntityTable table, ReadOnlySpan<byte> entityKey, EntityKeySet missing)
    {
        if (entityKey.IsEmpty)
            return;
        var hash = Hash64.Of(entityKey);
        if (table.Find(entityKey, hash) is { } entity)
            entity.IsTouched = true;
        else
            missing.Add(table.Plan.Name, entityKey, hash);
    }
}
