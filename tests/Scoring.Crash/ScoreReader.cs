using Confluent.Kafka;

namespace Scoring.Crash;

/// <summary>
/// Reads the scores as they come, from their topic's beginning, on a thread of its own: the embedded broker soon forgets
/// them. A record that was forgotten before it was read is an error.
/// </summary>
internal sealed class ScoreReader : IDisposable
{
    private const int PollMs = 20;

    private readonly ScoreAudit audit;
    private readonly IConsumer<Ignore, byte[]?> consumer;
    private readonly long[] positions;
    private readonly CancellationTokenSource stop = new();
    private readonly Thread thread;
    private Exception? failure;

    public ScoreReader(string bootstrap, string topic, int partitions, ScoreAudit audit)
    {
        this.audit = audit;
        positions = new long[partitions];
        consumer = new ConsumerBuilder<Ignore, byte[]?>(new ConsumerConfig
        {
            BootstrapServers = bootstrap,
            GroupId = "crash-reader",
            EnableAutoCommit = false,
            AutoOffsetReset = AutoOffsetReset.Error,
            FetchWaitMaxMs = 10,
            // The markers of transactions take offsets too, the last ones of a partition among them.
            EnablePartitionEof = true,
            IsolationLevel = IsolationLevel.ReadCommitted,
        }).SetLogHandler((_, _) => { }).SetErrorHandler((_, _) => { }).Build();
        consumer.Assign(Enumerable.Range(0, partitions).Select(p => new TopicPartitionOffset(topic, p, Offset.Beginning)));
        thread = new Thread(Run) { IsBackground = true, Name = "scores" };
        thread.Start();
    }

    /// <summary>Why reading ended; null while it goes on.</summary>
    public Exception? Failure => Volatile.Read(ref failure);

    /// <summary>The offset up to which a partition was read.</summary>
    public long PositionOf(int partition) => Volatile.Read(ref positions[partition]);

    public void Dispose()
    {
        stop.Cancel();
        thread.Join();
        consumer.Dispose();
        stop.Dispose();
    }

    private void Run()
    {
        try
        {
            while (!stop.IsCancellationRequested)
            {
                if (consumer.Consume(PollMs) is not { } record)
                    continue;
                if (!record.IsPartitionEOF)
                    audit.Take(record.Partition.Value, record.Offset.Value, record.Message.Value, TimeProvider.System.GetTimestamp());
                Volatile.Write(ref positions[record.Partition.Value], record.Offset.Value + (record.IsPartitionEOF ? 0 : 1));
            }
        }
#pragma warning disable CA1031 // Ends the run, which reports it.
        catch (Exception e)
#pragma warning restore CA1031
        {
            Volatile.Write(ref failure, e);
        }
    }
}
