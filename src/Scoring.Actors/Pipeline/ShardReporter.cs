using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;
using Scoring.Actors.Source;
using Scoring.Actors.State;
using Scoring.Actors.Telemetry;

namespace Scoring.Actors.Pipeline;

/// <summary>
/// Publishes how far the shards of this node are, for queries on any node. A report that the store does not take is not
/// repeated: the next says more. Nothing that goes wrong with one ends the reports.
/// </summary>
public sealed partial class ShardReporter : IAsyncDisposable
{
    private readonly ShardSet shards;
    private readonly Func<IReadOnlyList<PartitionState>> partitions;
    private readonly ISnapshotStore store;
    private readonly ShardContext context;
    private readonly ILogger<ShardReporter> logger;
    private readonly Counter<long> failures;
    private readonly CancellationTokenSource stop = new();
    private readonly Task loop;
    private bool isFailing;

    /// <summary>Starts to report.</summary>
    /// <param name="shards">The shards of this node.</param>
    /// <param name="partitions">What the source knows of their partitions.</param>
    /// <param name="store">Where the reports go.</param>
    /// <param name="context">What the shards work with.</param>
    /// <param name="meters">Where the metrics are counted.</param>
    /// <param name="logger">Where the first of several failures in a row is logged.</param>
    public ShardReporter(ShardSet shards, Func<IReadOnlyList<PartitionState>> partitions, ISnapshotStore store, ShardContext context, IMeterFactory meters, ILogger<ShardReporter> logger)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(meters);
        this.shards = shards;
        this.partitions = partitions;
        this.store = store;
        this.context = context;
        this.logger = logger;
        failures = meters.Create(ScoringMeter.Name).CreateCounterAtZero("scoring.shard.report_failures", "{report}", "Reports of this node's shards that the snapshot store did not take");
        loop = Task.Factory.StartNew(RunAsync, CancellationToken.None, TaskCreationOptions.DenyChildAttach, context.Scheduler).Unwrap();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await loop;
        stop.Dispose();
    }

    private async Task RunAsync()
    {
        using var timer = new PeriodicTimer(context.State.ReportInterval, context.Time);
        try
        {
            while (await timer.WaitForNextTickAsync(stop.Token))
                await TryReportAsync();
        }
        catch (OperationCanceledException)
        {
            // Stopped.
        }
    }

    private async Task TryReportAsync()
    {
        try
        {
            await ReportAsync();
            isFailing = false;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Stopped; the loop finds out.
        }
#pragma warning disable CA1031 // Counted, and tried again: what people read of the shards must not end for one failure.
        catch (Exception e)
#pragma warning restore CA1031
        {
            failures.Add(1);
            // A store that is away is told of by those who wait for it.
            if (!isFailing && e is not SnapshotStoreUnavailableException)
                LogFailed(e);
            isFailing = true;
        }
    }

    private async Task ReportAsync()
    {
        var offsets = partitions().ToDictionary(p => p.Partition);
        var reports = shards.Shards.Where(s => s.Progress.Epoch is not null).Select(s => Describe(s, offsets.GetValueOrDefault(s.Partition))).ToList();
        if (reports.Count > 0)
            await store.ReportAsync(reports, stop.Token);
    }

    private static ShardReport Describe(ShardActor shard, PartitionState? partition) => new()
    {
        Partition = shard.Partition,
        Epoch = shard.Progress.Epoch!.Value,
        Phase = shard.Progress.InWords(partition),
        CommittedOffset = partition?.CommittedOffset,
        EndOffset = partition?.EndOffset,
        WatermarkMicros = shard.Progress.WatermarkMicros,
        Entities = shard.Progress.Entities,
        EntityBytes = shard.Progress.EntityBytes,
    };

    [LoggerMessage(Level = LogLevel.Error, Message = "How far this node's shards are could not be reported to the snapshot store; it is tried again")]
    private partial void LogFailed(Exception failure);
}
