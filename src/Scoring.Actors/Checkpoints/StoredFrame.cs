using System.Buffers.Binary;
using System.Text;
using Scoring.Models.Features;
using Scoring.Models.Features.State;

namespace Scoring.Actors.Checkpoints;

/// <summary>State that a newer version of the program has written: whoever reads it must not go on without it.</summary>
public sealed class StateNewerException : Exception
{
    /// <summary>Makes the exception.</summary>
    /// <param name="message">What has which version, and what this program reads.</param>
    public StateNewerException(string message)
        : base(message)
    {
    }
}

/// <summary>What stands around each stored form: its version before it, a checksum behind it.</summary>
internal static class StoredFrame
{
    private const int ChecksumBytes = 4;

    /// <summary>Writes a form.</summary>
    /// <param name="version">Its version.</param>
    /// <param name="write">Writes its body.</param>
    internal static byte[] Write(byte version, Action<BinaryWriter> write)
    {
        using var stream = new MemoryStream();
        using var output = new BinaryWriter(stream, Encoding.UTF8);
        output.Write(version);
        write(output);
        output.Flush();
        output.Write(Checksum(stream.GetBuffer().AsSpan(0, (int)stream.Length)));
        return stream.ToArray();
    }

    /// <summary>Opens a form.</summary>
    /// <param name="what">What it is, for messages.</param>
    /// <param name="bytes">What <see cref="Write"/> made.</param>
    /// <param name="newest">The newest version that the caller reads.</param>
    /// <param name="read">Reads the body, which is as it was written.</param>
    /// <typeparam name="T">What is read.</typeparam>
    /// <exception cref="StateDamagedException">The bytes are not as they were written.</exception>
    /// <exception cref="StateNewerException">They are of a newer version.</exception>
    internal static T Read<T>(string what, byte[] bytes, byte newest, Func<byte, BinaryReader, T> read)
    {
        if (bytes.Length < 1 + ChecksumBytes)
            throw new StateDamagedException($"{what} has {bytes.Length} bytes, fewer than {1 + ChecksumBytes}");
        if (Checksum(bytes.AsSpan(..^ChecksumBytes)) != BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(^ChecksumBytes..)))
            throw new StateDamagedException($"{what} of {bytes.Length} bytes has another checksum than when it was written");
        if (bytes[0] > newest)
            throw new StateNewerException($"{what} has format {bytes[0]}, and this program reads formats up to {newest}: a newer version has written it");
        try
        {
            using var input = new BinaryReader(new MemoryStream(bytes, 1, bytes.Length - 1 - ChecksumBytes), Encoding.UTF8);
            return read(bytes[0], input);
        }
        catch (Exception e) when (e is EndOfStreamException or ArgumentException or OverflowException)
        {
            throw new StateDamagedException($"{what} of {bytes.Length} bytes is not what its format says: {e.Message}");
        }
    }

    /// <summary>Writes bytes with their length.</summary>
    internal static void Bytes(this BinaryWriter output, ReadOnlySpan<byte> bytes)
    {
        output.Write7BitEncodedInt(bytes.Length);
        output.Write(bytes);
    }

    /// <summary>Reads what <see cref="Bytes(BinaryWriter, ReadOnlySpan{byte})"/> wrote.</summary>
    internal static byte[] Bytes(this BinaryReader input)
    {
        var length = input.Read7BitEncodedInt();
        var bytes = length < 0 ? throw new EndOfStreamException($"a length of {length}") : input.ReadBytes(length);
        return bytes.Length == length ? bytes : throw new EndOfStreamException($"{bytes.Length} bytes are left of {length}");
    }

    private static uint Checksum(ReadOnlySpan<byte> bytes) => Crc32C.Append(Crc32C.Start, bytes);
}
