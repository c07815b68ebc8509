using System.Buffers.Binary;
using System.Numerics;

namespace Scoring.Models.Features.State;

/// <summary>The checksum of saved state: CRC-32C (Castagnoli), which finds every damage of up to 32 bits in a row.</summary>
public static class Crc32C
{
    /// <summary>The checksum of no bytes, to begin with.</summary>
    public const uint Start = uint.MaxValue;

    /// <summary>Goes on with more bytes.</summary>
    /// <param name="checksum">The checksum of the bytes before, or <see cref="Start"/>.</param>
    /// <param name="bytes">The bytes.</param>
    public static uint Append(uint checksum, ReadOnlySpan<byte> bytes)
    {
        for (; bytes.Length >= 8; bytes = bytes[8..])
            checksum = BitOperations.Crc32C(checksum, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
        foreach (var value in bytes)
            checksum = BitOperations.Crc32C(checksum, value);
        return checksum;
    }
}
