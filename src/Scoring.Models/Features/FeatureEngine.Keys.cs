using Scoring.Models.Features.State;
using Scoring.Models.Wire;

namespace Scoring.Models.Features;

public sealed partial class FeatureEngine
{
    private byte[] key = new byte[256];

    /// <summary>Collects those entities of a transaction that are not in memory. Allocates nothing if none is missing.</summary>
    /// <param name="transaction">The transaction.</param>
    /// <param name="missing">Takes them.</param>
    public void FindMissing(in Transaction transaction, EntityKeySet missing)
    {
        ArgumentNullException.ThrowIfNull(missing);
        for (var i = 0; i < tables.Length; i++)
        {
            if (tables[i] is { } table)
                AddMissing(table, KeyOf(i, transaction), missing);
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
                AddMissing(table, LocalKey(table, label.UserId, label.CardId), missing);
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
                AddMissing(table, LocalKey(table, userId, cardId), missing);
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
            if (tables[i] is { } table && KeyOf(i, transaction) is { IsEmpty: false } entityKey)
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
                entities.Add(table.Plan.Name, LocalKey(table, label.UserId, label.CardId));
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

    private Entity? Find(int index, in Transaction transaction) => tables[index] is { } table ? Live(table, KeyOf(index, transaction)) : null;

    private Entity? Live(EntityTable table, ReadOnlySpan<byte> entityKey) =>
        entityKey.IsEmpty ? null : Live(table, entityKey, Hash64.Of(entityKey));

    /// <summary>The entity, which forgets everything if it expired: when it is removed must not matter.</summary>
    private Entity? Live(EntityTable table, ReadOnlySpan<byte> entityKey, ulong hash)
    {
        if (table.Find(entityKey, hash) is not { } entity)
            return null;
        if (table.IsExpired(entity, expiryMark))
            table.Expire(entity);
        entity.IsTouched = true;
        return entity;
    }

    private ReadOnlySpan<byte> KeyOf(int index, in Transaction transaction) => plan.Entities[index].Key switch
    {
        TransactionField.CardId => CardKey(transaction.UserId, transaction.CardId),
        TransactionField.UserId => transaction.UserId,
        var field => transaction.Field(field),
    };

    private ReadOnlySpan<byte> LocalKey(EntityTable table, ReadOnlySpan<byte> user, ReadOnlySpan<byte> card) =>
        table.Plan.IsCard ? CardKey(user, card) : user;

    // A card is keyed by its user and itself; 0xFF stands in no UTF-8 text, so no two pairs share a key.
    private ReadOnlySpan<byte> CardKey(ReadOnlySpan<byte> user, ReadOnlySpan<byte> card)
    {
        var length = user.Length + 1 + card.Length;
        if (key.Length < length)
            key = new byte[2 * length];
        user.CopyTo(key);
        key[user.Length] = 0xFF;
        card.CopyTo(key.AsSpan(user.Length + 1));
        return key.AsSpan(0, length);
    }
}
