using System.Text;
using Akka.Streams.Dsl;
using Akka.Streams.TestKit;
using Microsoft.Extensions.Logging.Abstractions;
using Scoring.Kafka.Clients;
using Scoring.Kafka.Consumers;
using Scoring.Kafka.Producers;
using Scoring.Kafka.Settings;

namespace Scoring.Tests.Kafka.Fakes;

/// <summary>A partition's stream from its source to its outputs on a fake Kafka.</summary>
internal sealed class ProducerRig : IDisposable
{
    private readonly StreamFixture streams;

    public ProducerRig(StreamFixture streams, ProducerSettings? producing = null, TransactionSettings? transactions = null)
    {
        this.streams = streams;
        Base = new ConsumerRig(streams);
        Producing = producing ?? new ProducerSettings { BootstrapServers = "none:1" };
        Transactions = transactions ?? new TransactionSettings();
        Metrics = new ProducerMetrics(Base.Meters);
        Producer = new NodeProducer(Producing, Base.Kafka, Base.Turns, Base.Time, Metrics, NullLogger<NodeProducer>.Instance);
    }

    public ConsumerRig Base { get; }

    public ProducerSettings Producing { get; }

    public TransactionSettings Transactions { get; }

    public ProducerMetrics Metrics { get; }

    public NodeProducer Producer { get; }

    public FakeProducerClient Client => Base.Kafka.Producers[^1];

    /// <summary>Messages that the test sends, and the results that come.</summary>
    public (TestPublisher.Probe<ProducerMessage<string>> Messages, TestSubscriber.Probe<ProducerResult<string>> Results) Produce() =>
        streams.SourceProbe<ProducerMessage<string>>().Via(KafkaProducer.FlexiFlow<string>(Producer))
            .ToMaterialized(streams.SinkProbe<ProducerResult<string>>(), Keep.Both).Run(streams.Materializer);

    /// <summary>A message with records, each with its own value.</summary>
    public static ProducerMessage<string> Message(string name, params string[] values) =>
        new([.. values.Select(v => new ProducerRecord("scores", null, Encoding.UTF8.GetBytes(v)))], name);

    public TransactionalProducer Transactional(string id = "group-transactions-1") =>
        new(id, Transactions, Base.Kafka, Base.Turns, Base.Time, Metrics, NullLogger<TransactionalProducer>.Instance);

    /// <summary>A partition whose records each become an output, in transactions.</summary>
    public (IPartitionControl Control, TestSubscriber.Probe<PartitionBatch> Committed) Transact(
        TransactionalProducer producer, int partition, long offset, long? committed = null, Func<PartitionBatch, IEnumerable<byte[]>>? outputs = null) => Base.Source(partition, offset, committed)
        .Select(b => new ProducerMessage<PartitionBatch>([.. (outputs?.Invoke(b) ?? b.Records.Select(r => r.Value!)).Select(v => new ProducerRecord("scores", null, v))], b))
        .Via(KafkaProducer.TransactionalFlow<PartitionBatch>(producer, Transactions, b => b, committed is { } its ? new Confluent.Kafka.TopicPartitionOffset(ConsumerRig.P(partition), its) : null))
        .ToMaterialized(streams.SinkProbe<PartitionBatch>(), Keep.Both)
        .Run(streams.Materializer);

    public void Dispose() => Base.Dispose();
}
