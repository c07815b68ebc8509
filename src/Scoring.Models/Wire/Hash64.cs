using System.Buffers.Binary;

namespace Scoring.Models.Wire;

/// <summary>
/// A 64-bit hash of bytes, the same in every process and on every machine, since state that holds it
/// outlives the process. Each 16 bytes are folded through a 64 × 64 → 128 bit product, the mixing step of
/// wyhash (Wang Yi, 2019); two different texts of one entity share a hash with a chance of 2⁻⁶⁴.
/// </summary>
public static class Hash64
{
    private const ulong Key0 = 0x9E37_79B9_7F4A_7C15;
    private const ulong Key1 = 0xD1B5_4A32_D192_ED03;

    /// <summary>The hash; never 0, which stands for a missing value.</summary>
    public static ulong Of(ReadOnlySpan<byte> text)
    {
        var length = (ulong)text.Length;
        var hash = Key0;
        while (text.Length > 16)
        {
            hash = Fold(BinaryPrimitives.ReadUInt64LittleEndian(text) ^ Key1, BinaryPrimitives.ReadUInt64LittleEndian(text[8..]) ^ hash);
            text = text[16..];
        }

        ulong low, high;
        if (text.Length >= 8)
        {
            low = BinaryPrimitives.ReadUInt64LittleEndian(text);
            high = BinaryPrimitives.ReadUInt64LittleEndian(text[^8..]);
        }
        else if (text.Length >= 4)
        {
            low = BinaryPrimitives.ReadUInt32LittleEndian(text);
            high = BinaryPrimitives.ReadUInt32LittleEndian(text[^4..]);
        }
        else
        {
            low = text.Length == 0 ? 0 : (ulong)((text[0] << 16) | (text[text.Length >> 1] << 8) | text[^1]);
            high = 0;
        }

        // The length comes in by a product of its own: beside the text it would cancel against the text's last bytes.
        hash = Fold(Fold(low ^ Key1, high ^ hash), Key1 ^ length);
        return hash == 0 ? 1 : hash;
    }

    /// <summary>The hash of two hashes or numbers in this order; never 0.</summary>
    public static ulong Of(ulong first, ulong second)
    {
        var hash = Fold(first ^ Key0, second ^ Key1);
        return hash == 0 ? 1 : hash;
    }

    private static ulong Fold(ulong a, ulong b)
    {
        var high = Math.BigMul(a, b, out var low);
        return high ^ low;
    }
}
