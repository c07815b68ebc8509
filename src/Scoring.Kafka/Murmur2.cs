using System.Buffers.Binary;

namespace Scoring.Kafka;

/// <summary>
/// The partition that Java's default partitioner and librdkafka's <c>murmur2_random</c> give a key: murmur2
/// (Appleby, 2008) with Kafka's seed, its sign bit cleared, modulo the partitions. The client partitions by
/// itself; this says beforehand where a record will go, and afterwards which shard owns a key.
/// </summary>
public static class Murmur2
{
    private const uint Seed = 0x9747B28C;
    private const uint M = 0x5BD1E995;
    private const int R = 24;

    /// <summary>The key's partition.</summary>
    /// <param name="key">The key's bytes.</param>
    /// <param name="partitions">The topic's partitions, above 0.</param>
    public static int Partition(ReadOnlySpan<byte> key, int partitions)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(partitions);
        return (int)(Hash(key) & 0x7FFFFFFF) % partitions;
    }

    private static uint Hash(ReadOnlySpan<byte> key)
    {
        var h = Seed ^ (uint)key.Length;
        for (; key.Length >= 4; key = key[4..])
        {
            var k = BinaryPrimitives.ReadUInt32LittleEndian(key) * M;
            h = (h * M) ^ ((k ^ (k >> R)) * M);
        }

        if (key.Length >= 3)
            h ^= (uint)key[2] << 16;
        if (key.Length >= 2)
            h ^= (uint)key[1] << 8;
        if (key.Length >= 1)
            h = (h ^ key[0]) * M;
        h = (h ^ (h >> 13)) * M;
        return h ^ (h >> 15);
    }
}
