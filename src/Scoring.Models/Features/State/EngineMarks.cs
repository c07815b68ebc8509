using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using Scoring.Models.Features.Plan;

namespace Scoring.Models.Features.State;

/// <summary>
/// What belongs to a checkpoint beside the entities: the marks of time and, by kind, the layouts of the saved
/// states. Versions before 3 are of checkpoints whose states are refused.
/// </summary>
internal sealed record EngineMarks(long Watermark, long PreviousTime, long ExpiryMark, long HistorySince, IReadOnlyList<SavedLayouts> Layouts)
{
    /// <summary>Instead of a time: nothing is missing before the first event.</summary>
    public const long WholeHistory = long.MinValue;

    /// <summary>Instead of a time: the history begins with the next event.</summary>
    public const long HistoryToCome = long.MaxValue;

    private const byte Version = 3;
    private const int TimesBytes = 1 + (4 * 8);
    private const int ChecksumBytes = 4;

    public void Write(IBufferWriter<byte> writer)
    {
        using var stream = new MemoryStream();
        using var output = new BinaryWriter(stream, Encoding.UTF8);
        output.Write(Version);
        output.Write(Watermark);
        output.Write(PreviousTime);
        output.Write(ExpiryMark);
        output.Write(HistorySince);
        output.Write(Layouts.Count);
        foreach (var kind in Layouts)
            Write(output, kind);
        output.Write(Crc32C.Append(Crc32C.Start, stream.GetBuffer().AsSpan(0, (int)stream.Length)));
        writer.Write(stream.GetBuffer().AsSpan(0, (int)stream.Length));
    }

    /// <exception cref="StateDamagedException">The bytes are not as they were written.</exception>
    /// <exception cref="StateLayoutException">They are of another version.</exception>
    public static EngineMarks Read(ReadOnlySpan<byte> marks)
    {
        if (marks.Length < TimesBytes + ChecksumBytes)
            throw new StateDamagedException($"the engine's marks have {marks.Length} bytes, fewer than {TimesBytes + ChecksumBytes}");
        var body = marks[..^ChecksumBytes];
        if (Crc32C.Append(Crc32C.Start, body) != BinaryPrimitives.ReadUInt32LittleEndian(marks[^ChecksumBytes..]))
            throw new StateDamagedException($"the engine's marks of {marks.Length} bytes have another checksum than when they were written");
        if (marks[0] != Version)
            throw new StateLayoutException($"the engine's marks have format {marks[0]}, and this program reads format {Version} alone");
        return new EngineMarks(
            BinaryPrimitives.ReadInt64LittleEndian(body[1..]),
            BinaryPrimitives.ReadInt64LittleEndian(body[9..]),
            BinaryPrimitives.ReadInt64LittleEndian(body[17..]),
            BinaryPrimitives.ReadInt64LittleEndian(body[25..]),
            ReadLayouts(body[TimesBytes..].ToArray()));
    }

    private static void Write(BinaryWriter output, SavedLayouts kind)
    {
        output.Write(kind.Kind);
        output.Write(kind.IsKept);
        output.Write(kind.Layouts.Count);
        foreach (var layout in kind.Layouts)
            output.Write(layout.Text);
        output.Write(kind.Since.Count);
        foreach (var (component, micros) in kind.Since)
        {
            output.Write(component);
            output.Write(micros);
        }
    }

    // The checksum is right, so what is here was written by this code.
    private static SavedLayouts[] ReadLayouts(byte[] bytes)
    {
        using var input = new BinaryReader(new MemoryStream(bytes), Encoding.UTF8);
        var kinds = new SavedLayouts[input.ReadInt32()];
        for (var i = 0; i < kinds.Length; i++)
        {
            var (kind, isKept) = (input.ReadString(), input.ReadBoolean());
            var layouts = new StateLayout[input.ReadInt32()];
            for (var layout = 0; layout < layouts.Length; layout++)
                layouts[layout] = new StateLayout(input.ReadString());
            var since = new SortedDictionary<string, long>(StringComparer.Ordinal);
            for (var facts = input.ReadInt32(); facts > 0; facts--)
                since.Add(input.ReadString(), input.ReadInt64());
            kinds[i] = new SavedLayouts(kind, isKept, layouts, since);
        }

        return kinds;
    }
}
