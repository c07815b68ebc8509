using System.Text;
using Confluent.Kafka;
using Scoring.Kafka;
using Scoring.Models.Files;
using Scoring.Models.Wire;
using Scoring.Producer.Load;

namespace Scoring.Crash;

/// <summary>
/// Sends a file's transactions to the input log, and its labels to theirs, at a bounded rate and at most so far ahead of
/// the commits as the embedded broker can keep.
/// </summary>
internal sealed class FileLoad : IDisposable
{
    // What a hand-over leaves behind is scored in one burst. A score record with its features takes six times the bytes of
    // its transaction, and the embedded broker keeps 5 MiB of them until they are read.
    private const long MaxBytesAhead = 640 * 1024;

    private static readonly TimeSpan Turn = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan FlushLimit = TimeSpan.FromSeconds(60);

    private readonly FileRecords records;
    private readonly IProducer<byte[], byte[]> producer;
    private readonly CommitBound bound;
    private readonly int partitions;
    private readonly string transactions;
    private readonly string labels;
    private string? failure;
    private long sent;

    public FileLoad(string bootstrap, string transactions, string labels, int partitions, string input, string map)
    {
        this.transactions = transactions;
        this.labels = labels;
        this.partitions = partitions;
        bound = new CommitBound(partitions, MaxBytesAhead);
        using var text = File.OpenText(map);
        records = new FileRecords(input, EventFileMap.Parse(text, map));
        producer = new ProducerBuilder<byte[], byte[]>(new ProducerConfig
        {
            BootstrapServers = bootstrap,
            Partitioner = Partitioner.Murmur2Random,
            EnableIdempotence = true,
            Acks = Acks.All,
            LingerMs = 5,
        }).SetLogHandler((_, _) => { }).SetErrorHandler((_, _) => { }).Build();
    }

    /// <summary>Transactions that were sent.</summary>
    public long Sent => Interlocked.Read(ref sent);

    /// <summary>The ids of the transactions that were sent; read it when the load has ended.</summary>
    public List<string> Ids { get; } = [];

    /// <summary>Why a record was not stored; null if all were.</summary>
    public string? Failure => Volatile.Read(ref failure);

    /// <summary>Says how far the group has committed.</summary>
    public void Commit(IReadOnlyList<long> offsets)
    {
        for (var p = 0; p < offsets.Count; p++)
            bound.Commit(p, offsets[p]);
    }

    /// <summary>Sends until the file or the time ends.</summary>
    public async Task RunAsync(double rate, CancellationToken stop)
    {
        var started = TimeProvider.System.GetTimestamp();
        using var turns = new PeriodicTimer(Turn);
        try
        {
            while (await turns.WaitForNextTickAsync(stop))
            {
                var due = (long)(TimeProvider.System.GetElapsedTime(started).TotalSeconds * rate);
                while (Sent < due)
                {
                    if (!records.MoveNext())
                        return;
                    await SendAsync(stop);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The time is over.
        }
        finally
        {
            if (producer.Flush(FlushLimit) > 0)
                failure ??= $"not every record was acknowledged within {FlushLimit}";
        }
    }

    public void Dispose()
    {
        producer.Dispose();
        records.Dispose();
    }

    private async Task SendAsync(CancellationToken stop)
    {
        var value = records.Write(EventTime.MaxMicros, 0).ToArray();
        var key = records.Key.ToArray();
        if (records.Kind == SourceKind.Label)
        {
            producer.Produce(labels, new Message<byte[], byte[]> { Key = key, Value = value }, report => Check(report.Error));
            return;
        }

        var id = Encoding.UTF8.GetString(records.Identity.TransactionId);
        var (partition, bytes) = (Murmur2.Partition(key, partitions), key.Length + value.Length);
        while (!bound.TryTake(partition, bytes))
            await Task.Delay(Turn, stop);
        Ids.Add(id);
        producer.Produce(transactions, new Message<byte[], byte[]> { Key = key, Value = value }, report =>
        {
            Check(report.Error);
            bound.Deliver(report.Partition.Value, report.Offset.Value, bytes);
        });
        Interlocked.Increment(ref sent);
    }

    private void Check(Error error)
    {
        if (error.IsError)
            Interlocked.CompareExchange(ref failure, error.Reason, null);
    }
}
