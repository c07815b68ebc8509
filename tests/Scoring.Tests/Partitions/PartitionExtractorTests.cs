using Akka.Cluster.Sharding;
using Scoring.Actors.Messages;
using Scoring.Actors.Partitions;

namespace Scoring.Tests.Partitions;

/// <summary>Where a message to a partition goes.</summary>
public sealed class PartitionExtractorTests
{
    private readonly PartitionExtractor extractor = new(12);

    [Fact]
    public void Shard_and_entity_are_the_partition()
    {
        var envelope = new PartitionEnvelope(11, ReadStatistics.Instance);
        Assert.Equal(("11", "11"), (extractor.EntityId(envelope), extractor.ShardId(envelope)));
        Assert.Equal("11", extractor.ShardId("11", new ShardRegion.StartEntity("11")));
        Assert.Same(ReadStatistics.Instance, extractor.EntityMessage(envelope));
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(12)]
    public void A_partition_that_the_topic_does_not_have_is_nowhere(int partition) =>
        Assert.Null(extractor.EntityId(new PartitionEnvelope(partition, ReadStatistics.Instance)));

    [Fact]
    public void What_has_no_envelope_is_nobodys() => Assert.Null(extractor.EntityId(ReadStatistics.Instance));
}
