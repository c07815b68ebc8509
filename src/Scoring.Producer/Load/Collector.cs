using System.Buffers.Text;
using System.Text;
using Confluent.Kafka;
using Scoring.Kafka;
using Scoring.Models.Wire;
using Scoring.Producer.Collect;

namespace Scoring.Producer.Load;

/// <summary>
/// Reads the scores and the dead letters with a consumer of its own, from where their topics ended when the
/// run began, on one thread; it commits nothing and belongs to no group.
/// </summary>
internal sealed class Collector : IDisposable
{
    private const int PollMs = 20;

    // What a score takes in the log until the first has come.
    private const int UsualScoreBytes = 1_024;

    private readonly LoadOptions options;
    private readonly Reconciliation reconciliation;
    private readonly TimeProvider time;
    private readonly double microsPerTick;
    private readonly IConsumer<byte[]?, byte[]?> consumer;
    private readonly List<TopicPartition> assigned;
    private readonly ReadPositions positions;
    private readonly HashSet<TopicPartition> unread;
    private readonly TaskCompletionSource ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly DeclinedExamples examples = new();
    private readonly ManualResetEventSlim stop = new();
    private readonly Thread thread;
    private long arrivals;
    private int largestScore = UsualScoreBytes;
    private Exception? failure;

    public Collector(LoadOptions options, IReadOnlyList<TopicPartition> partitions, Reconciliation reconciliation, TimeProvider time, Action<Error> onError)
    {
        this.options = options;
        this.reconciliation = reconciliation;
        this.time = time;
        microsPerTick = 1e6 / time.TimestampFrequency;
        consumer = KafkaClients.Consumer(options, "scoring-collector", onError);
        assigned = [.. partitions];
        List<TopicPartitionOffset> starts = [.. assigned.Select(p => new TopicPartitionOffset(p, EndOf(p)))];
        positions = new ReadPositions(starts);
        unread = [.. assigned];
        consumer.Assign(starts);
        thread = new Thread(Collect) { IsBackground = true, Name = "collector" };
        thread.Start();
    }

    /// <summary>
    /// Ends when every partition has been read to its end once. A client that is just assigned takes a tenth of
    /// a second to find the leaders, which would show as latency of the service.
    /// </summary>
    public Task Ready => ready.Task;

    /// <summary>The latencies from the intended send time to the arrival of the score.</summary>
    public LatencyHistogram Latency { get; } = new();

    /// <summary>Declined transactions, for the summary; read it after the collector is disposed.</summary>
    public IReadOnlyList<DeclinedExample> Declined => examples.Items;

    /// <summary>How many records have arrived.</summary>
    public long Arrivals => Volatile.Read(ref arrivals);

    /// <summary>Why collecting ended early; null while it goes on.</summary>
    public Exception? Failure => Volatile.Read(ref failure);

    /// <summary>The bytes that the largest score has taken in its log, at most.</summary>
    public int LargestScoreBytes => Volatile.Read(ref largestScore);

    /// <summary>How many partitions the scores have.</summary>
    public int ScorePartitions => assigned.Count(p => p.Topic == options.ScoresTopic);

    /// <summary>The offset behind the last score that was read of a partition.</summary>
    public long ScoresReadOf(int partition) => positions.Of(new TopicPartition(options.ScoresTopic, partition));

    /// <summary>Where the topics end at this moment, by a request to the brokers.</summary>
    public Dictionary<TopicPartition, long> Ends() => assigned.ToDictionary(p => p, EndOf);

    /// <summary>Where each partition of another topic ends at this moment.</summary>
    public long[] EndsOf(string topic, int partitions) =>
        [.. Enumerable.Range(0, partitions).Select(p => EndOf(new TopicPartition(topic, p)))];

    /// <summary>Whether everything before the given ends has been read.</summary>
    public bool HasReached(Dictionary<TopicPartition, long> ends) => positions.HaveReached(ends);

    public void Dispose()
    {
        if (stop.IsSet)
            return;
        stop.Set();
        thread.Join();
        consumer.Dispose();
    }

    private long EndOf(TopicPartition partition) => consumer.QueryWatermarkOffsets(partition, options.RequestTimeout).High.Value;

    private void Collect()
    {
        try
        {
            while (!stop.IsSet)
            {
                if (consumer.Consume(PollMs) is not { } record)
                    continue;
                if (record.IsPartitionEOF)
                    TakeEnd(record.TopicPartitionOffset);
                else
                    Take(record, time.GetTimestamp());
            }
        }
        catch (ConsumeException e) when (e.Error.Code == ErrorCode.Local_AutoOffsetReset)
        {
            Fail(new LoadException($"the run was outrun by the service: {Gap(e.ConsumerRecord.TopicPartitionOffset)}", e));
        }
        catch (KafkaException e)
        {
            Fail(new LoadException($"reading the scores failed: {e.Error.Reason}", e));
        }
#pragma warning disable CA1031 // The run ends with it; on a thread of its own it would end the process.
        catch (Exception e)
#pragma warning restore CA1031
        {
            Fail(new LoadException($"taking a score failed: {e.GetType().Name}: {e.Message}", e));
        }
    }

    private void Fail(LoadException reason)
    {
        Volatile.Write(ref failure, reason);
        ready.TrySetException(reason);
    }

    private string Gap(TopicPartitionOffset at)
    {
        try
        {
            return LogGap.Find(consumer, at.TopicPartition, at.Offset.Value, options.RequestTimeout)?.ToString() ?? $"{at} was not in the log";
        }
        catch (KafkaException e)
        {
            return $"{at} is not in the log, and what it holds is not known ({e.Error.Reason})";
        }
    }

    private void TakeEnd(TopicPartitionOffset end)
    {
        positions.CameToEnd(end);
        if (unread.Count > 0 && unread.Remove(end.TopicPartition) && unread.Count == 0)
            ready.SetResult();
    }

    private void Take(ConsumeResult<byte[]?, byte[]?> record, long arrived)
    {
        if (record.Topic == options.ScoresTopic)
        {
            Volatile.Write(ref largestScore, Math.Max(largestScore, (record.Message.Key?.Length ?? 0) + (record.Message.Value?.Length ?? 0) + CommitBound.OverheadBytes));
            TakeScore(record.Message.Value, arrived);
        }
        else
            TakeDeadLetter(record.Message.Headers);
        Volatile.Write(ref arrivals, arrivals + 1);
        positions.Took(record.TopicPartitionOffset);
    }

    private void TakeScore(byte[]? value, long arrived)
    {
        if (value is null || !ScoreView.TryRead(value, out var score))
        {
            reconciliation.Unknown();
            return;
        }

        if (!reconciliation.Score(score, out var intended))
            return;
        Latency.Record((long)((arrived - intended) * microsPerTick));
        examples.Offer(score, value);
    }

    private void TakeDeadLetter(Headers? headers)
    {
        if (headers is not null
            && headers.TryGetLastBytes(RecordHeaders.OriginTopic, out var topic) && Encoding.UTF8.GetString(topic) == options.TransactionsTopic
            && TryReadNumber(headers, RecordHeaders.OriginPartition, out var partition)
            && TryReadNumber(headers, RecordHeaders.OriginOffset, out var offset)
            && headers.TryGetLastBytes(RecordHeaders.Reason, out _))
            reconciliation.DeadLetter((int)partition, offset);
        else
            reconciliation.Unknown();
    }

    private static bool TryReadNumber(Headers headers, string name, out long number)
    {
        number = 0;
        return headers.TryGetLastBytes(name, out var bytes) && Utf8Parser.TryParse(bytes, out number, out var read) && read == bytes.Length;
    }
}
