using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Confluent.Kafka;
using Microsoft.Extensions.Logging;
using Scoring.Actors.Log;
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
public sealed partial class LedgerProjection : ILedgerStatus, IAsyncDisposable
{
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
    private readonly LedgerMetrics metrics;
    private readonly LedgerTrouble trouble;
    private readonly LedgerPruner pruner;
    private Task? leaving;
    private bool started;
    private bool isLeftBehind;

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
        trouble = new LedgerTrouble(options, Progress, logger);
        metrics = new LedgerMetrics(meters, () => trouble.IsFailing, Partitions);
        pruner = new LedgerPruner(ledger, options, time, metrics, logger);
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

    /// <inheritdoc/>
    public LedgerProgress Progress { get; } = new();

    /// <inheritdoc/>
    public Task Joined => joined.Task;

    /// <inheritdoc/>
    public long? NextOffset(int partition) => positions.GetValueOrDefault(partition);

    /// <inheritdoc/>
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

    private bool Pause() => stop.Token.WaitHandle.WaitOne(trouble.NextDelay());

    private bool TryWrite()
    {
        try
        {
            if (ledger.Write(rows, topic, [.. nextOffsets.Select(n => new LedgerStep(n.Key, positions.GetValueOrDefault(n.Key), n.Value))]) is { } added)
                Wrote(added);
            else
                Overtaken();
            trouble.Worked();
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
        metrics.Written.Add(added);
        foreach (var (partition, next) in nextOffsets)
        {
            positions[partition] = next;
            Progress.Reached(partition, next);
        }

        rows.Clear();
        nextOffsets.Clear();
        pruner.Wrote();
    }

    private void Overtaken()
    {
        metrics.Overtaken.Add(1);
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
        metrics.Failures.Add(1);
        trouble.Failed(failure);
    }
}
