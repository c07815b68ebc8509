using System.Buffers;
using System.Buffers.Binary;
using Scoring.Models.Features.Plan;
using Scoring.Models.Wire;

namespace Scoring.Models.Features.State;

/// <summary>
/// Writes and reads a cardholder's state: version, the offset that it is exactly before, the time up to which it is incomplete, the
/// user, then each entity with its kind by name, its key and its state, little-endian, and a checksum over all of it.
/// </summary>
internal static class CardholderCodec
{
    private const byte Version = 1;
    private const int ChecksumBytes = 4;
    private const int LeastBytes = 1 + 8 + 8 + 4 + 4 + ChecksumBytes;

    public static void Write(
        CompiledFeatures features, ReadOnlySpan<byte> key, long nextOffset, long incompleteThrough, List<(int Kind, Entity Entity)> entities, CardholderScratch scratch, IBufferWriter<byte> writer)
    {
        var (body, state) = (scratch.Body, scratch.State);
        body.ResetWrittenCount();
        body.Write([Version]);
        Int64(body, nextOffset);
        Int64(body, incompleteThrough);
        Text(body, key);
        Int32(body, entities.Count);
        foreach (var (kind, entity) in entities)
        {
            var plan = features.Plan.Entities[kind];
            state.ResetWrittenCount();
            EntityCodec.Write(plan, entity, state);
            Text(body, plan.NameBytes);
            Text(body, entity.Key);
            Text(body, state.WrittenSpan);
        }

        Int32(body, (int)Crc32C.Append(Crc32C.Start, body.WrittenSpan));
        writer.Write(body.WrittenSpan);
    }

    /// <returns>The offset that the state is exactly before, and the time up to which it is incomplete.</returns>
    /// <exception cref="StateDamagedException">The bytes are no state of this cardholder.</exception>
    /// <exception cref="StateLayoutException">They are of another version or of an unknown layout.</exception>
    public static (long NextOffset, long IncompleteThrough) Read(CompiledFeatures features, LogMarks marks, ReadOnlySpan<byte> key, ReadOnlySpan<byte> state, List<(int Kind, Entity Entity)> entities)
    {
        var input = new Input(Checked(state));
        var nextOffset = input.Int64();
        var incompleteThrough = input.Int64();
        if (!input.Text().SequenceEqual(key))
            throw new StateDamagedException("the state is another cardholder's");
        for (var count = input.Int32(); count > 0; count--)
        {
            var name = input.Text();
            var entityKey = input.Text();
            var entityState = input.Text();
            // A kind that the feature set no longer has is let go.
            if (KindOf(features, name) is not (>= 0 and var kind))
                continue;
            var plan = features.Plan.Entities[kind];
            var entity = new Entity(plan, entityKey, Hash64.Of(entityKey));
            EntityCodec.Read(plan, marks.LayoutsOf(plan), entity, entityState, features.Plan.Fields.Length);
            entities.Add((kind, entity));
        }

        return (nextOffset, incompleteThrough);
    }

    private static ReadOnlySpan<byte> Checked(ReadOnlySpan<byte> state)
    {
        if (state.Length < LeastBytes)
            throw new StateDamagedException($"the cardholder's state has {state.Length} bytes, fewer than {LeastBytes}");
        var body = state[..^ChecksumBytes];
        if (Crc32C.Append(Crc32C.Start, body) != BinaryPrimitives.ReadUInt32LittleEndian(state[^ChecksumBytes..]))
            throw new StateDamagedException($"the cardholder's state of {state.Length} bytes has another checksum than when it was written");
        if (body[0] != Version)
            throw new StateLayoutException($"the cardholder's state has format {body[0]}, this program reads {Version}");
        return body[1..];
    }

    private static int KindOf(CompiledFeatures features, ReadOnlySpan<byte> name)
    {
        for (var kind = 0; kind < features.Plan.Entities.Length; kind++)
        {
            if (features.Plan.Entities[kind] is { IsLocal: true } plan && name.SequenceEqual(plan.NameBytes))
                return kind;
        }

        return -1;
    }

    private static void Int64(ArrayBufferWriter<byte> body, long value)
    {
        BinaryPrimitives.WriteInt64LittleEndian(body.GetSpan(8), value);
        body.Advance(8);
    }

    private static void Int32(ArrayBufferWriter<byte> body, int value)
    {
        BinaryPrimitives.WriteInt32LittleEndian(body.GetSpan(4), value);
        body.Advance(4);
    }

    private static void Text(ArrayBufferWriter<byte> body, ReadOnlySpan<byte> value)
    {
        Int32(body, value.Length);
        body.Write(value);
    }

    // The checksum is right, so what is here was written by this code.
    private ref struct Input(ReadOnlySpan<byte> bytes)
    {
        private ReadOnlySpan<byte> rest = bytes;

        public long Int64() => BinaryPrimitives.ReadInt64LittleEndian(Take(8));

        public int Int32() => BinaryPrimitives.ReadInt32LittleEndian(Take(4));

        public ReadOnlySpan<byte> Text() => Take(Int32());

        private ReadOnlySpan<byte> Take(int count)
        {
            var taken = rest[..count];
            rest = rest[count..];
            return taken;
        }
    }
}
