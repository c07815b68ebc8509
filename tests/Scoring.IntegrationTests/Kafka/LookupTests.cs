using Confluent.Kafka;
using Microsoft.Extensions.Logging.Abstractions;
using Scoring.Kafka.Clients;
using Scoring.Kafka.Settings;

namespace Scoring.IntegrationTests.Kafka;

/// <summary>What the connector asks the brokers beside records, with the real client.</summary>
public sealed class LookupTests : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    private readonly TestBroker broker = new(3);
    private readonly IOffsetClient client;

    public LookupTests()
    {
        var consuming = new ConsumerSettings { BootstrapServers = broker.BootstrapServers, GroupId = broker.Group };
        client = new ConfluentClients(consuming, new ProducerSettings { BootstrapServers = broker.BootstrapServers }, new TransactionSettings(), NullLogger<ConfluentClients>.Instance).Offsets();
    }

    private TopicPartition Place => new(broker.Prefix + "transactions", 1);

    public void Dispose()
    {
        client.Dispose();
        broker.Dispose();
    }

    [Fact]
    public void A_topic_tells_how_many_partitions_it_has() => Assert.Equal(3, client.Describe(Place.Topic, Limit).Partitions);

    [Fact]
    public void A_partition_without_records_reaches_from_0_to_0() => Assert.Equal(new LogBounds(0, 0), client.Bounds(Place, Limit));

    [Fact]
    public void What_was_committed_is_read_again_and_nothing_where_nothing_was()
    {
        Assert.Null(client.StableCommitted(Place, Limit));
        Assert.All(client.Commit([new TopicPartitionOffset(Place, 7)]), Assert.Null);
        Assert.Equal(7, client.StableCommitted(Place, Limit));
    }
}
