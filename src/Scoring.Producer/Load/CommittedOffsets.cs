using Confluent.Kafka;

namespace Scoring.Producer.Load;

/// <summary>
/// Follows what the scoring group has committed of the input log, by a consumer that names the group and
/// never joins it. Polls often while the sender waits for room and seldom else.
/// </summary>
internal sealed class CommittedOffsets : IDisposable
{
    private const int UrgentMs = 2;
    private const int IdleMs = 50;

    private readonly LoadOptions options;
    private readonly IConsumer<byte[]?, byte[]?> consumer;
    private readonly List<TopicPartition> partitions;
    private readonly long[] committed;
    private readonly CommitBound? bound;
    private readonly ManualResetEventSlim stop = new();
    private readonly Thread thread;
    private volatile bool urgent;

    public CommittedOffsets(LoadOptions options, IReadOnlyList<long> starts, CommitBound? bound, Action<Error> onError)
    {
        this.options = options;
        consumer = KafkaClients.Consumer(options, options.ScoringGroup, onError);
        partitions = [.. Enumerable.Range(0, starts.Count).Select(p => new TopicPartition(options.TransactionsTopic, p))];
        // A group that has committed nothing yet stands where this run starts.
        committed = [.. starts];
        this.bound = bound;
        thread = new Thread(Follow) { IsBackground = true, Name = "committed offsets" };
        thread.Start();
    }

    /// <summary>Whether the sender waits for room.</summary>
    public bool Urgent
    {
        set => urgent = value;
    }

    /// <summary>The next offset that the group would read of a partition, as last heard.</summary>
    public long Of(int partition) => Volatile.Read(ref committed[partition]);

    /// <summary>The sum over the partitions: it grows while the group makes progress.</summary>
    public long Total => Enumerable.Range(0, committed.Length).Sum(Of);

    public void Dispose()
    {
        stop.Set();
        thread.Join();
        consumer.Dispose();
        stop.Dispose();
    }

    private void Follow()
    {
        while (!stop.Wait(urgent ? UrgentMs : IdleMs))
        {
            try
            {
                foreach (var offset in consumer.Committed(partitions, options.RequestTimeout))
                {
                    if (offset.Offset.IsSpecial)
                        continue;
                    Volatile.Write(ref committed[offset.Partition.Value], Math.Max(Of(offset.Partition.Value), offset.Offset.Value));
                    bound?.Commit(offset.Partition.Value, offset.Offset.Value);
                }
            }
            catch (KafkaException)
            {
                // A coordinator that moves or is slow: what was heard last stands, the next poll asks again.
            }
        }
    }
}
