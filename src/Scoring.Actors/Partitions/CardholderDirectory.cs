using System.Diagnostics.CodeAnalysis;
using Scoring.Actors.Checkpoints;
using Scoring.Models.Wire;

namespace Scoring.Actors.Partitions;

/// <summary>The cardholders that an owner knows, by binary key, and those in memory by when they were last used. Owned by its owner.</summary>
internal sealed class CardholderDirectory
{
    private readonly Dictionary<byte[], CardholderSlot> slots;
    private readonly Dictionary<byte[], CardholderSlot>.AlternateLookup<ReadOnlySpan<byte>> byKey;
    private CardholderSlot? newest;
    private CardholderSlot? oldest;

    private readonly Func<byte[], ulong, CardholderSlot> make;

    /// <summary>Makes an empty one.</summary>
    /// <param name="make">Makes a slot of a key and its hash; null for plain ones.</param>
    internal CardholderDirectory(Func<byte[], ulong, CardholderSlot>? make = null)
    {
        this.make = make ?? (static (key, hash) => new CardholderSlot(key, hash));
        slots = new Dictionary<byte[], CardholderSlot>(KeyEquality.Instance);
        byKey = slots.GetAlternateLookup<ReadOnlySpan<byte>>();
    }

    /// <summary>How many are in memory.</summary>
    internal int InMemory { get; private set; }

    /// <summary>Their bytes.</summary>
    internal long Bytes { get; private set; }

    /// <summary>The one that was not used for the longest time; null if none is in memory.</summary>
    internal CardholderSlot? Oldest => oldest;

    /// <summary>Finds one, or makes a slot that has no actor yet.</summary>
    internal CardholderSlot Of(ReadOnlySpan<byte> key)
    {
        if (byKey.TryGetValue(key, out var known))
            return known;
        var own = key.ToArray();
        var slot = make(own, Hash64.Of(own));
        slots.Add(own, slot);
        return slot;
    }

    /// <summary>Finds one.</summary>
    internal bool TryFind(ReadOnlySpan<byte> key, [NotNullWhen(true)] out CardholderSlot? slot) => byKey.TryGetValue(key, out slot);

    /// <summary>It has an actor from now on, and was used.</summary>
    internal void Added(CardholderSlot slot)
    {
        InMemory++;
        Append(slot);
    }

    /// <summary>It was used.</summary>
    internal void Used(CardholderSlot slot)
    {
        if (slot == newest)
            return;
        Unlink(slot);
        Append(slot);
    }

    /// <summary>Their events.</summary>
    internal long Events { get; private set; }

    /// <summary>It has so many bytes and events.</summary>
    internal void Has(CardholderSlot slot, long bytes, int events)
    {
        Bytes += bytes - slot.Bytes;
        slot.Bytes = bytes;
        Events += events - slot.Events;
        slot.Events = events;
    }

    /// <summary>It has left memory; what waits for the watermark is still known.</summary>
    internal void Left(CardholderSlot slot)
    {
        Has(slot, 0, 0);
        InMemory--;
        Unlink(slot);
        slot.Actor = null;
        slot.IsVisitor = false;
        slot.NewestMicros = long.MinValue;
        Forget(slot);
    }

    /// <summary>Forgets it, if nothing of it is left to know.</summary>
    internal void Forget(CardholderSlot slot)
    {
        if (slot.Actor is null && !slot.HasDues)
            slots.Remove(slot.Key);
    }

    private void Append(CardholderSlot slot)
    {
        slot.Older = newest;
        slot.Newer = null;
        if (newest is not null)
            newest.Newer = slot;
        newest = slot;
        oldest ??= slot;
    }

    private void Unlink(CardholderSlot slot)
    {
        if (slot.Older is not null)
            slot.Older.Newer = slot.Newer;
        else
            oldest = slot.Newer;
        if (slot.Newer is not null)
            slot.Newer.Older = slot.Older;
        else
            newest = slot.Older;
        slot.Older = slot.Newer = null;
    }
}
