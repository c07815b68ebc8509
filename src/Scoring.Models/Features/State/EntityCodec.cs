using System.Buffers;
using System.Buffers.Binary;
using Scoring.Models.Features.Plan;
using Scoring.Models.Wire;

namespace Scoring.Models.Features.State;

/// <summary>
/// Writes and reads an entity's state: version, layout, newest time, what was lost, then the events column by
/// column, little-endian, the bodies of the newest of them, and a checksum over kind, key and all of this. The running
/// aggregates are not written: they follow from the events, exactly, so what is read back continues bit for bit and is
/// written again as the same bytes. Every version ends with the checksum, so damage is told from another version. Versions before 3 had no
/// hashes of bodies, and an event's id without its user and card: they are refused.
/// </summary>
internal static class EntityCodec
{
    private const byte Version = 3;
    private const int IncompleteAt = 1 + 8 + 8 + 8 + 4 + 4 + 4 + 4;
    private const int HeaderBytes = IncompleteAt + 8;
    private const int ChecksumBytes = 4;
    private const int SessionBytes = (3 * 8) + 4 + 1;

    public static void Write(EntityPlan plan, Entity entity, IBufferWriter<byte> writer)
    {
        var refused = entity.Refused?.Count ?? 0;
        var sessions = entity.Sessions?.Count ?? 0;
        var firstBody = plan.BodyHoldMicros == 0 ? entity.End : entity.FirstBody(plan);
        var bodies = entity.End - firstBody;
        var bytes = HeaderBytes + (entity.Count * plan.Layout.EventBytes) + (refused * RefusedEvent.Bytes) + (sessions * SessionBytes) + (8 * bodies) + ChecksumBytes;
        var state = writer.GetSpan(bytes)[..bytes];
        var output = new Cursor(state);
        output.Byte(Version);
        output.UInt64(plan.Layout.Hash);
        output.Int64(entity.Newest);
        output.Int64(entity.LostThrough);
        output.Int32(entity.Count);
        output.Int32(refused);
        output.Int32(sessions);
        output.Int32(bodies);
        output.Int64(entity.IncompleteThrough);
        var view = new EntityView(plan, entity);
        for (var place = entity.Start; place < entity.End; place++)
            output.Int64(view.Times[place]);
        for (var place = entity.Start; place < entity.End && plan.KeepsIds; place++)
            output.UInt64(view.Ids[place]);
        for (var place = entity.Start; place < entity.End && plan.KeepsAmounts; place++)
            output.Int64(view.Amount(place));
        for (var table = 0; table < plan.Tables.Length; table++)
        {
            for (var place = entity.Start; place < entity.End; place++)
                output.UInt64(view.Code(table, place) is not 0 and var code ? entity.Tables![table].HashOf(code) : 0);
        }

        for (var place = entity.Start; place < entity.End && plan.FlagBytes > 0; place++)
            output.Flags(view.Flags(place), plan.FlagBytes);
        foreach (var late in entity.Refused ?? [])
        {
            output.Int64(late.Time);
            output.UInt64(late.Id);
            output.UInt64(late.Body);
        }

        foreach (var session in entity.Sessions ?? [])
        {
            output.Int64(session.FirstStart);
            output.Int64(session.Start);
            output.Int64(session.End);
            output.Int32(session.Revision);
            output.Byte(session.Changed ? (byte)1 : (byte)0);
        }

        for (var place = firstBody; place < entity.End; place++)
            output.UInt64(entity.Bodies.At(place));
        output.Int32((int)Checksum(plan, entity, state[..^ChecksumBytes]));
        writer.Advance(bytes);
    }

    /// <summary>
    /// Reads a state into an entity that is new. Of another layout, what both have is carried over by name; what the
    /// other lacks is empty, and events that the plan would not hold leave.
    /// </summary>
    /// <exception cref="StateDamagedException">The bytes are no state of this entity; it is unchanged.</exception>
    /// <exception cref="StateLayoutException">They are of another version or of an unknown layout; it is unchanged.</exception>
    public static void Read(EntityPlan plan, LayoutHistory layouts, Entity entity, ReadOnlySpan<byte> state, int fieldCount)
    {
        var body = CheckVersion(plan, entity, state);
        var columns = Columns(plan, layouts, body);
        var saved = columns.Saved;
        var (count, refused, sessions, bodies) = Check(plan, saved, body);
        var newest = BinaryPrimitives.ReadInt64LittleEndian(body[9..]);
        var lost = BinaryPrimitives.ReadInt64LittleEndian(body[17..]);
        var input = new Cursor(body[HeaderBytes..]);
        var times = input.Take(8 * count);
        var first = FirstHeld(plan, columns, times, newest, ref lost);
        var ids = input.Take(saved.KeepsIds ? 8 * count : 0);
        var amounts = input.Take(saved.KeepsAmounts ? 8 * count : 0);
        var hashes = input.Take(8 * count * saved.Fields.Length);
        var flags = input.Take(saved.FlagBytes * count);
        var facts = new EventFacts { Fields = new ulong[fieldCount] };
        for (var i = first; i < count; i++)
        {
            facts.Time = Int64(times, i);
            facts.Id = ids.IsEmpty ? 0 : (ulong)Int64(ids, i);
            facts.AmountUnits = amounts.IsEmpty ? 0 : Int64(amounts, i);
            facts.Flags = columns.Flags(saved.FlagBytes switch { 0 => 0, 1 => flags[i], _ => BinaryPrimitives.ReadUInt32LittleEndian(flags[(4 * i)..]) });
            for (var table = 0; table < plan.Tables.Length; table++)
                facts.Fields[plan.Tables[table]] = columns.Tables[table] is >= 0 and var column ? (ulong)Int64(hashes, (column * count) + i) : 0;
            entity.Reserve(plan, facts.AmountUnits);
            new EntityView(plan, entity).Insert(entity.End, facts);
        }

        ReadRefused(plan, entity, ref input, refused);
        ReadSessions(plan, entity, ref input, sessions);
        ReadBodies(plan, entity, ref input, bodies);
        entity.Newest = newest;
        entity.LostThrough = lost;
        entity.IncompleteThrough = BinaryPrimitives.ReadInt64LittleEndian(body[IncompleteAt..]);
        if (entity.Count > 0)
            WindowAdvance.Forward(new EntityView(plan, entity), entity.Newest);
    }

    private static SavedColumns Columns(EntityPlan plan, LayoutHistory layouts, ReadOnlySpan<byte> body)
    {
        var hash = BinaryPrimitives.ReadUInt64LittleEndian(body[1..]);
        return layouts.Find(hash) ?? throw new StateLayoutException(
            $"entity {plan.Name}: the state has layout {hash:x16}, written by a feature set that keeps other columns of its events; this one has layout {plan.Layout.Hash:x16}, and the checkpoint names no layout {hash:x16}");
    }

    private static int FirstHeld(EntityPlan plan, SavedColumns columns, ReadOnlySpan<byte> times, long newest, ref long lost)
    {
        var (first, count) = (0, times.Length / 8);
        if (columns.IsOwn)
            return first;
        while (first < count && Int64(times, first) <= newest - plan.HoldMicros)
            first++;
        for (; count - first > plan.MaxEvents; first++)
            lost = Math.Max(lost, Int64(times, first));
        return first;
    }

    private static void ReadRefused(EntityPlan plan, Entity entity, ref Cursor input, int refused)
    {
        for (var i = 0; i < refused; i++)
        {
            var late = new RefusedEvent(input.Int64(), (ulong)input.Int64(), (ulong)input.Int64());
            if (refused - i <= plan.MaxEvents)
                (entity.Refused ??= []).Add(late);
        }
    }

    private static void ReadSessions(EntityPlan plan, Entity entity, ref Cursor input, int sessions)
    {
        for (var i = 0; i < sessions && plan.MerchantTable >= 0; i++)
        {
            (entity.Sessions ??= []).Add(new Session
            {
                FirstStart = input.Int64(),
                Start = input.Int64(),
                End = input.Int64(),
                Revision = input.Int32(),
                Changed = input.Take(1)[0] != 0,
            });
        }
    }

    private static void ReadBodies(EntityPlan plan, Entity entity, ref Cursor input, int bodies)
    {
        // Of events that the plan does not hold they go with them.
        var kept = Math.Min(bodies, plan.BodyHoldMicros == 0 ? 0 : entity.Count);
        input.Take(8 * (bodies - kept));
        entity.Bodies.Restore(input.Take(8 * kept), entity.End);
    }

    /// <returns>The state without its checksum, which is right.</returns>
    private static ReadOnlySpan<byte> CheckVersion(EntityPlan plan, Entity entity, ReadOnlySpan<byte> state)
    {
        if (state.Length < HeaderBytes + ChecksumBytes)
            throw new StateDamagedException($"entity {plan.Name}: the state has {state.Length} bytes, fewer than its header");
        var body = state[..^ChecksumBytes];
        if (Checksum(plan, entity, body) != BinaryPrimitives.ReadUInt32LittleEndian(state[^ChecksumBytes..]))
            throw new StateDamagedException($"entity {plan.Name}: the state of {state.Length} bytes has another checksum than when it was written");
        if (state[0] != Version)
            throw new StateLayoutException($"entity {plan.Name}: the state has format {state[0]}, and this program reads format {Version} alone");
        return body;
    }

    private static (int Count, int Refused, int Sessions, int Bodies) Check(EntityPlan plan, StateLayout saved, ReadOnlySpan<byte> body)
    {
        var count = BinaryPrimitives.ReadInt32LittleEndian(body[25..]);
        var refused = BinaryPrimitives.ReadInt32LittleEndian(body[29..]);
        var sessions = BinaryPrimitives.ReadInt32LittleEndian(body[33..]);
        var bodies = BinaryPrimitives.ReadInt32LittleEndian(body[37..]);
        if (count < 0 || refused < 0 || sessions < 0 || bodies < 0 || bodies > count || count > saved.MaxEvents || refused > saved.MaxEvents || (sessions > 0 && !saved.KeepsSessions)
            || body.Length != HeaderBytes + ((long)count * saved.EventBytes) + ((long)refused * RefusedEvent.Bytes) + ((long)sessions * SessionBytes) + (8L * bodies))
        {
            throw new StateDamagedException($"entity {plan.Name}: the state has {body.Length} bytes, which do not fit its {count} events of at most {saved.MaxEvents}");
        }

        var newest = BinaryPrimitives.ReadInt64LittleEndian(body[9..]);
        if (newest > EventTime.MaxMicros || (newest == long.MinValue && count > 0))
            throw new StateDamagedException($"entity {plan.Name}: the state's newest event has an impossible time");
        var times = body.Slice(HeaderBytes, 8 * count);
        for (var i = 0; i < count; i++)
        {
            if (Int64(times, i) > newest || Int64(times, i) < (i > 0 ? Int64(times, i - 1) : FeatureEngine.EarliestMicros))
                throw new StateDamagedException($"entity {plan.Name}: the state's event {i} is out of order");
        }

        var amounts = saved.KeepsAmounts ? body.Slice(HeaderBytes + (count * (saved.KeepsIds ? 16 : 8)), 8 * count) : [];
        for (var i = 0; 8 * i < amounts.Length; i++)
        {
            if (Int64(amounts, i) is < -Money.MaxUnits or > Money.MaxUnits)
                throw new StateDamagedException($"entity {plan.Name}: the state's event {i} has an impossible amount");
        }

        return (count, refused, sessions, bodies);
    }

    private static uint Checksum(EntityPlan plan, Entity entity, ReadOnlySpan<byte> body) =>
        Crc32C.Append(Crc32C.Append(plan.ChecksumStart, entity.Key), body);

    private static long Int64(ReadOnlySpan<byte> column, int index) => BinaryPrimitives.ReadInt64LittleEndian(column[(8 * index)..]);

    private ref struct Cursor
    {
        private readonly ReadOnlySpan<byte> input;
        private readonly Span<byte> output;
        private int at;

        public Cursor(Span<byte> output)
        {
            this.output = output;
        }

        public Cursor(ReadOnlySpan<byte> input)
        {
            this.input = input;
        }

        public void Byte(byte value) => output[at++] = value;

        public void Int32(int value)
        {
            BinaryPrimitives.WriteInt32LittleEndian(output[at..], value);
            at += 4;
        }

        public void Flags(uint value, int bytes)
        {
            if (bytes == 1)
                Byte((byte)value);
            else
                Int32((int)value);
        }

        public void Int64(long value)
        {
            BinaryPrimitives.WriteInt64LittleEndian(output[at..], value);
            at += 8;
        }

        public void UInt64(ulong value) => Int64((long)value);

        public int Int32() => BinaryPrimitives.ReadInt32LittleEndian(Take(4));

        public long Int64() => BinaryPrimitives.ReadInt64LittleEndian(Take(8));

        public ReadOnlySpan<byte> Take(int bytes)
        {
            at += bytes;
            return input.Slice(at - bytes, bytes);
        }
    }
}
