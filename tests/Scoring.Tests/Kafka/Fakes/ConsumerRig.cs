using System.Diagnostics.Metrics;
using Akka.Streams.Dsl;
using Akka.Streams.TestKit;
using Confluent.Kafka;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Scoring.Kafka.Consumers;
using Scoring.Kafka.Settings;

namespace Scoring.Tests.Kafka.Fakes;

/// <summary>A node's consumer on a fake Kafka, with turned loops and time.</summary>
internal sealed class ConsumerRig : IDisposable
{
    private readonly StreamFixture streams;
    private readonly ServiceProvider services = new ServiceCollection().AddMetrics().BuildServiceProvider();

    public ConsumerRig(StreamFixture streams, ConsumerSettings? settings = null)
    {
        this.streams = streams;
        Kafka = new FakeKafka(Turns);
        Settings = settings ?? new ConsumerSettings { BootstrapServers = "none:1", GroupId = "group" };
        Consumer = new NodeConsumer(Settings, Kafka, Turns, Time, Meters, NullLogger<NodeConsumer>.Instance);
        Consumer.Start();
    }

    public ManualTurns Turns { get; } = new();

    public FakeTime Time { get; } = new();

    public FakeKafka Kafka { get; }

    public ConsumerSettings Settings { get; }

    public NodeConsumer Consumer { get; }

    public IMeterFactory Meters => services.GetRequiredService<IMeterFactory>();

    public static TopicPartition P(int partition) => new("transactions", partition);

    public FakeLog Log(int partition) => Kafka[P(partition)];

    /// <summary>A source of a partition, and where its batches come to.</summary>
    public (IPartitionControl Control, TestSubscriber.Probe<PartitionBatch> Batches) Read(int partition, long offset, long? committed = null, bool isRefreshed = false) =>
        Source(partition, offset, committed, isRefreshed).ToMaterialized(streams.SinkProbe<PartitionBatch>(), Keep.Both).Run(streams.Materializer);

    public Source<PartitionBatch, IPartitionControl> Source(int partition, long offset, long? committed = null, bool isRefreshed = false, bool isCommitted = true)
    {
        // The test runner's context would take what follows a task away to a thread of its own.
        SynchronizationContext.SetSynchronizationContext(null);
        return KafkaConsumer.PlainExternalSource(
            Consumer, Subscriptions.AssignmentWithOffset(new TopicPartitionOffset(P(partition), offset)) with { Committed = committed, IsRefreshed = isRefreshed, IsCommitted = isCommitted });
    }

    /// <summary>A source whose batches are committed as soon as the test lets them through.</summary>
    public (IPartitionControl Control, TestSubscriber.Probe<PartitionBatch> Committed) Commit(int partition, long offset, long? committed = null, bool isRefreshed = false) =>
        Source(partition, offset, committed, isRefreshed).Via(Committer.Flow<PartitionBatch>(Consumer, b => b)).ToMaterialized(streams.SinkProbe<PartitionBatch>(), Keep.Both).Run(streams.Materializer);

    public void Dispose() => services.Dispose();
}
