using System.Text;
using Scoring.Kafka;

namespace Scoring.Tests.Kafka;

public sealed class Murmur2Tests
{
    // Hashes that Kafka's own clients' tests use, as partitions of 2^31 - 1: the hash without its sign bit.
    [Theory]
    [InlineData("kafka", 0xd067cf64u)]
    [InlineData("giberish123456789", 0x8f552b0cu)]
    [InlineData("1234", 0x9fc97b14u)]
    [InlineData("234", 0xe7c009cau)]
    [InlineData("34", 0x873930dau)]
    [InlineData("4", 0x5a4b5ca1u)]
    public void A_keys_partition_is_the_one_that_other_clients_choose(string key, uint hash) =>
        Assert.Equal((int)((hash & 0x7FFFFFFF) % int.MaxValue), Murmur2.Partition(Encoding.UTF8.GetBytes(key), int.MaxValue));

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(13)]
    public void Keys_spread_over_all_partitions(int partitions)
    {
        var counts = new int[partitions];
        for (var i = 0; i < 10_000; i++)
            counts[Murmur2.Partition(Encoding.UTF8.GetBytes($"u-{i:D5}"), partitions)]++;

        Assert.All(counts, c => Assert.InRange(c, 0.8 * 10_000 / partitions, 1.2 * 10_000 / partitions));
    }
}
