using Confluent.Kafka;

namespace Scoring.Crash;

/// <summary>What the brokers say of a topic and of a group, asked by a client that reads nothing.</summary>
internal sealed class InputLog : IDisposable
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(10);

    private readonly IConsumer<Ignore, Ignore> consumer;
    private readonly int partitions;

    public InputLog(string bootstrap, string group, int partitions)
    {
        this.partitions = partitions;
        consumer = new ConsumerBuilder<Ignore, Ignore>(new ConsumerConfig { BootstrapServers = bootstrap, GroupId = group, EnableAutoCommit = false })
            .SetLogHandler((_, _) => { }).SetErrorHandler((_, _) => { }).Build();
    }

    /// <summary>The offset that the group has committed of each partition; 0 where there is none.</summary>
    public long[] Committed(string topic)
    {
        var offsets = new long[partitions];
        foreach (var offset in consumer.Committed(Enumerable.Range(0, partitions).Select(p => new TopicPartition(topic, p)), Timeout))
            offsets[offset.Partition.Value] = offset.Offset.IsSpecial ? 0 : offset.Offset.Value;
        return offsets;
    }

    /// <summary>The oldest offset of each partition, and the one behind its last.</summary>
    public (long Low, long High)[] Bounds(string topic) =>
        [.. Enumerable.Range(0, partitions).Select(p => consumer.QueryWatermarkOffsets(new TopicPartition(topic, p), Timeout)).Select(w => (w.Low.Value, w.High.Value))];

    public void Dispose() => consumer.Dispose();
}
