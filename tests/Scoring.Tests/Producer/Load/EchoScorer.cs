using System.Globalization;
using System.Text;
using Confluent.Kafka;
using Scoring.Models.Wire;

namespace Scoring.Tests.Producer.Load;

/// <summary>
/// Stands in for the service: scores every valid transaction once, sends the others to the dead
/// letters, and commits. A fault may change the outputs of a record.
/// </summary>
internal sealed class EchoScorer : IDisposable
{
    public const string Group = "scoring";

    private readonly IConsumer<byte[]?, byte[]?> consumer;
    private readonly IProducer<byte[]?, byte[]?> producer;
    private readonly CancellationTokenSource stop = new();
    private readonly HashSet<(string User, string Card, string Id)> seen = [];
    private readonly Thread thread;
    private readonly Func<string, int> scoresOf;
    private readonly TaskCompletionSource assigned = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <param name="bootstrapServers">The broker.</param>
    /// <param name="scoresOf">How many scores a transaction gets by its id: one, unless it is a fault.</param>
    public EchoScorer(string bootstrapServers, Func<string, int> scoresOf)
    {
        this.scoresOf = scoresOf;
        consumer = new ConsumerBuilder<byte[]?, byte[]?>(new ConsumerConfig
        {
            BootstrapServers = bootstrapServers,
            GroupId = Group,
            EnableAutoCommit = false,
            AutoOffsetReset = AutoOffsetReset.Earliest,
            FetchWaitMaxMs = 2,
        })
            .SetPartitionsAssignedHandler((_, _) => assigned.TrySetResult())
            .SetLogHandler((_, _) => { })
            .Build();
        producer = new ProducerBuilder<byte[]?, byte[]?>(new ProducerConfig { BootstrapServers = bootstrapServers, LingerMs = 1 })
            .SetLogHandler((_, _) => { })
            .Build();
        consumer.Subscribe("transactions");
        thread = new Thread(Run) { IsBackground = true };
        thread.Start();
    }

    /// <summary>Ends when the group has its partitions.</summary>
    public Task Assigned => assigned.Task.WaitAsync(TimeSpan.FromSeconds(60));

    public void Dispose()
    {
        stop.Cancel();
        thread.Join();
        producer.Flush(TimeSpan.FromSeconds(10));
        producer.Dispose();
        consumer.Close();
        consumer.Dispose();
        stop.Dispose();
    }

    private void Run()
    {
        var decoder = new TransactionDecoder(new DecodeLimits());
        var pending = 0;
        while (!stop.IsCancellationRequested)
        {
            var record = consumer.Consume(10);
            if (record is not null)
            {
                Answer(record, decoder);
                pending++;
            }

            if (pending == 0 || (record is not null && pending < 500))
                continue;
            pending = 0;
            producer.Flush(TimeSpan.FromSeconds(10));
            consumer.Commit();
        }
    }

    private void Answer(ConsumeResult<byte[]?, byte[]?> record, TransactionDecoder decoder)
    {
        if (decoder.Decode(record.Message.Value, record.Message.Key, RecordTime.OfMillis(record.Message.Timestamp.UnixTimestampMs), out var transaction) is { } rejection)
        {
            Headers headers = new()
            {
                { RecordHeaders.OriginTopic, Encoding.UTF8.GetBytes(record.Topic) },
                { RecordHeaders.OriginPartition, Encoding.UTF8.GetBytes(record.Partition.Value.ToString(CultureInfo.InvariantCulture)) },
                { RecordHeaders.OriginOffset, Encoding.UTF8.GetBytes(record.Offset.Value.ToString(CultureInfo.InvariantCulture)) },
                { RecordHeaders.Reason, Encoding.UTF8.GetBytes(rejection.Reason.Code()) },
            };
            producer.Produce("transactions.dlq", new Message<byte[]?, byte[]?> { Key = record.Message.Key, Value = record.Message.Value, Headers = headers });
            return;
        }

        var id = Encoding.UTF8.GetString(transaction.TransactionId);
        var (card, user) = (Encoding.UTF8.GetString(transaction.CardId), Encoding.UTF8.GetString(transaction.UserId));
        if (!seen.Add((user, card, id)))
            return;
        for (var i = scoresOf(id); i > 0; i--)
            producer.Produce("scores", new Message<byte[]?, byte[]?> { Key = record.Message.Key, Value = Collect.ReconciliationTests.Record(id, "approve", false, card, user) });
    }
}
