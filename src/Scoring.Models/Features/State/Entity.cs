using System.Numerics;
using System.Runtime.InteropServices;
using Scoring.Models.Features.Plan;

namespace Scoring.Models.Features.State;

/// <summary>
/// The state of one entity: its recent events and the running aggregates of its windows. One array holds the
/// key and the aggregates, so that finding it and reading them touch the same memory, then the events column
/// by column. The aggregates are a function of the events and
/// of <see cref="Newest"/>. Owned by one engine, so it needs no lock.
/// </summary>
internal sealed class Entity
{
    private const int SmallestCapacity = 4;

    // Object header, fields and the array's header.
    private const int FixedBytes = 16 + 128 + 24;

    private RecentBodies bodies;

    public Entity(EntityPlan plan, ReadOnlySpan<byte> key, ulong keyHash)
    {
        KeyHash = keyHash;
        KeyBytes = key.Length;
        Capacity = SmallestCapacity;
        Data = new byte[SlotsOffset + DataBytes(plan, Capacity, false)];
        key.CopyTo(Data);
        if (plan.Tables.Length > 0)
            Tables = [.. plan.TableCounters.Select(counters => new ValueTable(counters))];
        if (plan.QueueCount > 0)
            Queues = [.. Enumerable.Range(0, plan.QueueCount).Select(_ => new MonotonicQueue())];
    }

    public byte[] Data { get; private set; }

    public ValueTable[]? Tables { get; private set; }

    public MonotonicQueue[]? Queues { get; private set; }

    /// <summary>The bodies of its newest events, by which repeats are told; none where its kind does not tell them.</summary>
    public ref RecentBodies Bodies => ref bodies;

    /// <summary>Late transactions that were not inserted but must not be scored twice.</summary>
    public List<RefusedEvent>? Refused { get; set; }

    /// <summary>Sessions that are open or may still change, by time; null where sessions are not followed.</summary>
    public List<Session>? Sessions { get; set; }

    /// <summary>When the next of its sessions ends; <see cref="long.MaxValue"/> if none is waited for.</summary>
    public long WatchedDue { get; set; } = long.MaxValue;

    public ulong KeyHash { get; }

    /// <summary>The time of its newest event, in microseconds; <see cref="long.MinValue"/> before the first.</summary>
    public long Newest { get; set; } = long.MinValue;

    /// <summary>The time of the newest event that left because the entity was full.</summary>
    public long LostThrough { get; set; } = long.MinValue;

    /// <summary>The first held event.</summary>
    public int Start { get; set; }

    /// <summary>The place after the last held event.</summary>
    public int End { get; set; }

    public int Capacity { get; private set; }

    public int KeyBytes { get; }

    public bool WideAmounts { get; private set; }

    /// <summary>
    /// The time up to which events are unknown because its saved state could not be read, in microseconds;
    /// <see cref="long.MinValue"/> if it lost none.
    /// </summary>
    public long IncompleteThrough { get; set; } = long.MinValue;

    /// <summary>The freeze before which it last changed; 0 if it did not since it was read. <see cref="EntityChanges"/> alone sets it.</summary>
    public int Generation { get; set; }

    /// <summary>Whether the frozen set that it belongs to was written with it.</summary>
    public bool IsWritten { get; set; }

    /// <summary>Whether a store may hold a version of it.</summary>
    public bool MayBeStored { get; set; }

    /// <summary>Whether it was looked up since eviction last passed it.</summary>
    public bool IsTouched { get; set; }

    /// <summary>What its table counted it with.</summary>
    public int CountedBytes { get; set; }

    public int Count => End - Start;

    /// <summary>The time from which it grows old: of its newest event, seen or unknown; <see cref="long.MinValue"/> if it holds nothing.</summary>
    public long Age => Math.Max(Newest, IncompleteThrough);

    /// <summary>
    /// Whether it has been idle for twice as long as its events are held. Only an event that lags the watermark by more than
    /// that once could still find any.
    /// </summary>
    public bool IsExpired(EntityPlan plan, long expiryMicros) => Age != long.MinValue && expiryMicros - (2 * plan.HoldMicros) >= Age;

    /// <summary>Whether it has a session that the watermark has yet to close.</summary>
    public bool IsWatched => WatchedDue != long.MaxValue;

    /// <summary>Where the aggregates begin: behind the key, at a multiple of 8.</summary>
    public int SlotsOffset => (KeyBytes + 7) & ~7;

    public ReadOnlySpan<byte> Key => Data.AsSpan(0, KeyBytes);

    /// <summary>Bytes on the heap, object headers included.</summary>
    public int Bytes
    {
        get
        {
            var bytes = FixedBytes + Data.Length;
            if (Tables is not null)
            {
                bytes += 24 + (8 * Tables.Length);
                foreach (var table in Tables)
                    bytes += table.Bytes;
            }

            if (Queues is not null)
            {
                bytes += 24 + (8 * Queues.Length);
                foreach (var queue in Queues)
                    bytes += queue.Bytes;
            }

            bytes += bodies.Bytes;
            bytes += Sessions is null ? 0 : 56 + (32 * Sessions.Capacity);
            return bytes + (Refused is null ? 0 : 56 + (RefusedEvent.Bytes * Refused.Capacity));
        }
    }

    /// <summary>
    /// Makes room for one more event of this amount, and gives back room that a busier time left. Afterwards
    /// inserting the event cannot fail, so a transaction is applied to all its entities or to none.
    /// </summary>
    /// <returns>Whether its size may have changed.</returns>
    public bool Reserve(EntityPlan plan, long amountUnits)
    {
        var wide = WideAmounts || (plan.KeepsAmounts && amountUnits != (int)amountUnits);
        var isResized = End == Capacity || wide != WideAmounts || IsLoose;
        if (isResized)
            Relayout(plan, wide);
        if (Tables is null)
            return isResized;
        foreach (var table in Tables)
            isResized |= table.Reserve();
        return isResized;
    }

    /// <summary>Makes room for the body of one more event, where its kind keeps them.</summary>
    /// <returns>Whether its size may have changed.</returns>
    public bool ReserveBody(EntityPlan plan)
    {
        if (plan.BodyHoldMicros == 0 || bodies.HasRoom(End))
            return false;
        bodies.Fit(FirstBody(plan), End);
        return true;
    }

    /// <summary>The first place whose event a repeat may still be of.</summary>
    public int FirstBody(EntityPlan plan) =>
        Count == 0 ? End : new EntityView(plan, this).UpperBound(Newest - plan.BodyHoldMicros);

    /// <summary>Forgets everything, as if it had never been seen.</summary>
    public void Clear(EntityPlan plan)
    {
        Data.AsSpan(SlotsOffset, 8 * plan.SlotCount).Clear();
        Start = End = 0;
        Newest = LostThrough = IncompleteThrough = long.MinValue;
        bodies = default;
        Refused = null;
        Sessions = null;
        WatchedDue = long.MaxValue;
        Tables = Tables is null ? null : [.. plan.TableCounters.Select(counters => new ValueTable(counters))];
        foreach (var queue in Queues ?? [])
            queue.Clear();
    }

    // A quarter more events would still need less room: since it was taken about a fifth of them left, which pays for the copy.
    private bool IsLoose
    {
        get
        {
            var events = (Count + 1) * 5 / 4;
            return events < Capacity && CapacityFor(events) < Capacity;
        }
    }

    private static int DataBytes(EntityPlan plan, int capacity, bool wide) => (8 * plan.SlotCount) + (capacity * plan.EventBytes(wide));

    // Doubled while small, then grown by 8 or an eighth, and reclaimed once an eighth is dead: little is ever unused.
    internal static int CapacityFor(int events)
    {
        if (events <= 4 * SmallestCapacity)
            return (int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(events, SmallestCapacity));
        var step = Math.Max(2 * SmallestCapacity, events / 8);
        return (events + step - 1) / step * step;
    }

    private void Relayout(EntityPlan plan, bool wide)
    {
        if (bodies.Bytes > 0)
            bodies.Fit(FirstBody(plan), End);
        var dead = Start;
        bodies.Shift(dead);
        var capacity = Capacity;
        // A sixteenth to spare: an entity of many events that gains one for each it loses must not be copied each time.
        var fitting = CapacityFor(Count + 1 + (Count / 16));
        if (dead < Math.Max(1, Capacity / 8) || fitting + (fitting / 8) <= Capacity)
            capacity = fitting;
        capacity = Math.Max(capacity, Count + 1);
        if (capacity == Capacity && wide == WideAmounts)
        {
            new EntityView(plan, this).CompactColumns();
        }
        else
        {
            var data = new byte[SlotsOffset + DataBytes(plan, capacity, wide)];
            Data.AsSpan(0, SlotsOffset + (8 * plan.SlotCount)).CopyTo(data);
            EntityView.CopyColumns(new EntityView(plan, this), new EntityView(plan, data, SlotsOffset, capacity, wide));
            Data = data;
            Capacity = capacity;
            WideAmounts = wide;
        }

        Start = 0;
        End -= dead;
        ShiftPlaces(plan, dead);
        ShrinkTables(plan);
    }

    // Here, since all events are moved anyway: giving their values other codes costs no more.
    private void ShrinkTables(EntityPlan plan)
    {
        for (var i = 0; i < plan.Tables.Length; i++)
        {
            if (Tables![i].IsLoose)
                Tables[i].Shrink(new EntityView(plan, this).Codes.Slice(i * Capacity, End));
        }
    }

    private void ShiftPlaces(EntityPlan plan, int by)
    {
        if (by == 0)
            return;
        var halves = MemoryMarshal.Cast<byte, int>(Data.AsSpan(SlotsOffset, 8 * plan.SlotCount));
        foreach (var span in plan.Spans)
        {
            halves[2 * span.Slot] -= by;
            halves[(2 * span.Slot) + 1] -= by;
            foreach (var cell in span.Cells)
            {
                if (cell.EdgeSlot < 0)
                    continue;
                ref var first = ref halves[2 * cell.EdgeSlot];
                ref var last = ref halves[(2 * cell.EdgeSlot) + 1];
                first = first == 0 ? 0 : first - by;
                last = last == 0 ? 0 : last - by;
            }
        }

        foreach (var queue in Queues ?? [])
            queue.Shift(by);
    }
}
