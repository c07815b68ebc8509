using Confluent.Kafka;
using Scoring.Kafka;
using Scoring.Producer.Load;
using Scoring.Producer.Simulation;

namespace Scoring.Benchmarks.Guarantees;

/// <summary>Transactions that are in the log before the service starts, and how far its group has come with them.</summary>
internal sealed class Backlog : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private readonly string bootstrap;
    private readonly IConsumer<Ignore, Ignore> consumer;
    private readonly List<TopicPartition> partitions;

    /// <param name="bootstrap">The broker.</param>
    /// <param name="count">The topic's partitions.</param>
    public Backlog(string bootstrap, int count)
    {
        this.bootstrap = bootstrap;
        partitions = [.. Enumerable.Range(0, count).Select(p => new TopicPartition("transactions", p))];
        consumer = new ConsumerBuilder<Ignore, Ignore>(new ConsumerConfig { BootstrapServers = bootstrap, GroupId = "scoring", EnableAutoCommit = false })
            .SetLogHandler((_, _) => { }).SetErrorHandler((_, _) => { }).Build();
    }

    /// <summary>How many records the group has committed.</summary>
    public long Committed => consumer.Committed(partitions, Limit).Sum(o => o.Offset.IsSpecial ? 0 : o.Offset.Value);

    /// <summary>Appends simulated transactions, always the same.</summary>
    /// <param name="transactions">How many.</param>
    /// <exception cref="InvalidOperationException">The log did not take them all, or has forgotten some again.</exception>
    public void Fill(int transactions)
    {
        var now = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds() * 1_000;
        using var source = new SimulatedRecords(new SimulatorOptions { Customers = transactions / 6 }, EventClock.Simulated, "backlog", now, transactions);
        using var producer = new ProducerBuilder<byte[], byte[]>(new ProducerConfig
        {
            BootstrapServers = bootstrap,
            Partitioner = Partitioner.Murmur2Random,
            LingerMs = 20,
            QueueBufferingMaxMessages = transactions,
            DeliveryReportFields = "none",
        }).SetLogHandler((_, _) => { }).SetErrorHandler((_, _) => { }).Build();
        for (var sent = 0; sent < transactions;)
        {
            source.MoveNext();
            if (source.Kind != SourceKind.Transaction)
                continue;
            producer.Produce("transactions", new Message<byte[], byte[]> { Key = source.Key.ToArray(), Value = source.Write(now, 0).ToArray() });
            sent++;
        }

        if (producer.Flush(Limit) > 0)
            throw new InvalidOperationException($"the backlog was not stored within {Limit.TotalSeconds:N0} s");
        var bounds = partitions.ConvertAll(p => consumer.QueryWatermarkOffsets(p, Limit));
        if (bounds.Exists(b => b.Low.Value > 0) || bounds.Sum(b => b.High.Value) != transactions)
            throw new InvalidOperationException($"the log does not hold the whole backlog of {transactions}: {string.Join(", ", bounds.Select(b => $"{b.Low.Value} to {b.High.Value}"))}");
    }

    public void Dispose() => consumer.Dispose();
}
