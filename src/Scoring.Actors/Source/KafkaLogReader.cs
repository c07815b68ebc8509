using System.Runtime.CompilerServices;
using Confluent.Kafka;
using Microsoft.Extensions.Logging;
using Scoring.Actors.Log;

namespace Scoring.Actors.Source;

/// <summary>
/// Reads stretches of the input log with a consumer of its own for each, outside the group. While the brokers are
/// away it goes on trying, until it is cancelled.
/// </summary>
public sealed partial class KafkaLogReader : ILogReader
{
    private const int RecordsPerTurn = 1_024;
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan RetryDelay = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan PollTimeout = TimeSpan.FromMilliseconds(100);

    private readonly SourceOptions options;
    private readonly string topic;
    private readonly TaskScheduler scheduler;
    private readonly RecordReader reader;
    private readonly ILogger<KafkaLogReader> logger;

    /// <summary>Makes the reader.</summary>
    /// <param name="options">How the log is read.</param>
    /// <param name="topic">The input log's topic.</param>
    /// <param name="time">Stamps the records that it hands out.</param>
    /// <param name="scheduler">Where the blocking calls run, each on a thread of its own.</param>
    /// <param name="logger">Where failures are logged.</param>
    public KafkaLogReader(SourceOptions options, string topic, TimeProvider time, TaskScheduler scheduler, ILogger<KafkaLogReader> logger)
    {
        this.options = options;
        this.topic = topic;
        this.scheduler = scheduler;
        this.logger = logger;
        // Nobody waits for the score of a record that is read again.
        reader = new RecordReader(time);
    }

    /// <summary>Reads how many partitions the input log has, and waits for the brokers and the topic until there are any.</summary>
    /// <param name="cancellation">Ends the waiting.</param>
    public async Task<int> PartitionCountAsync(CancellationToken cancellation)
    {
        using var consumer = Consumer();
        return await BlockingAsync(() => Partitions(consumer, cancellation), cancellation);
    }

    /// <inheritdoc/>
    public async Task<(long Low, long High)> BoundsAsync(int partition, CancellationToken cancellation)
    {
        using var consumer = Consumer();
        return await BlockingAsync(() => Bounds(consumer, new TopicPartition(topic, partition), cancellation), cancellation);
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<InputRecord> ReadAsync(int partition, long from, long to, [EnumeratorCancellation] CancellationToken cancellation)
    {
        using var consumer = Consumer();
        var place = new TopicPartition(topic, partition);
        var (low, high) = await BlockingAsync(() => Bounds(consumer, place, cancellation), cancellation);
        if (from < low || to > high)
            throw new LogGapException(partition, $"offsets {from} to {to} of {place} are needed, and the log holds {low} to {high}");
        consumer.Assign(new TopicPartitionOffset(place, from));
        var records = new List<InputRecord>(RecordsPerTurn);
        var isAtEnd = from >= to;
        while (!isAtEnd)
        {
            isAtEnd = await BlockingAsync(() => Take(consumer, to, records, cancellation), cancellation);
            foreach (var record in records)
                yield return record;
            records.Clear();
        }
    }

    private Task<T> BlockingAsync<T>(Func<T> call, CancellationToken cancellation) =>
        Task.Factory.StartNew(call, cancellation, TaskCreationOptions.LongRunning | TaskCreationOptions.DenyChildAttach, scheduler);

    private (long Low, long High) Bounds(IConsumer<byte[], byte[]> consumer, TopicPartition place, CancellationToken cancellation)
    {
        while (true)
        {
            cancellation.ThrowIfCancellationRequested();
            try
            {
                var bounds = consumer.QueryWatermarkOffsets(place, AnswerTimeout);
                return (bounds.Low.Value, bounds.High.Value);
            }
            catch (KafkaException e) when (!e.Error.IsFatal)
            {
                LogUnreachable(place.ToString(), e.Error.Code, e.Error.Reason);
            }
        }
    }

    private int Partitions(IConsumer<byte[], byte[]> consumer, CancellationToken cancellation)
    {
        using var admin = new DependentAdminClientBuilder(consumer.Handle).Build();
        while (true)
        {
            cancellation.ThrowIfCancellationRequested();
            try
            {
                var found = admin.GetMetadata(topic, AnswerTimeout).Topics.Find(t => t.Topic == topic);
                if (found is { Partitions.Count: > 0 })
                    return found.Partitions.Count;
                LogUnreachable(topic, found?.Error.Code ?? ErrorCode.UnknownTopicOrPart, found?.Error.Reason ?? "no such topic");
            }
            catch (KafkaException e) when (!e.Error.IsFatal)
            {
                LogUnreachable(topic, e.Error.Code, e.Error.Reason);
            }

            cancellation.WaitHandle.WaitOne(RetryDelay);
        }
    }

    // Ends its turn at the end of the stretch, when enough was read, or when there was nothing for a while.
    private bool Take(IConsumer<byte[], byte[]> consumer, long to, List<InputRecord> records, CancellationToken cancellation)
    {
        while (records.Count < RecordsPerTurn && !cancellation.IsCancellationRequested)
        {
            if (TakeOne(consumer) is not { } result)
                return false;
            if (IsIn(result, to))
                records.Add(reader.Read(result));
            if (IsAtEnd(result, to))
                return true;
        }

        return false;
    }

    internal static bool IsIn(ConsumeResult<byte[], byte[]> result, long to) => !result.IsPartitionEOF && result.Offset.Value < to;

    // The stretch's last offsets may hold markers or nothing, so its end is where the next record would stand. The partition's
    // own end comes first where its leader has just changed and does not know of all yet.
    internal static bool IsAtEnd(ConsumeResult<byte[], byte[]> result, long to) => result.Offset.Value + (result.IsPartitionEOF ? 0 : 1) >= to;

    private ConsumeResult<byte[], byte[]>? TakeOne(IConsumer<byte[], byte[]> consumer)
    {
        try
        {
            return consumer.Consume(PollTimeout);
        }
        catch (ConsumeException e) when (e.Error.Code == ErrorCode.Local_AutoOffsetReset)
        {
            throw new LogGapException(e.ConsumerRecord.Partition.Value, $"offset {e.ConsumerRecord.Offset.Value} of {e.ConsumerRecord.TopicPartition} has left the log");
        }
        catch (ConsumeException e) when (!e.Error.IsFatal)
        {
            LogUnreachable(topic, e.Error.Code, e.Error.Reason);
            return null;
        }
    }

    private IConsumer<byte[], byte[]> Consumer() => new ConsumerBuilder<byte[], byte[]>(new ConsumerConfig(options.Client.ToDictionary())
    {
        BootstrapServers = options.BootstrapServers,
        // The client wants a group's name even where no group is joined.
        GroupId = options.GroupId,
        EnableAutoCommit = false,
        EnableAutoOffsetStore = false,
        AutoOffsetReset = AutoOffsetReset.Error,
        EnablePartitionEof = true,
        FetchWaitMaxMs = (int)options.FetchWait.TotalMilliseconds,
        QueuedMaxMessagesKbytes = options.PrefetchKilobytes,
        IsolationLevel = IsolationLevel.ReadCommitted,
    }).SetLogHandler((_, message) => LogClientMessage(message.Facility, message.Message)).Build();

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Place} can't be read for recovery ({Code}: {Reason}); trying again")]
    private partial void LogUnreachable(string place, ErrorCode code, string reason);

    [LoggerMessage(Level = LogLevel.Debug, Message = "librdkafka reader {Facility}: {Text}")]
    private partial void LogClientMessage(string facility, string text);
}
