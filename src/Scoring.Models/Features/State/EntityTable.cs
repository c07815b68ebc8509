using Scoring.Models.Features.Plan;

namespace Scoring.Models.Features.State;

/// <summary>
/// All entities of one kind by key. Open addressing with linear probing; a 32-bit tag a slot keeps a probe
/// from touching entities it does not want. Looking up allocates nothing.
/// </summary>
internal sealed class EntityTable(EntityPlan plan)
{
    // About a millisecond.
    private const int MostEvictionSteps = 16_384;

    private Entity?[] slots = new Entity?[16];
    private uint[] tags = new uint[16];
    private int hand;
    private int evictionHand;

    public EntityPlan Plan { get; } = plan;

    public int Count { get; private set; }

    /// <summary>What its entities held and let go.</summary>
    public EventCounts Counts { get; } = new();

    /// <summary>Bytes of all entities, without this table's own.</summary>
    public long EntityBytes { get; private set; }

    /// <summary>Entities that left because they were idle for longer than their events are held.</summary>
    public long Expired { get; private set; }

    /// <summary>Bytes of entities and of the table.</summary>
    public long Bytes => EntityBytes + (12L * slots.Length) + 48;

    /// <summary>Which entities are not durable.</summary>
    public EntityChanges Changes { get; } = new(plan);

    /// <summary>The slots, for going through all entities; empty ones are null.</summary>
    public ReadOnlySpan<Entity?> Slots => slots;

    public Entity? Find(ReadOnlySpan<byte> key, ulong hash) => PlaceOf(key, hash) is >= 0 and var place ? slots[place] : null;

    /// <summary>Adds an entity whose key is not there yet.</summary>
    public Entity Add(ReadOnlySpan<byte> key, ulong hash)
    {
        var entity = new Entity(Plan, key, hash) { IsTouched = true };
        Add(entity);
        return entity;
    }

    /// <summary>Adds an entity, with the events that it holds.</summary>
    public void Add(Entity entity)
    {
        if ((Count + 1) * 4L > slots.Length * 3L)
            Grow();
        Place(slots, tags, entity);
        Count++;
        Counts.Events += entity.Count;
        entity.CountedBytes = entity.Bytes;
        EntityBytes += entity.CountedBytes;
    }

    /// <summary>Makes room for one more event of this amount and keeps count of the bytes.</summary>
    public void Reserve(Entity entity, long amountUnits)
    {
        if (entity.Reserve(Plan, amountUnits) | entity.ReserveBody(Plan))
            CountBytes(entity);
    }

    /// <summary>Lets the entity forget everything.</summary>
    public void Expire(Entity entity)
    {
        Changes.Mark(entity);
        Counts.Events -= entity.Count;
        Expired++;
        entity.Clear(Plan);
        CountBytes(entity);
    }

    /// <summary>Looks at the next slots and removes idle entities: a bounded share of the work each time.</summary>
    public void Sweep(long watermark, int steps)
    {
        for (; steps > 0; steps--)
        {
            hand = (hand + 1) & (slots.Length - 1);
            if (slots[hand] is not { } entity || !(entity.Age == long.MinValue || IsExpired(entity, watermark)))
                continue;

            // A stored version that says less than was reported since would report it again: first the change becomes durable.
            if (entity.MayBeStored && !Changes.IsDurable(entity))
                continue;
            RemoveAt(hand);
            Expired++;
        }
    }

    /// <summary>
    /// Removes durable entities, those that were not looked up since it last passed them: a bounded share of the
    /// work each time (the clock algorithm; Corbató, 1968).
    /// </summary>
    /// <returns>How many it removed.</returns>
    public int Evict(int surplus)
    {
        var removed = 0;
        for (var steps = Math.Min((8L * surplus) + 64, MostEvictionSteps); steps > 0 && removed < surplus; steps--)
        {
            evictionHand = (evictionHand + 1) & (slots.Length - 1);
            if (slots[evictionHand] is not { } entity)
                continue;
            if (entity.IsTouched)
            {
                entity.IsTouched = false;
            }
            else if (!entity.IsWatched && Changes.IsDurable(entity))
            {
                // What moves into the gap is looked at next.
                RemoveAt(evictionHand--);
                removed++;
            }
        }

        return removed;
    }

    /// <summary>Removes the entity, if it is there.</summary>
    public void Remove(ReadOnlySpan<byte> key, ulong hash)
    {
        if (PlaceOf(key, hash) is >= 0 and var place)
            RemoveAt(place);
    }

    /// <summary>Whether nothing of the entity could still be found, as <see cref="Entity.IsExpired"/> says.</summary>
    public bool IsExpired(Entity entity, long expiryMicros) => entity.IsExpired(Plan, expiryMicros);

    private int PlaceOf(ReadOnlySpan<byte> key, ulong hash)
    {
        var mask = slots.Length - 1;
        for (var place = Home(hash, mask); slots[place] is { } entity; place = (place + 1) & mask)
        {
            if (tags[place] == (uint)hash && entity.KeyHash == hash && entity.Key.SequenceEqual(key))
                return place;
        }

        return -1;
    }

    private void CountBytes(Entity entity)
    {
        var bytes = entity.Bytes;
        EntityBytes += bytes - entity.CountedBytes;
        entity.CountedBytes = bytes;
    }

    private static int Home(ulong hash, int mask) => (int)(hash >> 32) & mask;

    private static void Place(Entity?[] slots, uint[] tags, Entity entity)
    {
        var mask = slots.Length - 1;
        var place = Home(entity.KeyHash, mask);
        while (slots[place] is not null)
            place = (place + 1) & mask;
        slots[place] = entity;
        tags[place] = (uint)entity.KeyHash;
    }

    private void Grow()
    {
        var more = new Entity?[slots.Length * 2];
        var moreTags = new uint[more.Length];
        foreach (var entity in slots)
        {
            if (entity is not null)
                Place(more, moreTags, entity);
        }

        slots = more;
        tags = moreTags;
    }

    // Linear probing without tombstones (Knuth, 6.4, algorithm R).
    private void RemoveAt(int gap)
    {
        var entity = slots[gap]!;
        Changes.Forget(entity);
        entity.WatchedDue = long.MaxValue;
        Count--;
        Counts.Events -= entity.Count;
        EntityBytes -= entity.CountedBytes;
        var mask = slots.Length - 1;
        for (var next = (gap + 1) & mask; slots[next] is { } other; next = (next + 1) & mask)
        {
            var home = Home(other.KeyHash, mask);
            if (((next - home) & mask) < ((next - gap) & mask))
                continue;
            slots[gap] = other;
            tags[gap] = tags[next];
            gap = next;
        }

        slots[gap] = null;
    }
}
