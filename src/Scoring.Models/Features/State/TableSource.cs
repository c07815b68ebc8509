namespace Scoring.Models.Features.State;

/// <summary>The entities of a whole log, by kind; kinds that are not kept are null.</summary>
internal readonly struct TableSource(EntityTable?[] tables, SessionTracker? sessions, long expiryMicros) : IEntitySource
{
    public bool Keeps(int kind) => tables[kind] is not null;

    public Entity? Find(int kind, ReadOnlySpan<byte> key, ulong hash)
    {
        var table = tables[kind]!;
        if (table.Find(key, hash) is not { } entity)
            return null;
        if (table.IsExpired(entity, expiryMicros))
            table.Expire(entity);
        entity.IsTouched = true;
        return entity;
    }

    public Entity Add(int kind, ReadOnlySpan<byte> key, ulong hash) => tables[kind]!.Add(key, hash);

    public void Reserve(int kind, Entity entity, long amountUnits) => tables[kind]!.Reserve(entity, amountUnits);

    public void Changing(int kind, Entity entity) => tables[kind]!.Changes.Mark(entity);

    public void Watch(Entity user) => sessions!.Watch(user);

    public EventCounts Counts(int kind) => tables[kind]!.Counts;
}
