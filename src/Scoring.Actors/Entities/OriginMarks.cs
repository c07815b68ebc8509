using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using Scoring.Actors.Log;
using Scoring.Models.Wire;

namespace Scoring.Actors.Entities;

/// <summary>
/// The highest offset of each origin partition that a shard has applied. A relay appends the records of an origin
/// partition in order and starts again behind what it has committed, so whatever is not above the mark is a repeat.
/// Headers that name ever more origins can't make the state grow: there is a most, and it depends on the log alone.
/// Owned by one shard.
/// </summary>
internal sealed class OriginMarks
{
    /// <summary>Origin partitions of one shard at most; more than the topics of any relay have.</summary>
    internal const int Max = 4_096;

    private readonly Dictionary<(string Topic, int Partition), long> highest = [];

    internal bool AreFull => highest.Count >= Max;

    internal bool IsRepeat(RecordOrigin origin) =>
        highest.TryGetValue((origin.Topic, origin.Partition), out var mark) && origin.Offset <= mark;

    /// <summary>Whether the origin's partition has a mark, or may have one.</summary>
    internal bool HasRoomFor(RecordOrigin origin) => !AreFull || highest.ContainsKey((origin.Topic, origin.Partition));

    /// <summary>Why a record of one origin partition more than <see cref="Max"/> is refused.</summary>
    internal static Rejection TooMany(RecordOrigin origin) => new(
        RejectReason.TooManyOrigins,
        $"the partition keeps marks of {OriginMarks.Max} partitions that records are relayed from, and {origin.Topic}:{origin.Partition} would be one more: whether the record is a repeat can't be told");

    internal void Note(RecordOrigin origin) => highest[(origin.Topic, origin.Partition)] = origin.Offset;

    internal void Write(IBufferWriter<byte> writer)
    {
        Int32(writer, highest.Count);
        // In a fixed order, so that equal marks are equal bytes.
        foreach (var ((topic, partition), offset) in highest.OrderBy(m => m.Key.Topic, StringComparer.Ordinal).ThenBy(m => m.Key.Partition))
        {
            var name = Encoding.UTF8.GetBytes(topic);
            Int32(writer, name.Length);
            writer.Write(name);
            Int32(writer, partition);
            BinaryPrimitives.WriteInt64LittleEndian(writer.GetSpan(8), offset);
            writer.Advance(8);
        }
    }

    /// <exception cref="FormatException">The bytes are no marks.</exception>
    internal void Read(ReadOnlySpan<byte> input)
    {
        var count = TakeInt32(ref input);
        for (var i = 0; i < count; i++)
        {
            var topic = Encoding.UTF8.GetString(Take(ref input, TakeInt32(ref input)));
            var partition = TakeInt32(ref input);
            highest[(topic, partition)] = BinaryPrimitives.ReadInt64LittleEndian(Take(ref input, 8));
        }

        if (!input.IsEmpty)
            throw new FormatException($"{input.Length} bytes follow the {count} origin marks");
    }

    private static void Int32(IBufferWriter<byte> writer, int value)
    {
        BinaryPrimitives.WriteInt32LittleEndian(writer.GetSpan(4), value);
        writer.Advance(4);
    }

    private static int TakeInt32(ref ReadOnlySpan<byte> input) => BinaryPrimitives.ReadInt32LittleEndian(Take(ref input, 4));

    private static ReadOnlySpan<byte> Take(ref ReadOnlySpan<byte> input, int bytes)
    {
        if (bytes < 0 || bytes > input.Length)
            throw new FormatException($"the origin marks end {input.Length} bytes before {bytes} more");
        var taken = input[..bytes];
        input = input[bytes..];
        return taken;
    }
}
