using System.Buffers;
using System.Buffers.Binary;
using Scoring.Models.Features;
using Scoring.Models.Features.State;

namespace Scoring.Actors.Checkpoints;

/// <summary>
/// A cardholder's row: a version, the records that were set aside from its state, a checksum over that, and the state, which has a
/// checksum of its own and holds the key.
/// </summary>
internal static class StoredCardholder
{
    private const byte Version = 1;
    private const int HeaderBytes = 1 + 4;
    private const int ChecksumBytes = 4;

    // More than a cardholder's failures between the checkpoints that rows are kept of.
    private const int MaxSetAside = 1_000;

    /// <summary>Writes a row.</summary>
    /// <param name="cardholder">The state.</param>
    /// <param name="setAside">Offsets of the records that were left out of it, ascending.</param>
    /// <param name="scratch">What it is put together in.</param>
    /// <param name="buffer">Where it is put together; emptied first.</param>
    internal static byte[] Write(Cardholder cardholder, IReadOnlyList<long> setAside, CardholderScratch scratch, ArrayBufferWriter<byte> buffer)
    {
        buffer.ResetWrittenCount();
        var head = HeaderBytes + (8 * setAside.Count);
        var span = buffer.GetSpan(head + ChecksumBytes);
        span[0] = Version;
        BinaryPrimitives.WriteInt32LittleEndian(span[1..], setAside.Count);
        for (var i = 0; i < setAside.Count; i++)
            BinaryPrimitives.WriteInt64LittleEndian(span[(HeaderBytes + (8 * i))..], setAside[i]);
        BinaryPrimitives.WriteUInt32LittleEndian(span[head..], Crc32C.Append(Crc32C.Start, span[..head]));
        buffer.Advance(head + ChecksumBytes);
        cardholder.Write(buffer, scratch);
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>Reads a row.</summary>
    /// <param name="row">What <see cref="Write"/> made.</param>
    /// <param name="setAside">Offsets of the records that were left out of the state, ascending.</param>
    /// <returns>The state, for <see cref="Cardholder.Read"/>.</returns>
    /// <exception cref="StateDamagedException">The bytes are not as they were written.</exception>
    /// <exception cref="StateNewerException">They are of a newer version.</exception>
    internal static ReadOnlySpan<byte> Read(ReadOnlySpan<byte> row, out IReadOnlyList<long> setAside)
    {
        var count = row.Length < HeaderBytes ? -1 : BinaryPrimitives.ReadInt32LittleEndian(row[1..]);
        var head = HeaderBytes + (8 * count);
        if (count is < 0 or > MaxSetAside || row.Length < head + ChecksumBytes || Crc32C.Append(Crc32C.Start, row[..head]) != BinaryPrimitives.ReadUInt32LittleEndian(row[head..]))
            throw new StateDamagedException($"the cardholder's row of {row.Length} bytes is not as it was written");
        if (row[0] > Version)
            throw new StateNewerException($"the cardholder's row has format {row[0]}, and this program reads formats up to {Version}: a newer version has written it");
        setAside = [];
        if (count > 0)
        {
            var offsets = new long[count];
            for (var i = 0; i < count; i++)
                offsets[i] = BinaryPrimitives.ReadInt64LittleEndian(row[(HeaderBytes + (8 * i))..]);
            setAside = offsets;
        }

        return row[(head + ChecksumBytes)..];
    }
}
