using Confluent.Kafka;
using Microsoft.Extensions.Logging;
using Scoring.Actors.Log;
using Scoring.Kafka;
using Scoring.Models.Wire;

namespace Scoring.Actors.Relay;

/// <summary>
/// One life of the relay's clients, on one thread: 1. what is acknowledged is settled; 2. what waits for room is
/// appended; 3. as long as there is room, the next record is read; 4. now and then what is settled is committed.
/// Any failure ends it, without a commit of what is not acknowledged.
/// </summary>
internal sealed partial class RelaySession : IDisposable
{
    private const int PollTimeoutMs = 50;

    // While partitions are paused, acknowledgements are what to wait for, and no record announces them.
    private const int PausedPollTimeoutMs = 5;

    private static readonly TimeSpan CommittedTimeout = TimeSpan.FromSeconds(5);

    private readonly RelaySettings settings;
    private readonly IOutputLog log;
    private readonly IOutputLog deadLetters;
    private readonly RelayProgress progress;
    private readonly TimeProvider time;
    private readonly RelayMetrics metrics;
    private readonly ILogger logger;
    private readonly RelayCopier copier;
    private readonly IConsumer<byte[], byte[]> consumer;
    private readonly Dictionary<TopicPartition, OriginPartition> owned = [];
    private readonly Queue<ConsumeResult<byte[], byte[]>> waiting = new();
    private readonly AutoResetEvent settled = new(false);
    private int recordsUnderWay;
    private long bytesUnderWay;
    private long lastCommit;
    private Exception? failure;

    private readonly FirstCopy first = new();

    internal RelaySession(RelaySettings settings, IOutputLog log, IOutputLog deadLetters, RelayProgress progress, TimeProvider time, RelayMetrics metrics, ILogger logger)
    {
        this.settings = settings;
        this.log = log;
        this.deadLetters = deadLetters;
        this.progress = progress;
        this.time = time;
        this.metrics = metrics;
        this.logger = logger;
        copier = new RelayCopier(settings, time);
        consumer = new ConsumerBuilder<byte[], byte[]>(Configuration(settings))
            .SetPartitionsAssignedHandler((_, partitions) => Assigned(partitions))
            .SetPartitionsRevokedHandler((_, partitions) => Guard(() => Leave(partitions, areOurs: true)))
            .SetPartitionsLostHandler((_, partitions) => Guard(() => Leave(partitions, areOurs: false)))
            .SetErrorHandler((_, error) => LogClientError(error.Code, error.Reason))
            .SetLogHandler((_, message) => LogClientMessage(message.Facility, message.Message))
            .Build();
    }

    private bool IsFull =>
        waiting.Count > 0 || first.IsUnderWay || recordsUnderWay >= settings.Options.MaxInFlightRecords || bytesUnderWay >= settings.Options.MaxInFlightKilobytes * 1024L;

    // Half of the room must be free before more is read: a pause throws away what the client has fetched.
    private bool IsHalfEmpty =>
        waiting.Count == 0 && recordsUnderWay <= settings.Options.MaxInFlightRecords / 2 && bytesUnderWay <= settings.Options.MaxInFlightKilobytes * 512L;

    public void Dispose()
    {
        consumer.Dispose();
        settled.Dispose();
    }

    /// <summary>Relays until it is stopped.</summary>
    /// <exception cref="RelayException">A record was not appended.</exception>
    /// <exception cref="KafkaException">The client can't go on.</exception>
    internal void Run(CancellationToken stop)
    {
        lastCommit = time.GetTimestamp();
        progress.Begin();
        consumer.Subscribe(settings.Origins);
        while (!stop.IsCancellationRequested)
        {
            // 1. Settle.
            first.ThrowIfFailed();
            foreach (var partition in owned.Values)
                Settle(partition);

            // 2. Append what waits.
            while (waiting.TryPeek(out var result) && TryRelay(result))
                waiting.Dequeue();

            // 3. Read on.
            var isPaused = PauseOrResume();
            if (TakeNext(isPaused ? PausedPollTimeoutMs : PollTimeoutMs) is { } next && owned.ContainsKey(next.TopicPartition))
                waiting.Enqueue(next);

            // 4. Commit.
            CommitNowAndThen();
            if (failure is not null)
                throw new RelayException(failure.Message);
        }

        // Closing revokes what is owned: the handler settles and commits it.
        consumer.LeaveGroup();
    }

    private void Settle(OriginPartition partition)
    {
        var (records, bytes) = partition.Settle();
        recordsUnderWay -= records;
        bytesUnderWay -= bytes;
    }

    private bool TryRelay(ConsumeResult<byte[], byte[]> result)
    {
        var message = result.Message;
        var observer = new RelayedRecord(result.Offset.Value + 1, (message.Key?.Length ?? 0) + (message.Value?.Length ?? 0), settled);
        var copy = copier.Copy(result.TopicPartition, result.Offset.Value, message.Timestamp, message.Key, message.Value, message.Headers, out var rejection);
        if (!(rejection is null ? TryAppend(copy, result.Topic, observer) : TryBury(copy, rejection, observer)))
            return false;
        // What the log refuses at once is not behind what it will take next, so it must not take any more.
        if (observer.Failure is { } refused)
            throw new RelayException($"{result.TopicPartitionOffset}: the record was not appended ({refused})");
        owned[result.TopicPartition].Add(observer);
        recordsUnderWay++;
        bytesUnderWay += observer.Bytes;
        metrics.Show(recordsUnderWay);
        return true;
    }

    private bool TryAppend(in OutputRecord copy, string topic, RelayedRecord observer)
    {
        if (first.IsUnderWay || !log.TryAppend(copy, observer))
            return false;
        first.Add(observer);
        metrics.Relayed(topic);
        return true;
    }

    private bool TryBury(in OutputRecord letter, Rejection rejection, RelayedRecord observer)
    {
        if (!deadLetters.TryAppend(letter, new DeadLetterAppend(deadLetters, letter, observer)))
            return false;
        metrics.Dead(rejection.Reason);
        return true;
    }

    private bool PauseOrResume()
    {
        var isFull = IsFull;
        var isHalfEmpty = !isFull && IsHalfEmpty;
        var isPaused = false;
        foreach (var partition in owned.Values)
        {
            var isStopped = progress.IsStopped(partition.Partition.Topic);
            if ((isFull || isStopped) && !partition.IsPaused)
            {
                consumer.Pause([partition.Partition]);
                partition.IsPaused = true;
                metrics.Pauses.Add(1);
            }
            else if (isHalfEmpty && !isStopped && partition.IsPaused)
            {
                consumer.Resume([partition.Partition]);
                partition.IsPaused = false;
            }

            isPaused |= partition.IsPaused && !isStopped;
        }

        return isPaused;
    }

    private ConsumeResult<byte[], byte[]>? TakeNext(int timeoutMs)
    {
        try
        {
            return consumer.Consume(timeoutMs);
        }
        catch (ConsumeException e) when (e.Error.Code == ErrorCode.Local_AutoOffsetReset)
        {
            StandStill(e.ConsumerRecord.TopicPartitionOffset);
            return null;
        }
        catch (ConsumeException e) when (!e.Error.IsFatal)
        {
            // The client goes on by itself: a topic that does not exist yet, a broker that is away.
            LogClientError(e.Error.Code, e.Error.Reason);
            return null;
        }
    }

    // What is gone is gone, but what comes is not passed by: somebody has to say where to go on.
    private void StandStill(TopicPartitionOffset at)
    {
        var gap = GapAt(at);
        var why = settings.WhyStanding(at.TopicPartition, at.Offset.Value, gap);
        metrics.Gaps.Add(1);
        metrics.Lost.Add(gap?.Lost ?? 0, KeyValuePair.Create<string, object?>("topic", at.Topic));
        progress.Stands(at.Topic, at.Partition.Value, why);
        LogNotRelayed(why);
    }

    private LogGap? GapAt(TopicPartitionOffset at)
    {
        try
        {
            return LogGap.Find(consumer, at.TopicPartition, at.Offset.Value, CommittedTimeout);
        }
        catch (KafkaException e) when (!e.Error.IsFatal)
        {
            LogClientError(e.Error.Code, e.Error.Reason);
            return null;
        }
    }

    private void CommitNowAndThen()
    {
        if (time.GetElapsedTime(lastCommit) < settings.Options.CommitInterval)
            return;
        lastCommit = time.GetTimestamp();
        Commit(owned.Values);
        metrics.Show(recordsUnderWay);
        foreach (var partition in owned.Values)
            metrics.Show(partition.Partition.Topic, partition.Partition.Partition.Value, LagOf(partition));
    }

    private long LagOf(OriginPartition partition)
    {
        var ends = consumer.GetWatermarkOffsets(partition.Partition);
        return ends.High == Offset.Unset ? 0 : ends.High.Value - (partition.Committed ?? Math.Max(0, ends.Low.Value));
    }

    private void Commit(IEnumerable<OriginPartition> partitions)
    {
        var moved = partitions.Where(p => p.Committable is not null && p.Committable != p.Committed).ToList();
        if (moved.Count == 0)
            return;
        try
        {
            consumer.Commit(moved.Select(p => new TopicPartitionOffset(p.Partition, p.Committable!.Value)));
            foreach (var partition in moved)
                partition.Committed = partition.Committable;
        }
        catch (KafkaException e) when (!e.Error.IsFatal)
        {
            // Nothing is lost: it is committed next time, or relayed again by the next owner.
            metrics.CommitFailures.Add(1);
            LogCommitFailed(e.Error.Code, e.Error.Reason);
        }
    }

    private List<TopicPartitionOffset> Assigned(List<TopicPartition> partitions)
    {
        var starts = partitions.ConvertAll(p => new TopicPartitionOffset(p, settings.StartsAtOldest ? Offset.Beginning : Offset.End));
        Guard(() =>
        {
            starts = consumer.Committed(partitions, CommittedTimeout)
                .ConvertAll(c => c.Offset == Offset.Unset ? starts.Single(s => s.TopicPartition == c.TopicPartition) : c);
            foreach (var start in starts)
                owned[start.TopicPartition] = new OriginPartition(start.TopicPartition) { Committed = start.Offset.IsSpecial ? null : start.Offset.Value };
        });
        return starts;
    }

    private void Leave(List<TopicPartitionOffset> partitions, bool areOurs)
    {
        var leaving = partitions.Where(p => owned.ContainsKey(p.TopicPartition)).Select(p => owned[p.TopicPartition]).ToList();
        if (areOurs)
        {
            AwaitAcknowledgements(leaving);
            Commit(leaving);
        }

        foreach (var partition in leaving)
        {
            owned.Remove(partition.Partition);
            progress.Left(partition.Partition.Topic, partition.Partition.Partition.Value);
            metrics.Left(partition.Partition.Topic, partition.Partition.Partition.Value);
            recordsUnderWay -= partition.UnderWay.Records;
            bytesUnderWay -= partition.UnderWay.Bytes;
        }

        // What waits for room is the next owner's to read.
        for (var count = waiting.Count; count > 0; count--)
        {
            if (waiting.Dequeue() is var result && owned.ContainsKey(result.TopicPartition))
                waiting.Enqueue(result);
        }
    }

    private void AwaitAcknowledgements(List<OriginPartition> leaving)
    {
        var since = time.GetTimestamp();
        while (true)
        {
            foreach (var partition in leaving)
                Settle(partition);
            var left = settings.Options.StopTimeout - time.GetElapsedTime(since);
            if (leaving.TrueForAll(p => p.IsSettled) || left <= TimeSpan.Zero || !settled.WaitOne(left))
                return;
        }
    }

    // The client takes an exception in a handler as a wish to give everything up: what goes wrong is kept and ends the session.
    private void Guard(Action handle)
    {
        try
        {
            handle();
        }
        catch (Exception e) when (e is KafkaException or RelayException)
        {
            failure ??= e;
        }
    }

    private static ConsumerConfig Configuration(RelaySettings settings) => new(settings.Group.Client.ToDictionary())
    {
        BootstrapServers = settings.Group.BootstrapServers,
        GroupId = settings.GroupId,
        PartitionAssignmentStrategy = PartitionAssignmentStrategy.CooperativeSticky,
        EnableAutoCommit = false,
        EnableAutoOffsetStore = false,
        // An offset that the log does not have must never be silently replaced by another.
        AutoOffsetReset = AutoOffsetReset.Error,
        SessionTimeoutMs = (int)settings.Group.SessionTimeout.TotalMilliseconds,
        HeartbeatIntervalMs = (int)settings.Group.HeartbeatInterval.TotalMilliseconds,
        FetchWaitMaxMs = (int)settings.Options.FetchWait.TotalMilliseconds,
        QueuedMaxMessagesKbytes = settings.Options.MaxInFlightKilobytes,
        IsolationLevel = IsolationLevel.ReadCommitted,
    };

    [LoggerMessage(Level = LogLevel.Critical, Message = "A partition is not relayed: {Why}")]
    private partial void LogNotRelayed(string why);

    [LoggerMessage(Level = LogLevel.Warning, Message = "A commit of the relay failed ({Code}: {Reason}); it is repeated with the next")]
    private partial void LogCommitFailed(ErrorCode code, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The relay's Kafka consumer reports {Code}: {Reason}")]
    private partial void LogClientError(ErrorCode code, string reason);

    [LoggerMessage(Level = LogLevel.Debug, Message = "librdkafka relay consumer {Facility}: {Text}")]
    private partial void LogClientMessage(string facility, string text);
}
