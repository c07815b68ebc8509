using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Confluent.Kafka;
using Microsoft.Extensions.Logging;
using Scoring.Actors.Log;
using Scoring.Actors.Telemetry;
using Scoring.Kafka;
using Scoring.Models.Wire;

namespace Scoring.Actors.Ledger;

/// <summary>
/// Copies the `scores` topic into the ledger. How far it has come is kept in the ledger, in the same SQL
/// transaction as the rows, and moves only from where this reader began: one that has lost a partition without
/// knowing it writes nothing. Scoring never waits for it. Of a shared ledger the nodes are one group; else each
/// reads the whole topic as a group of its own. Either way any node answers for any transaction. Scores that leave
/// the topic before they are read are counted and told; while the database is away or full, the write is repeated.
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
    private readonly TaskCompletionSource joined = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource failed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<LedgerRow> rows = [];
    private readonly Dictionary<int, long> nextOffsets = [];
    private readonly ConcurrentDictionary<int, long?> positions = new();
    private readonly HashSet<int> rereads = [];
    private readonly Dictionary<int, long> gaps = [];
    private readonly Counter<long> written;
    private readonly Counter<long> unreadable;
    private readonly Counter<long> failures;
    private readonly Counter<long> overtaken;
    private readonly Counter<long> lost;
    private TimeSpan retryDelay;
    private long writes;
    private Task? leaving;
    private bool started;
    private bool isLeftBehind;
    private volatile bool isFailing;

    /// <summary>Makes the projection; <see cref="Start"/> joins its group.</summary>
    /// <param name="ledger">Where the scores go.</param>
    /// <param name="options">Its bounds.</param>
    /// <param name="source">Which brokers to read from, and the scorers' group, after which this one is named.</param>
    /// <param name="nodeId">This node's id, which tells its group from the other nodes' where each fills its own ledger.</param>
    /// <param name="topic">The topic of the scores.</param>
    /// <param name="time">Times the end, and tells when rows are written.</param>
    /// <param name="meters">Where its metrics are counted.</param>
    /// <param name="logger">Where failed writes are logged.</param>
    public LedgerProjection(IScoreLedger ledger, LedgerOptions options, GroupOptions source, string nodeId, string topic, TimeProvider time, IMeterFactory meters, ILogger<LedgerProjection> logger)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(meters);
        this.ledger = ledger;
        this.options = options;
        this.topic = topic;
        this.time = time;
        this.logger = logger;
        retryDelay = options.RetryDelay;
        var meter = meters.Create(ScoringMeter.Name);
        written = meter.CreateCounterAtZero("scoring.ledger.rows", "{score}", "Scores written to the ledger");
        unreadable = meter.CreateCounterAtZero("scoring.ledger.unreadable", "{record}", "Records of the scores' topic that are no scores");
        failures = meter.CreateCounterAtZero("scoring.ledger.failures", "{write}", "Writes to the ledger that failed and were repeated");
        overtaken = meter.CreateCounterAtZero("scoring.ledger.overtaken", "{write}", "Writes to the ledger given up because another node had moved a partition");
        lost = meter.CreateCounterAtZero("scoring.ledger.lost", "{score}", "Scores that left the topic before they were read: they are missing from the ledger");
        meter.CreateObservableGauge("scoring.ledger.failing", () => isFailing ? 1 : 0, "{ledger}", "1 while the ledger can't be written, or read for where it is");
        meter.CreateObservableGauge(
            "scoring.ledger.lag",
            () => Partitions().Where(p => p.Lag is not null).Select(p => new Measurement<long>(p.Lag!.Value, KeyValuePair.Create<string, object?>("partition", p.Partition))),
            "{score}",
            "Scores of a partition that are not in the ledger yet");
        consumer = new ConsumerBuilder<Ignore, byte[]>(Configuration(source, ledger.IsShared ? "" : $"-{nodeId}"))
            .SetPartitionsAssignedHandler((_, partitions) => Join(partitions))
            .SetPartitionsRevokedHandler((_, partitions) => Leave(partitions, write: true))
            .SetPartitionsLostHandler((_, partitions) => Leave(partitions, write: false))
            .SetErrorHandler((_, error) => LogClientError(error.Code, error.Reason))
            .SetLogHandler((_, message) => LogClientMessage(message.Facility, message.Message))
            .Build();
    }

    /// <summary>Never ends while the projection works or is stopped; faulted if it can't go on.</summary>
    public Task Failure => failed.Task;

    /// <summary>What went wrong with it, and whether it still does.</summary>
    public LedgerProgress Progress { get; } = new();

    /// <summary>Ends when the group has given this node its share of the scores for the first time; never if it does not.</summary>
    public Task Joined => joined.Task;

    /// <summary>The offset behind what the ledger has of a partition, as this node knows it; null before anything, or if it is not this node's.</summary>
    /// <param name="partition">The partition.</param>
    public long? NextOffset(int partition) => positions.GetValueOrDefault(partition);

    /// <summary>How far the partitions are that this node copies. Never waits.</summary>
    public IReadOnlyList<LedgerPartition> Partitions() =>
        [.. positions.OrderBy(p => p.Key).Select(p => new LedgerPartition(p.Key, p.Value, EndOf(p.Key), Progress.LostOf(p.Key)))];

    /// <summary>Joins the group and begins to copy.</summary>
    public void Start()
    {
        consumer.Subscribe(topic);
        new Thread(Run) { Name = "ledger", IsBackground = true, Priority = ThreadPriority.BelowNormal }.Start();
        started = true;
    }

    /// <summary>Leaves the group, once; after a bound it is given up.</summary>
    public Task StopAsync() => leaving ??= LeaveAsync();

    /// <summary>Stops if that was not done yet, and closes the client, unless it had to be left behind.</summary>
    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        if (isLeftBehind)
            return;
        consumer.Dispose();
        stop.Dispose();
    }

    // Where the brokers are away the group can't be left: the client stays to the end of the process.
    private async Task LeaveAsync()
    {
        await stop.CancelAsync();
        isLeftBehind = started && await Task.WhenAny(ended.Task, Task.Delay(StopTimeout, time)) != ended.Task;
    }

    private void Run()
    {
        try
        {
            while (!stop.IsCancellationRequested)
            {
                var late = !TryReadOn();
                Collect();
                while (nextOffsets.Count > 0 && !TryWrite() && !Pause())
                {
                }

                if (late)
                    Pause();
            }

            consumer.LeaveGroup();
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

    private long Now => EventTime.Of(time.GetUtcNow());

    // Each failure in a row waits for twice as long.
    private bool Pause()
    {
        var stopped = stop.Token.WaitHandle.WaitOne(retryDelay);
        retryDelay = retryDelay * 2 < options.LongestRetryDelay ? retryDelay * 2 : options.LongestRetryDelay;
        return stopped;
    }

    private bool TryWrite()
    {
        try
        {
            if (ledger.Write(rows, topic, [.. nextOffsets.Select(n => new LedgerStep(n.Key, positions.GetValueOrDefault(n.Key), n.Value))]) is { } added)
                Wrote(added);
            else
                Overtaken();
            Worked();
            return true;
        }
        catch (LedgerUnavailableException e)
        {
            Failed(e);
            return false;
        }
    }

    private void Wrote(int added)
    {
        written.Add(added);
        foreach (var (partition, next) in nextOffsets)
        {
            positions[partition] = next;
            Progress.Reached(partition, next);
        }

        rows.Clear();
        nextOffsets.Clear();
        if (++writes % PruneEveryWrites == 0)
            Prune();
    }

    // What is too old stays until the next time.
    private void Prune()
    {
        try
        {
            ledger.Prune(Now - (options.Retention.Ticks / TimeSpan.TicksPerMicrosecond));
        }
        catch (LedgerUnavailableException e)
        {
            failures.Add(1);
            LogNotPruned(e.Message);
        }
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

    private void Failed(LedgerUnavailableException failure)
    {
        failures.Add(1);
        Progress.Failed(failure.Message);
        if (!isFailing)
            LogFailed(failure.Message);
        isFailing = true;
    }

    private void Worked()
    {
        retryDelay = options.RetryDelay;
        if (!isFailing)
            return;
        Forgive();
        LogWorks();
    }

    private void Forgive()
    {
        isFailing = false;
        Progress.Worked();
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "The ledger can't be written ({Reason}); it is tried again until it can. Scoring goes on, and queries miss the newest scores")]
    private partial void LogFailed(string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Old scores could not be removed from the ledger ({Reason}); it is tried again later")]
    private partial void LogNotPruned(string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "The ledger is written again")]
    private partial void LogWorks();
}
