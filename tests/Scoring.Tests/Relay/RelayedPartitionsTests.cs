using Confluent.Kafka;
using Scoring.Actors.Relay;

namespace Scoring.Tests.Relay;

public class RelayedPartitionsTests
{
    private readonly RelayedPartitions partitions = new([("labels", 3), ("interactions", 0), ("pos", 2)]);

    [Fact]
    public void Each_partition_has_a_number_without_a_gap_in_the_order_of_the_topics()
    {
        Assert.Equal(5, partitions.Count);
        Assert.Equal(["labels 0", "labels 1", "labels 2", "pos 0", "pos 1"], Enumerable.Range(0, 5).Select(e => $"{partitions[e].Topic} {partitions[e].Partition.Value}"));
    }

    [Fact]
    public void A_number_and_its_partition_name_each_other()
    {
        Assert.All(Enumerable.Range(0, 5), e => Assert.Equal(e, partitions.Find(partitions[e])));
        Assert.Null(partitions.Find(new TopicPartition("labels", 3)));
        Assert.Null(partitions.Find(new TopicPartition("interactions", 0)));
    }

    [Fact]
    public void A_topic_that_comes_twice_is_refused() =>
        Assert.Throws<ArgumentException>(() => new RelayedPartitions([("labels", 1), ("labels", 1)]));
}
