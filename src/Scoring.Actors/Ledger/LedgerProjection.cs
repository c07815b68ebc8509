using System.Diagnostics.Metrics;
using Confluent.Kafka;
using Microsoft.Extensions.Logging;
using Scoring.Actors.Log;
using Scoring.Actors.Telemetry;
using Scoring.Models.Wire;

namespace Scoring.Actors.Ledger;

/// <summary>
/// Copies the `scores` topic into the ledger. How far it has come is kept in the ledger, in the same SQL
/// transaction as the rows, and moves only from where this reader began: one that has lost a partition without
/// knowing it writes nothing. Scoring never waits for it. Of a shared ledger the nodes are one group; else each
/// reads the whole topic as a group of its own. Either way any node answers for any transaction.
/// </summary>
public sealed partial class LedgerProjection : IAsyncDisposable
{
    private const int PruneEveryWrites = 256;
    private static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan PollTimeout = TimeSpan.FromMilliseconds(50);

    private readonly IScoreLedger ledger;
    private readonly LedgerOptions options;
    private readonly string topic;
    private readonly TimeProvider time;
    private readonly ILogger<LedgerProjection> logger;
    private readonly IConsumer<Ignore, byte[]> consumer;
    private readonly CancellationTokenSource stop = new();
    private readonly TaskCompletionSource ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource failed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<LedgerRow> rows = [];
    private readonly Dictionary<int, long> nextOffsets = [];
    private readonly Dictionary<int, long?> positions = [];
    private readonly HashSet<int> rereads = [];
    private readonly Counter<long> written;
    private readonly Counter<long> unreadable;
    private readonly Counter<long> failures;
    private readonly Counter<long> overtaken;
    private long writes;
    private bool started;

    /// <summary>Makes the projection; <see cref="Start"/> joins its group.</summary>
    /// <param name="ledger">Where the scores go.</param>
    /// <param name="options">Its bounds.</param>
    /// <param name="source">Which brokers to read from, and the scorers' group, after which this one is named.</param>
    /// <param name="nodeId">This node's id, which tells its group from the other nodes' where each fills its own ledger.</param>
    /// <param name="topic">The topic of the scores.</param>
    /// <param name="time">Times the end.</param>
    /// <param name="meters">Where its metrics are counted.</param>
    /// <param name="logger">Where failed writes are logged.</param>
    public LedgerProjection(IScoreLedger ledger, LedgerOptions options, GroupOptions source, string nodeId, string topic, TimeProvider time, IMeterFactory meters, ILogger<LedgerProjection> logger)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(meters);
        this.ledger = ledger;
        this.options = options;
        this.topic = topic;
        this.time = time;
        this.logger = logger;
        var meter = meters.Create(ScoringMeter.Name);
        written = meter.CreateCounterAtZero("scoring.ledger.rows", "{score}", "Scores written to the ledger");
        unreadable = meter.CreateCounterAtZero("scoring.ledger.unreadable", "{record}", "Records of the scores' topic that are no scores");
        failures = meter.CreateCounterAtZero("scoring.ledger.failures", "{write}", "Writes to the ledger that failed and were repeated");
        overtaken = meter.CreateCounterAtZero("scoring.ledger.overtaken", "{write}", "Writes to the ledger given up because another node had moved a partition");
        consumer = new ConsumerBuilder<Ignore, byte[]>(Configuration(source, ledger.IsShared ? "" : $"-{nodeId}"))
            .SetPartitionsAssignedHandler((_, partitions) => partitions.Select(Join).ToList())
            .SetPartitionsRevokedHandler((_, partitions) => Leave(partitions, write: true))
            .SetPartitionsLostHandler((_, partitions) => Leave(partitions, write: false))
            .SetErrorHandler((_, error) => LogClientError(error.Code, error.Reason))
            .SetLogHandler((_, message) => LogClientMessage(message.Facility, message.Message))
            .Build();
    }

    /// <summary>Never ends while the projection works or is stopped; faulted if it can't go on.</summary>
    public Task Failure => failed.Task;

    /// <summary>Joins the group and begins to copy.</summary>
    public void Start()
    {
        started = true;
        consumer.Subscribe(topic);
        new Thread(Run) { Name = "ledger", IsBackground = true, Priority = ThreadPriority.BelowNormal }.Start();
    }

    /// <summary>Leaves the group; after a bound it is given up.</summary>
    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        // Where the brokers are away the group can't be left: the client stays to the end of the process.
        if (started && await Task.WhenAny(ended.Task, Task.Delay(StopTimeout, time)) != ended.Task)
            return;
        consumer.Dispose();
        stop.Dispose();
    }

    private void Run()
    {
        try
        {
            while (!stop.IsCancellationRequested)
            {
                var late = !TryReread();
                Collect();
                while (nextOffsets.Count > 0 && !TryWrite() && !Pause())
                {
                }

                if (late)
                    Pause();
            }

            consumer.Close();
        }
#pragma warning disable CA1031 // Reported by Failure, which stops the node; while it stops anyway, rows are written again next time.
        catch (Exception e)
#pragma warning restore CA1031
        {
            if (!stop.IsCancellationRequested)
                failed.TrySetException(e);
        }
        finally
        {
            ended.TrySetResult();
        }
    }

    private bool Pause() => stop.Token.WaitHandle.WaitOne(options.RetryDelay);

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
                rows.Add(new LedgerRow(keys, value));
            else
                unreadable.Add(1);
        }
    }

    private ConsumeResult<Ignore, byte[]>? TakeNext(int timeout)
    {
        try
        {
            return consumer.Consume(timeout);
        }
        catch (ConsumeException e) when (!e.Error.IsFatal)
        {
            LogClientError(e.Error.Code, e.Error.Reason);
            return null;
        }
    }

    private bool TryWrite()
    {
        try
        {
            if (ledger.Write(rows, topic, [.. nextOffsets.Select(n => new LedgerStep(n.Key, positions.GetValueOrDefault(n.Key), n.Value))]) is { } added)
                Wrote(added);
            else
                Overtaken();
            return true;
        }
        catch (LedgerUnavailableException e)
        {
            failures.Add(1);
            LogWriteFailed(e.Message);
            return false;
        }
    }

    private void Wrote(int added)
    {
        written.Add(added);
        foreach (var (partition, next) in nextOffsets)
            positions[partition] = next;
        rows.Clear();
        nextOffsets.Clear();
        if (++writes % PruneEveryWrites == 0)
            ledger.Prune(options.Retention);
    }

    private void Overtaken()
    {
        overtaken.Add(1);
        GiveUp();
    }

    // What was collected is read again, from where the ledger is by now.
    private void GiveUp()
    {
        rereads.UnionWith(nextOffsets.Keys);
        rows.Clear();
        nextOffsets.Clear();
    }

    private bool TryReread()
    {
        foreach (var partition in rereads.ToList())
        {
            if (StartOf(partition) is not { } start || !TrySeek(partition, start))
                return false;
            rereads.Remove(partition);
        }

        return true;
    }

    private bool TrySeek(int partition, Offset start)
    {
        try
        {
            consumer.Seek(new TopicPartitionOffset(topic, partition, start));
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
            positions.Remove(left.Partition.Value);
            rereads.Remove(left.Partition.Value);
        }
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
            failures.Add(1);
            LogWriteFailed(e.Message);
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
        // Rows are keyed by transaction, so reading again from the oldest record repeats nothing.
        AutoOffsetReset = AutoOffsetReset.Earliest,
        SessionTimeoutMs = (int)source.SessionTimeout.TotalMilliseconds,
        HeartbeatIntervalMs = (int)source.HeartbeatInterval.TotalMilliseconds,
        FetchWaitMaxMs = (int)source.FetchWait.TotalMilliseconds,
        QueuedMaxMessagesKbytes = source.PrefetchKilobytes,
        IsolationLevel = IsolationLevel.ReadCommitted,
    };

    [LoggerMessage(Level = LogLevel.Warning, Message = "The ledger's database failed ({Reason}); the call is repeated")]
    private partial void LogWriteFailed(string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The ledger's Kafka consumer reports {Code}: {Reason}")]
    private partial void LogClientError(ErrorCode code, string reason);

    [LoggerMessage(Level = LogLevel.Debug, Message = "librdkafka ledger consumer {Facility}: {Text}")]
    private partial void LogClientMessage(string facility, string text);
}
