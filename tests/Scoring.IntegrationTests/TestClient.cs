using System.Text;
using Confluent.Kafka;
using Scoring.Kafka;
using Scoring.Models.Wire;

namespace Scoring.IntegrationTests;

/// <summary>Writes to and reads from a broker's topics as another system would.</summary>
internal sealed class TestClient : IDisposable
{
    private readonly string bootstrapServers;
    private readonly string prefix;
    private readonly IProducer<byte[]?, byte[]?> producer;

    public TestClient(TestBroker broker)
        : this(broker.BootstrapServers, broker.Prefix)
    {
    }

    public TestClient(string bootstrapServers, string prefix)
    {
        this.bootstrapServers = bootstrapServers;
        this.prefix = prefix;
        producer = new ProducerBuilder<byte[]?, byte[]?>(new ProducerConfig
        {
            BootstrapServers = bootstrapServers,
            Partitioner = Partitioner.Murmur2Random,
            EnableIdempotence = true,
            LingerMs = 2,
            MessageMaxBytes = 16 * 1024 * 1024,
        }).Build();
    }

    public void Send(byte[]? key, byte[]? value, string? kind = null, long? timestampMillis = null, string? replyTo = null)
    {
        var message = new Message<byte[]?, byte[]?> { Key = key, Value = value };
        if (kind is not null)
            message.Headers = [new Header(RecordHeaders.Kind, Encoding.UTF8.GetBytes(kind))];
        if (replyTo is not null)
            message.Headers = [new Header(RecordHeaders.ReplyTo, Encoding.UTF8.GetBytes(replyTo))];
        if (timestampMillis is { } millis)
            message.Timestamp = new Timestamp(millis, TimestampType.CreateTime);
        Send("transactions", message);
    }

    /// <summary>Sends to another topic than the input log.</summary>
    public void SendTo(string topic, string? key, string value) =>
        Send(topic, new Message<byte[]?, byte[]?> { Key = key is null ? null : Encoding.UTF8.GetBytes(key), Value = Encoding.UTF8.GetBytes(value) });

    private void Send(string topic, Message<byte[]?, byte[]?> message) =>
        producer.Produce(prefix + topic, message, report => Assert.False(report.Error.IsError, report.Error.Reason));

    public void Send(string key, string value) => Send(Encoding.UTF8.GetBytes(key), Encoding.UTF8.GetBytes(value));

    public void Flush() => producer.Flush(TimeSpan.FromSeconds(60));

    /// <summary>Reads a topic from its beginning on; the caller polls.</summary>
    public IConsumer<Ignore, byte[]> Follow(string topic)
    {
        var consumer = new ConsumerBuilder<Ignore, byte[]>(ReaderConfiguration(topic)).Build();
        using var admin = new DependentAdminClientBuilder(consumer.Handle).Build();
        consumer.Assign(Beginnings(admin, topic));
        return consumer;
    }

    /// <summary>Reads a topic from its beginning until so many records came, and then once more for what must not come.</summary>
    public List<ConsumeResult<byte[]?, byte[]?>> Read(string topic, int count, TimeSpan? quiet = null)
    {
        using var consumer = new ConsumerBuilder<byte[]?, byte[]?>(ReaderConfiguration(topic)).Build();
        using var admin = new DependentAdminClientBuilder(consumer.Handle).Build();
        consumer.Assign(Beginnings(admin, topic));
        var records = new List<ConsumeResult<byte[]?, byte[]?>>();
        while (records.Count < count && consumer.Consume(TimeSpan.FromSeconds(60)) is { } record)
            records.Add(record);
        while (consumer.Consume(quiet ?? TimeSpan.FromMilliseconds(300)) is { } extra)
            records.Add(extra);
        return records;
    }

    public void Dispose() => producer.Dispose();

    private ConsumerConfig ReaderConfiguration(string topic) => new()
    {
        BootstrapServers = bootstrapServers,
        GroupId = "test-reader-" + topic,
        EnableAutoCommit = false,
        AutoOffsetReset = AutoOffsetReset.Error,
        FetchWaitMaxMs = 2,
        AllowAutoCreateTopics = false,
    };

    private IEnumerable<TopicPartitionOffset> Beginnings(IAdminClient admin, string topic) =>
        admin.GetMetadata(prefix + topic, TimeSpan.FromSeconds(10)).Topics.Single().Partitions.Select(p => new TopicPartitionOffset(prefix + topic, p.PartitionId, Offset.Beginning));
}
