using Confluent.Kafka;
using Microsoft.Extensions.Logging;
using Scoring.Actors.Log;
using Scoring.Kafka;
using Scoring.Models.Wire;

namespace Scoring.Actors.Ledger;

/// <summary>Where the projection reads: what it takes, where a partition begins and where it goes on after a gap.</summary>
public sealed partial class LedgerProjection
{
    // While its queue is full the client looks for room once a second by itself; a log that keeps little is gone by then.
    private const int FetchQueueBackoffMs = 20;

    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(5);

    // Takes what is there, and waits only while there is nothing.
    private void Collect()
    {
        var timeout = (int)PollTimeout.TotalMilliseconds;
        while (rows.Count < options.MaxBatchRows && !stop.IsCancellationRequested && TakeNext(timeout) is { } result)
        {
            timeout = 0;
            if (rereads.Contains(result.Partition.Value))
                continue;
            nextOffsets[result.Partition.Value] = result.Offset.Value + 1;
            if (result.Message.Value is { } value && ScoreKeys.TryRead(value, out var keys))
                rows.Add(new LedgerRow(keys, value, Now));
            else
                metrics.Unreadable.Add(1);
        }
    }

    private ConsumeResult<Ignore, byte[]>? TakeNext(int timeout)
    {
        try
        {
            return consumer.Consume(timeout);
        }
        catch (ConsumeException e) when (e.Error.Code == ErrorCode.Local_AutoOffsetReset)
        {
            // What was read before it is written first.
            gaps[e.ConsumerRecord.Partition.Value] = e.ConsumerRecord.Offset.Value;
            return null;
        }
        catch (ConsumeException e) when (!e.Error.IsFatal)
        {
            LogClientError(e.Error.Code, e.Error.Reason);
            return null;
        }
    }

    private bool TryReadOn()
    {
        foreach (var partition in rereads.ToList())
        {
            if (StartOf(partition) is not { } start || !TryReadFrom(partition, start))
                return false;
            rereads.Remove(partition);
        }

        foreach (var partition in gaps.Keys.ToList())
        {
            if (!TryPassGap(partition))
                return false;
            gaps.Remove(partition);
        }

        return true;
    }

    // What is gone is counted, and the ledger moves on to what there is, so that a restart does not count it again.
    private bool TryPassGap(int partition)
    {
        var position = nextOffsets.TryGetValue(partition, out var collected) ? collected : positions.GetValueOrDefault(partition) ?? gaps[partition];
        try
        {
            if (LogGap.Find(consumer, new TopicPartition(topic, partition), position, AnswerTimeout) is { } gap)
            {
                metrics.Lost.Add(gap.Lost);
                Progress.Outrun(partition, gap.Lost, gap.ToString(), gap.High);
                LogOutrun(gap.Lost, gap.ToString());
                nextOffsets[partition] = position = gap.Low;
            }
        }
        catch (KafkaException e) when (!e.Error.IsFatal)
        {
            LogClientError(e.Error.Code, e.Error.Reason);
            return false;
        }

        return TryReadFrom(partition, position);
    }

    // Assigned anew: a client seeks in no partition of which it did not find the offset.
    private bool TryReadFrom(int partition, Offset start)
    {
        var place = new TopicPartition(topic, partition);
        try
        {
            if (consumer.Assignment.Contains(place))
                consumer.IncrementalUnassign([place]);
            consumer.IncrementalAssign([new TopicPartitionOffset(place, start)]);
            return true;
        }
        catch (KafkaException e) when (!e.Error.IsFatal)
        {
            LogClientError(e.Error.Code, e.Error.Reason);
            return false;
        }
    }

    // Inside a rebalance nothing is tried twice: what is not written is read again by whoever comes next.
    private void Leave(List<TopicPartitionOffset> partitions, bool write)
    {
        if (nextOffsets.Count > 0 && !(write && TryWrite()))
            GiveUp();
        foreach (var left in partitions)
        {
            positions.TryRemove(left.Partition.Value, out _);
            rereads.Remove(left.Partition.Value);
            gaps.Remove(left.Partition.Value);
            Progress.Left(left.Partition.Value);
        }

        // Whoever has the partitions now tells of its own failures.
        if (positions.IsEmpty)
            trouble.Forgive();
    }

    private List<TopicPartitionOffset> Join(List<TopicPartition> partitions)
    {
        var starts = partitions.ConvertAll(Join);
        joined.TrySetResult();
        return starts;
    }

    // From the oldest record on, rows that are there stay as they are, and the first write tells where the ledger is.
    private TopicPartitionOffset Join(TopicPartition partition) => new(partition, StartOf(partition.Partition.Value) ?? Offset.Beginning);

    private Offset? StartOf(int partition)
    {
        try
        {
            positions[partition] = ledger.NextOffset(topic, partition);
            return positions[partition] is { } next ? new Offset(next) : Offset.Beginning;
        }
        catch (LedgerUnavailableException e)
        {
            positions.TryAdd(partition, null);
            Failed(e);
            return null;
        }
    }

    private long? EndOf(int partition)
    {
        try
        {
            return consumer.GetWatermarkOffsets(new TopicPartition(topic, partition)).High is { IsSpecial: false } end ? end.Value : null;
        }
        catch (ObjectDisposedException)
        {
            // Whoever looks while the node stops sees no end.
            return null;
        }
    }

    private static ConsumerConfig Configuration(GroupOptions source, string suffix) => new(source.Client.ToDictionary())
    {
        BootstrapServers = source.BootstrapServers,
        GroupId = $"{source.GroupId}-ledger{suffix}",
        PartitionAssignmentStrategy = PartitionAssignmentStrategy.CooperativeSticky,
        EnableAutoCommit = false,
        EnableAutoOffsetStore = false,
        // Going on elsewhere by itself, the client would leave scores out without a word.
        AutoOffsetReset = AutoOffsetReset.Error,
        SessionTimeoutMs = (int)source.SessionTimeout.TotalMilliseconds,
        HeartbeatIntervalMs = (int)source.HeartbeatInterval.TotalMilliseconds,
        FetchWaitMaxMs = (int)source.FetchWait.TotalMilliseconds,
        FetchQueueBackoffMs = FetchQueueBackoffMs,
        QueuedMaxMessagesKbytes = source.PrefetchKilobytes,
        IsolationLevel = IsolationLevel.ReadCommitted,
    };

    [LoggerMessage(Level = LogLevel.Error, Message = "The ledger lacks {Lost} scores: {What}. GET /v1/scores does not find them")]
    private partial void LogOutrun(long lost, string what);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The ledger's Kafka consumer reports {Code}: {Reason}")]
    private partial void LogClientError(ErrorCode code, string reason);

    [LoggerMessage(Level = LogLevel.Debug, Message = "librdkafka ledger consumer {Facility}: {Text}")]
    private partial void LogClientMessage(string facility, string text);
}
