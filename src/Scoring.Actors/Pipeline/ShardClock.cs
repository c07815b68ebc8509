using System.Diagnostics.Metrics;
using System.Text;
using Scoring.Actors.Log;
using Scoring.Actors.Telemetry;
using Scoring.Models.Wire;

namespace Scoring.Actors.Pipeline;

/// <summary>
/// Wakes the shards of this node. It lets each look whether a checkpoint is due, and appends a tick to the partition
/// of each that has had no record for a while: watermark plus the time since the last record. The clock decides only
/// when a tick is written; the shard moves its watermark when it reads the tick in its log, so a replay of the log
/// moves it in the same way.
/// </summary>
public sealed class ShardClock : IAsyncDisposable
{
    private const int ChecksPerInterval = 4;

    private readonly ShardSet shards;
    private readonly ShardContext context;
    private readonly Counter<long> ticks;
    private readonly CancellationTokenSource stop = new();
    private readonly Task loop;

    /// <summary>Starts to watch.</summary>
    /// <param name="shards">The shards of this node.</param>
    /// <param name="context">What they work with.</param>
    /// <param name="meters">Where the metrics are counted.</param>
    public ShardClock(ShardSet shards, ShardContext context, IMeterFactory meters)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(meters);
        this.shards = shards;
        this.context = context;
        ticks = meters.Create(ScoringMeter.Name).CreateCounterAtZero("scoring.ticks", "{tick}", "Ticks appended to the log of a quiet shard");
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
        using var timer = new PeriodicTimer(Interval(context.Options), context.Time);
        try
        {
            while (await timer.WaitForNextTickAsync(stop.Token))
            {
                foreach (var shard in shards.Shards)
                {
                    shard.Nudge();
                    TickIfQuiet(shard);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // Stopped.
        }
    }

    private static TimeSpan Interval(ShardOptions options) =>
        options.NudgeInterval < options.TickInterval / ChecksPerInterval ? options.NudgeInterval : options.TickInterval / ChecksPerInterval;

    private void TickIfQuiet(ShardActor shard)
    {
        if (shard.Progress.Phase != ShardPhase.Live || shard.Waiting > 0 || shard.Progress.LastRecordAt is not { } last || shard.Progress.WatermarkMicros is not { } watermark)
            return;
        var quiet = context.Time.GetElapsedTime(last);
        if (quiet < context.Options.TickInterval)
            return;
        // No further than a tick is believed: the watermark may be another node's whose clock was ahead of this one's.
        var furthest = EventTime.Add(EventTime.Of(context.Time.GetUtcNow()), context.Limits.MaxTimeAhead);
        var time = Math.Min(EventTime.Add(watermark, quiet), furthest);
        if (time <= watermark)
            return;
        var record = new OutputRecord(
            context.Topics.Transactions,
            null,
            Tick.Write(time),
            [new OutputHeader(RecordHeaders.Kind, Encoding.ASCII.GetBytes(RecordKinds.Tick))],
            shard.Partition);
        if (context.Log.TryAppend(record, new Unwatched()))
            ticks.Add(1);
    }

    // A tick that is lost is followed by another.
    private sealed class Unwatched : AppendObserver
    {
        public override void Appended()
        {
        }

        public override void Failed(AppendFailure failure, string detail)
        {
        }
    }
}
