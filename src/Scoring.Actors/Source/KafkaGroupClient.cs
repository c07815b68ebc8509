using Confluent.Kafka;
using Microsoft.Extensions.Logging;
using Scoring.Actors.Log;
using Scoring.Kafka;

namespace Scoring.Actors.Source;

/// <summary>A member of a Kafka consumer group.</summary>
public sealed partial class KafkaGroupClient : IGroupClient
{
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(5);

    private readonly string topic;
    private readonly FirstStart firstStart;
    private readonly RecordReader reader;
    private readonly ILogger<KafkaGroupClient> logger;
    private readonly IConsumer<byte[], byte[]> consumer;
    private IGroupListener? listener;
    private bool closing;

    /// <summary>Makes the client; <see cref="Join"/> joins the group.</summary>
    /// <param name="options">How it reads.</param>
    /// <param name="topic">The input log's topic.</param>
    /// <param name="nodeId">This node's id, by which it knows its own waiters.</param>
    /// <param name="time">Stamps the records that it hands out.</param>
    /// <param name="logger">Where the client's errors are logged.</param>
    public KafkaGroupClient(SourceOptions options, string topic, string nodeId, TimeProvider time, ILogger<KafkaGroupClient> logger)
    {
        ArgumentNullException.ThrowIfNull(options);
        this.topic = topic;
        this.logger = logger;
        firstStart = options.FirstStart;
        reader = new RecordReader(time);
        consumer = new ConsumerBuilder<byte[], byte[]>(Configuration(options))
            .SetPartitionsAssignedHandler((_, partitions) => Assigned(partitions))
            .SetPartitionsRevokedHandler((_, partitions) => listener!.Revoked(Numbers(partitions)))
            .SetPartitionsLostHandler((_, partitions) => listener!.Lost(Numbers(partitions)))
            .SetErrorHandler((_, error) => LogClientError(error.Code, error.Reason, error.IsFatal))
            .SetLogHandler((_, message) => LogClientMessage(message.Facility, message.Message))
            .Build();
    }

    /// <inheritdoc/>
    public void Join(IGroupListener listener)
    {
        this.listener = listener;
        consumer.Subscribe(topic);
    }

    /// <inheritdoc/>
    public bool Poll(TimeSpan timeout, out int partition, out InputRecord record)
    {
        partition = 0;
        record = default;
        try
        {
            if (consumer.Consume(timeout) is not { } result)
                return false;
            partition = result.Partition.Value;
            record = reader.Read(result);
            return true;
        }
        catch (ConsumeException e) when (e.Error.Code == ErrorCode.Local_AutoOffsetReset)
        {
            throw GapAt(e.ConsumerRecord.TopicPartitionOffset);
        }
        catch (ConsumeException e) when (!e.Error.IsFatal)
        {
            // The client goes on by itself: a topic that does not exist yet, a broker that is away.
            LogConsumeError(e.Error.Code, e.Error.Reason);
            return false;
        }
    }

    /// <inheritdoc/>
    public IReadOnlyList<long?> Committed(IReadOnlyList<int> partitions)
    {
        ArgumentNullException.ThrowIfNull(partitions);
        return Asking(() => consumer.Committed(partitions.Select(Of), AnswerTimeout)
            .Select(o => o.Offset == Offset.Unset ? (long?)null : o.Offset.Value)
            .ToArray());
    }

    /// <inheritdoc/>
    public long FirstStartOf(int partition) => Asking(() =>
    {
        var bounds = consumer.QueryWatermarkOffsets(Of(partition), AnswerTimeout);
        return firstStart == FirstStart.Earliest ? bounds.Low.Value : bounds.High.Value;
    });

    /// <inheritdoc/>
    public void Commit(IReadOnlyList<(int Partition, long Offset)> offsets) => Asking(() =>
    {
        consumer.Commit(offsets.Select(o => new TopicPartitionOffset(Of(o.Partition), o.Offset)));
        return true;
    });

    /// <inheritdoc/>
    public void Pause(int partition) => consumer.Pause([Of(partition)]);

    /// <inheritdoc/>
    public void Resume(int partition) => consumer.Resume([Of(partition)]);

    /// <inheritdoc/>
    public void Seek(int partition, long offset) => Asking(() =>
    {
        consumer.Seek(new TopicPartitionOffset(Of(partition), offset));
        return true;
    });

    /// <summary>This member, as a transaction's offsets name it.</summary>
    public IConsumerGroupMetadata Member => consumer.ConsumerGroupMetadata;

    /// <inheritdoc/>
    public long? EndOffset(int partition)
    {
        var end = consumer.GetWatermarkOffsets(Of(partition)).High;
        return end == Offset.Unset ? null : end.Value;
    }

    /// <inheritdoc/>
    public void Close() => Asking(() =>
    {
        closing = true;
        consumer.LeaveGroup();
        return true;
    });

    /// <inheritdoc/>
    public void Dispose() => consumer.Dispose();

    // An assignment that comes while the client closes is undone at once, and the client answers no questions any more:
    // a listener that asked where to start would wait in vain, and the close with it.
    private IEnumerable<TopicPartitionOffset> Assigned(List<TopicPartition> partitions) =>
        !closing && listener!.Assigned([.. partitions.Select(p => p.Partition.Value)]) is { } starts
            ? partitions.Select((p, i) => new TopicPartitionOffset(p, starts[i]))
            : partitions.Select(p => new TopicPartitionOffset(p, Offset.End));

    private LogGapException GapAt(TopicPartitionOffset at)
    {
        try
        {
            var gap = LogGap.Find(consumer, at.TopicPartition, at.Offset.Value, AnswerTimeout);
            return new LogGapException(at.Partition.Value, gap?.ToString() ?? $"offset {at.Offset.Value} of {at.TopicPartition} was not in the log", gap?.Lost ?? 0);
        }
        catch (KafkaException e)
        {
            return new LogGapException(at.Partition.Value, $"offset {at.Offset.Value} of {at.TopicPartition} is not in the log; what is, is not known ({e.Error.Reason})");
        }
    }

    private TopicPartition Of(int partition) => new(topic, partition);

    private static int[] Numbers(List<TopicPartitionOffset> partitions) => [.. partitions.Select(p => p.Partition.Value)];

    private static T Asking<T>(Func<T> question)
    {
        try
        {
            return question();
        }
        catch (KafkaException e)
        {
            throw new GroupException($"{e.Error.Code}: {e.Error.Reason}", !e.Error.IsFatal, e);
        }
    }

    private static ConsumerConfig Configuration(SourceOptions options) => new(options.Client.ToDictionary())
    {
        BootstrapServers = options.BootstrapServers,
        GroupId = options.GroupId,
        PartitionAssignmentStrategy = options.Assignor == Assignor.Range ? PartitionAssignmentStrategy.Range : PartitionAssignmentStrategy.CooperativeSticky,
        EnableAutoCommit = false,
        EnableAutoOffsetStore = false,
        // An offset that the log does not have must never be silently replaced by another.
        AutoOffsetReset = AutoOffsetReset.Error,
        SessionTimeoutMs = (int)options.SessionTimeout.TotalMilliseconds,
        HeartbeatIntervalMs = (int)options.HeartbeatInterval.TotalMilliseconds,
        FetchWaitMaxMs = (int)options.FetchWait.TotalMilliseconds,
        QueuedMaxMessagesKbytes = options.PrefetchKilobytes,
        SocketNagleDisable = true,
        IsolationLevel = IsolationLevel.ReadCommitted,
    };

    [LoggerMessage(Level = LogLevel.Warning, Message = "Reading the input log failed ({Code}: {Reason}); the client goes on trying")]
    private partial void LogConsumeError(ErrorCode code, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The Kafka consumer reports {Code}: {Reason} (fatal: {IsFatal})")]
    private partial void LogClientError(ErrorCode code, string reason, bool isFatal);

    [LoggerMessage(Level = LogLevel.Debug, Message = "librdkafka consumer {Facility}: {Text}")]
    private partial void LogClientMessage(string facility, string text);
}
