using System.Diagnostics.Metrics;
using Confluent.Kafka;
using Microsoft.Extensions.Logging;
using Scoring.Actors.Telemetry;
using Scoring.Kafka;

namespace Scoring.Actors.Source;

/// <summary>
/// Reads the input log as a member of the consumer group, hands each record to its partition's shard, and
/// commits what the shards have finished.
/// <list type="bullet">
/// <item>A partition is paused when its shard's mailbox is full and resumed when half of it is free.</item>
/// <item>Only the partitions that this node owns at that moment are committed: the group would accept a
/// commit of a living member for a partition that has moved to another.</item>
/// <item>A revoked partition's shard finishes what it has begun and is committed before the partition goes;
/// a lost one is given up.</item>
/// </list>
/// One thread polls; another commits, so that a slow commit holds up no record.
/// </summary>
public sealed partial class KafkaSource : IAsyncDisposable
{
    private const int PollTimeoutMs = 20;

    // While a partition is paused, its shard's progress is what to wait for, and no record announces that.
    private const int PausedPollTimeoutMs = 1;

    private static readonly TimeSpan CommittedTimeout = TimeSpan.FromSeconds(5);
    private const int CommittedTries = 6;

    // Beside the shards' time to finish: for their last commit and for leaving the group.
    private static readonly TimeSpan LeaveTimeout = TimeSpan.FromSeconds(3);

    private readonly SourceOptions options;
    private readonly string topic;
    private readonly int mailboxRecords;
    private readonly IShardSet shards;
    private readonly RecordReader reader;
    private readonly TimeProvider time;
    private readonly ILogger<KafkaSource> logger;
    private readonly IConsumer<byte[], byte[]> consumer;
    private readonly Counter<long> commitFailures;
    private readonly Counter<long> foreign;
    private readonly Counter<long> pauses;
    private readonly TaskCompletionSource ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource stop = new();

    // Guards `owned` and every commit: a partition must not be committed once its revocation has begun.
    private readonly Lock ownership = new();
    private readonly Dictionary<int, OwnedPartition> owned = [];

    // What `owned` holds, for those who only look: a commit may take as long as the brokers are away.
    private volatile OwnedPartition[] view = [];
    private int pausedPartitions;
    private volatile Exception? failure;
    private Thread? committer;
    private readonly TaskCompletionSource joined = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Makes the source; <see cref="Start"/> joins the group.</summary>
    /// <param name="options">How it reads.</param>
    /// <param name="topic">The input log's topic.</param>
    /// <param name="mailboxRecords">Records in a shard's mailbox at which its partition is paused.</param>
    /// <param name="nodeId">This node's id, by which it knows its own waiters.</param>
    /// <param name="shards">Where the records go.</param>
    /// <param name="time">Times the commits.</param>
    /// <param name="meters">Where its metrics are counted.</param>
    /// <param name="logger">Where rebalances and errors are logged.</param>
    public KafkaSource(
        SourceOptions options,
        string topic,
        int mailboxRecords,
        string nodeId,
        IShardSet shards,
        TimeProvider time,
        IMeterFactory meters,
        ILogger<KafkaSource> logger)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(meters);
        NativeClient.Load();
        this.options = options;
        this.topic = topic;
        this.mailboxRecords = mailboxRecords;
        this.shards = shards;
        this.time = time;
        this.logger = logger;
        reader = new RecordReader(nodeId, time);
        var meter = meters.Create(ScoringMeter.Name);
        commitFailures = meter.CreateCounter<long>("scoring.source.commit_failures", "{commit}", "Commits that the group refused or did not answer");
        foreign = meter.CreateCounter<long>("scoring.source.foreign_records", "{record}", "Records of partitions that had been revoked, dropped");
        pauses = meter.CreateCounter<long>("scoring.source.pauses", "{pause}", "Times that a partition was paused because its mailbox was full");
        consumer = new ConsumerBuilder<byte[], byte[]>(Configuration(options))
            .SetPartitionsAssignedHandler((_, partitions) => Assigned(partitions))
            .SetPartitionsRevokedHandler((_, partitions) => Revoked(partitions))
            .SetPartitionsLostHandler((_, partitions) => Lost(partitions))
            .SetErrorHandler((_, error) => LogClientError(error.Code, error.Reason, error.IsFatal))
            .SetLogHandler((_, message) => LogClientMessage(message.Facility, message.Message))
            .Build();
    }

    /// <summary>Ends when the source has left the group; faulted if it or a shard could not go on.</summary>
    public Task Completion => ended.Task;

    /// <summary>Ends when the group has given this node its share of the partitions for the first time; faulted if it never will.</summary>
    public Task Joined => joined.Task;

    /// <summary>Joins the group and begins to read.</summary>
    public void Start()
    {
        consumer.Subscribe(topic);
        committer = new Thread(CommitLoop) { Name = "source-commit", IsBackground = true };
        committer.Start();
        new Thread(Poll) { Name = "source-poll", IsBackground = true }.Start();
    }

    /// <summary>The partitions of this node. Never waits.</summary>
    public IReadOnlyList<PartitionState> Partitions() => [.. view.Select(StateOf)];

    /// <summary>
    /// Finishes what the shards have begun, commits it, and leaves the group. Where the brokers are away none of
    /// this can be had: after a bound the client is left to the end of the process.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        if (committer is not null)
        {
            // A failure was reported by Completion; leaving is all that is left to do.
            var left = ended.Task.ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
            if (await Task.WhenAny(left, Task.Delay(options.RevocationTimeout + LeaveTimeout, time)) != left)
            {
                LogNotLeft(options.RevocationTimeout + LeaveTimeout);
                return;
            }
        }

        consumer.Dispose();
        stop.Dispose();
    }

    private void Poll()
    {
        try
        {
            while (!stop.IsCancellationRequested && failure is null)
            {
                ResumeDrained();
                if (TakeNext() is { } result)
                    Route(result);
                CheckShards();
            }
        }
#pragma warning disable CA1031 // Reported by Completion, which stops the node.
        catch (Exception e)
#pragma warning restore CA1031
        {
            failure ??= e;
        }

        Leave();
    }

    private ConsumeResult<byte[], byte[]>? TakeNext()
    {
        try
        {
            return consumer.Consume(pausedPartitions > 0 ? PausedPollTimeoutMs : PollTimeoutMs);
        }
        catch (ConsumeException e) when (e.Error.Code == ErrorCode.Local_AutoOffsetReset)
        {
            TakeDown(e.ConsumerRecord.Partition.Value, e.ConsumerRecord.Offset.Value);
            return null;
        }
        catch (ConsumeException e) when (!e.Error.IsFatal)
        {
            // The client goes on by itself: a topic that does not exist yet, a broker that is away.
            LogConsumeError(e.Error.Code, e.Error.Reason);
            return null;
        }
    }

    private void Route(ConsumeResult<byte[], byte[]> result)
    {
        if (!owned.TryGetValue(result.Partition.Value, out var partition))
        {
            foreign.Add(1);
            return;
        }

        partition.Shard.Enqueue(reader.Read(result));
        if (!partition.Paused && partition.Shard.Waiting >= mailboxRecords)
        {
            consumer.Pause([partition.Partition]);
            partition.Paused = true;
            pausedPartitions++;
            pauses.Add(1);
        }
    }

    private void ResumeDrained()
    {
        if (pausedPartitions == 0)
            return;
        foreach (var partition in owned.Values)
        {
            if (!partition.Paused || partition.Shard.Waiting > mailboxRecords / 2)
                continue;
            consumer.Resume([partition.Partition]);
            partition.Paused = false;
            pausedPartitions--;
        }
    }

    private void CheckShards()
    {
        foreach (var partition in owned.Values)
        {
            if (partition.Shard.Completion.Exception is { } error)
                throw error.GetBaseException();
        }
    }

    private void TakeDown(int number, long offset)
    {
        LogLogGap(number, offset);
        lock (ownership)
        {
            if (owned.TryGetValue(number, out var partition))
                partition.Down = "state_log_gap";
        }
    }

    private void Leave()
    {
        try
        {
            // Closing revokes what is owned: the handler finishes and commits it.
            consumer.Close();
            committer!.Join();
        }
        catch (KafkaException e)
        {
            failure ??= e;
        }

        if (failure is null)
        {
            joined.TrySetCanceled();
            ended.TrySetResult();
        }
        else
        {
            joined.TrySetException(failure);
            ended.TrySetException(failure);
        }
    }

    private PartitionState StateOf(OwnedPartition partition)
    {
        var watermarks = consumer.GetWatermarkOffsets(partition.Partition);
        long? end = watermarks.High == Offset.Unset ? null : watermarks.High.Value;
        return new PartitionState(partition.Partition.Partition.Value, partition.Committed, end, partition.Paused, partition.Down);
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

    private sealed class OwnedPartition(TopicPartition partition, IShard shard)
    {
        private long committed = -1;

        internal TopicPartition Partition { get; } = partition;

        internal IShard Shard { get; } = shard;

        // Written by the commit thread, read by any; a nullable long could be read half.
        internal long? Committed
        {
            get => Volatile.Read(ref committed) is var offset && offset < 0 ? null : offset;
            set => Volatile.Write(ref committed, value ?? -1);
        }

        internal bool Paused { get; set; }

        internal string? Down { get; set; }
    }
}
