using Confluent.Kafka;
using Scoring.Producer.Load;

namespace Scoring.Tests.Producer.Load;

public class ReadPositionsTests
{
    private static readonly TopicPartition Scores = new("scores", 0);

    private readonly ReadPositions positions = new([new TopicPartitionOffset(Scores, 5)]);

    [Fact]
    public void A_partition_that_ends_with_a_record_is_read_with_it()
    {
        Assert.False(HaveReached(6));
        positions.Took(new TopicPartitionOffset(Scores, 5));
        Assert.True(HaveReached(6));
    }

    // With transactions the last offsets of a partition are markers or aborted records, which no reader is given.
    [Fact]
    public void A_partition_that_ends_with_a_marker_is_read_when_its_end_was_reached()
    {
        positions.Took(new TopicPartitionOffset(Scores, 5));
        Assert.False(HaveReached(8));
        positions.CameToEnd(new TopicPartitionOffset(Scores, 8));
        Assert.True(HaveReached(8));
        Assert.False(HaveReached(9));
    }

    [Fact]
    public void A_partition_of_which_nothing_is_to_be_read_is_read_at_once() => Assert.True(HaveReached(5));

    private bool HaveReached(long end) => positions.HaveReached(new Dictionary<TopicPartition, long> { [Scores] = end });
}
