using System.Runtime.InteropServices;
using Scoring.Models.Features.Plan;

namespace Scoring.Models.Features.State;

/// <summary>The entities of one cardholder: few, so that looking through them is quickest.</summary>
internal readonly struct CardholderSource(
    List<(int Kind, Entity Entity)> entities, CompiledFeatures features, CardholderScratch scratch, long expiryMicros, long incompleteThrough) : IEntitySource
{
    private readonly EntityPlan[] plans = features.Plan.Entities;

    public bool Keeps(int kind) => plans[kind].IsLocal;

    public Entity? Find(int kind, ReadOnlySpan<byte> key, ulong hash)
    {
        foreach (var (ofKind, entity) in CollectionsMarshal.AsSpan(entities))
        {
            if (ofKind != kind || entity.KeyHash != hash || !entity.Key.SequenceEqual(key))
                continue;
            if (entity.IsExpired(plans[kind], expiryMicros))
            {
                scratch.Counts[kind].Events -= entity.Count;
                entity.Clear(plans[kind]);
            }

            return entity;
        }

        return null;
    }

    public Entity Add(int kind, ReadOnlySpan<byte> key, ulong hash)
    {
        var entity = new Entity(plans[kind], key, hash);
        // The first kind knows repeats for all: what it may take in twice is lost a horizon longer.
        if (incompleteThrough != long.MinValue)
            entity.IncompleteThrough = incompleteThrough + (kind == 0 ? features.HorizonMicros : 0);
        entities.Add((kind, entity));
        return entity;
    }

    public void Reserve(int kind, Entity entity, long amountUnits)
    {
        entity.Reserve(plans[kind], amountUnits);
        entity.ReserveBody(plans[kind]);
    }

    public void Changing(int kind, Entity entity)
    {
        // Whoever tells a cardholder of a record takes it as changed.
    }

    public void Watch(Entity user) => user.WatchedDue = scratch.Assembly.Sessions!.NextDue(user);

    public EventCounts Counts(int kind) => scratch.Counts[kind];
}
