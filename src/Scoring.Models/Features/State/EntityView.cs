using System.Runtime.InteropServices;
using Scoring.Models.Features.Plan;

namespace Scoring.Models.Features.State;

/// <summary>The columns of an entity's events, for the length of one operation on it.</summary>
internal readonly ref struct EntityView
{
    private readonly EntityPlan plan;
    private readonly Entity entity;
    private readonly int capacity;
    private readonly Span<byte> flags;

    public EntityView(EntityPlan plan, Entity entity)
        : this(plan, entity.Data, entity.SlotsOffset, entity.Capacity, entity.WideAmounts)
    {
        this.entity = entity;
    }

    public EntityView(EntityPlan plan, byte[] data, int slotsOffset, int capacity, bool wideAmounts)
    {
        this.plan = plan;
        this.capacity = capacity;
        entity = null!;
        Slots = MemoryMarshal.Cast<byte, long>(data.AsSpan(slotsOffset, 8 * plan.SlotCount));
        Halves = MemoryMarshal.Cast<long, int>(Slots);
        var at = slotsOffset + (8 * plan.SlotCount);
        Times = MemoryMarshal.Cast<byte, long>(data.AsSpan(at, 8 * capacity));
        at += 8 * capacity;
        if (plan.KeepsIds)
        {
            Ids = MemoryMarshal.Cast<byte, ulong>(data.AsSpan(at, 8 * capacity));
            at += 8 * capacity;
        }

        if (plan.KeepsAmounts && wideAmounts)
        {
            Wide = MemoryMarshal.Cast<byte, long>(data.AsSpan(at, 8 * capacity));
            at += 8 * capacity;
        }
        else if (plan.KeepsAmounts)
        {
            Narrow = MemoryMarshal.Cast<byte, int>(data.AsSpan(at, 4 * capacity));
            at += 4 * capacity;
        }

        Codes = MemoryMarshal.Cast<byte, ushort>(data.AsSpan(at, 2 * capacity * plan.Tables.Length));
        at += 2 * capacity * plan.Tables.Length;
        flags = data.AsSpan(at, plan.FlagBytes * capacity);
    }

    public Span<long> Slots { get; }

    /// <summary>The slots as pairs of 32-bit numbers.</summary>
    public Span<int> Halves { get; }

    public Span<long> Times { get; }

    /// <summary>The hashes of the events' identities.</summary>
    public Span<ulong> Ids { get; }

    public Span<int> Narrow { get; }

    public Span<long> Wide { get; }

    /// <summary>One column of codes after the other, one column a value table.</summary>
    public Span<ushort> Codes { get; }

    public Entity Entity => entity;

    public EntityPlan Plan => plan;

    public long Amount(int place) => Narrow.IsEmpty ? Wide[place] : Narrow[place];

    public int Code(int table, int place) => Codes[(table * capacity) + place];

    public uint Flags(int place) =>
        flags.Length == capacity ? flags[place] : flags.IsEmpty ? 0 : MemoryMarshal.Cast<byte, uint>(flags)[place];

    public void SetFlags(int place, uint value)
    {
        if (flags.Length == capacity)
            flags[place] = (byte)value;
        else if (!flags.IsEmpty)
            MemoryMarshal.Cast<byte, uint>(flags)[place] = value;
    }

    /// <summary>The first place whose event is after the time; events of equal time stand in log order.</summary>
    public int UpperBound(long time)
    {
        var low = entity.Start;
        var high = entity.End;
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            if (Times[middle] <= time)
                low = middle + 1;
            else
                high = middle;
        }

        return low;
    }

    /// <summary>Puts the event at the place and moves those behind it. The entity must have room.</summary>
    public void Insert(int place, in EventFacts facts)
    {
        Move(place, place + 1, entity.End - place);
        entity.Bodies.Insert(place, entity.End, facts.Body);
        entity.End++;
        Times[place] = facts.Time;
        if (plan.KeepsIds)
            Ids[place] = facts.Id;
        if (!Narrow.IsEmpty)
            Narrow[place] = (int)facts.AmountUnits;
        else if (!Wide.IsEmpty)
            Wide[place] = facts.AmountUnits;
        for (var table = 0; table < plan.Tables.Length; table++)
        {
            var hash = facts.Fields[plan.Tables[table]];
            Codes[(table * capacity) + place] = hash == 0 ? (ushort)0 : (ushort)entity.Tables![table].Hold(hash);
        }

        SetFlags(place, facts.Flags);
    }

    /// <summary>Takes the event out again.</summary>
    public void Delete(int place)
    {
        ReleaseCodes(place);
        Move(place + 1, place, entity.End - place - 1);
        entity.Bodies.Delete(place, entity.End);
        entity.End--;
    }

    /// <summary>Gives up the event's hold on its values.</summary>
    public void ReleaseCodes(int place)
    {
        for (var table = 0; table < plan.Tables.Length; table++)
        {
            if (Code(table, place) is not 0 and var code)
                entity.Tables![table].Release(code);
        }
    }

    /// <summary>Moves the held events to the front of their columns.</summary>
    public void CompactColumns() => Move(entity.Start, 0, entity.Count);

    /// <summary>Copies the held events to the front of other columns, which may be longer or wider.</summary>
    public static void CopyColumns(EntityView from, EntityView to)
    {
        var start = from.entity.Start;
        var count = from.entity.Count;
        from.Times.Slice(start, count).CopyTo(to.Times);
        if (from.plan.KeepsIds)
            from.Ids.Slice(start, count).CopyTo(to.Ids);
        for (var i = 0; i < count && from.plan.KeepsAmounts; i++)
        {
            if (to.Narrow.IsEmpty)
                to.Wide[i] = from.Amount(start + i);
            else
                to.Narrow[i] = from.Narrow[start + i];
        }

        for (var table = 0; table < from.plan.Tables.Length; table++)
            from.Codes.Slice((table * from.capacity) + start, count).CopyTo(to.Codes[(table * to.capacity)..]);
        from.flags.Slice(start * from.plan.FlagBytes, count * from.plan.FlagBytes).CopyTo(to.flags);
    }

    private void Move(int from, int to, int count)
    {
        if (count == 0)
            return;
        Times.Slice(from, count).CopyTo(Times[to..]);
        if (plan.KeepsIds)
            Ids.Slice(from, count).CopyTo(Ids[to..]);
        if (!Narrow.IsEmpty)
            Narrow.Slice(from, count).CopyTo(Narrow[to..]);
        else if (!Wide.IsEmpty)
            Wide.Slice(from, count).CopyTo(Wide[to..]);
        for (var table = 0; table < plan.Tables.Length; table++)
            Codes.Slice((table * capacity) + from, count).CopyTo(Codes[((table * capacity) + to)..]);
        var width = plan.FlagBytes;
        flags.Slice(from * width, count * width).CopyTo(flags[(to * width)..]);
    }
}
