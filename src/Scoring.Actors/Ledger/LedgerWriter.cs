using System.Diagnostics.Metrics;
using System.Globalization;
using Microsoft.Extensions.Logging;
using Scoring.Actors.Telemetry;
using Scoring.Kafka.Threads;
using Scoring.Models.Wire;

namespace Scoring.Actors.Ledger;

/// <summary>
/// Writes what a node's owners of the scores' partitions have read, on a loop of its own, since the database's calls block.
/// <list type="number">
/// <item>What waits of several partitions goes in one SQL transaction, up to the bound of rows.</item>
/// <item>While the database is away or full, the same is tried again, after ever longer waits; owners wait, and are not told.</item>
/// <item>A row that the database can't hold is found by halves, counted and left out; those around it are written.</item>
/// <item>A write whose answer was lost is looked for before it is made again: it is there whole or not at all.</item>
/// </list>
/// </summary>
public sealed partial class LedgerWriter : ILedgerStatus, IAsyncDisposable
{
    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(3);

    private readonly IScoreLedger ledger;
    private readonly LedgerOptions options;
    private readonly string topic;
    private readonly ITurnScheduler turns;
    private readonly TimeProvider time;
    private readonly ILogger<LedgerWriter> logger;
    private readonly LedgerTrouble trouble;
    private readonly LedgerPruner pruner;
    private readonly Counter<long> refused;
    private readonly TaskCompletionSource joined = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource failed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock gate = new();
    private readonly Queue<Opening> openings = new();
    private readonly Queue<LedgerWrite> writes = new();
    private readonly Dictionary<int, LedgerLane> lanes = [];
    private ITurnLoop? loop;
    private string? closed;

    // The loop's.
    private readonly List<LedgerWrite> pending = [];
    private Opening? opening;
    private long? failedAt;
    private TimeSpan pause;

    /// <summary>Makes the writer; <see cref="Start"/> starts its loop.</summary>
    /// <param name="ledger">Where the scores go.</param>
    /// <param name="options">Its bounds.</param>
    /// <param name="topic">The topic of the scores.</param>
    /// <param name="turns">Runs the loop.</param>
    /// <param name="time">Times waits, and tells when rows are written.</param>
    /// <param name="meters">Where metrics are counted.</param>
    /// <param name="logger">Where failures are logged.</param>
    public LedgerWriter(IScoreLedger ledger, LedgerOptions options, string topic, ITurnScheduler turns, TimeProvider time, IMeterFactory meters, ILogger<LedgerWriter> logger)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(meters);
        this.ledger = ledger;
        this.options = options;
        this.topic = topic;
        this.turns = turns;
        this.time = time;
        this.logger = logger;
        trouble = new LedgerTrouble(options, Progress, logger);
        Metrics = new LedgerMetrics(meters, () => trouble.IsFailing, Partitions);
        refused = meters.Create(ScoringMeter.Name).CreateCounterAtZero("scoring.ledger.refused", "{score}", "Scores that the ledger's database can't hold: they are missing from the ledger");
        pruner = new LedgerPruner(ledger, options, time, Metrics, logger);
    }

    /// <summary>Never ends while the writer works or is stopped; faulted if it can't go on, as with tables of an earlier version.</summary>
    public Task Failure => failed.Task;

    /// <inheritdoc/>
    public LedgerProgress Progress { get; } = new();

    /// <inheritdoc/>
    public Task Joined => joined.Task;

    internal LedgerMetrics Metrics { get; }

    internal long Now => EventTime.Of(time.GetUtcNow());

    /// <summary>Starts the loop.</summary>
    public void Start() => loop = turns.Start("ledger", Turn, Fail);

    /// <inheritdoc/>
    public long? NextOffset(int partition)
    {
        lock (gate)
            return lanes.GetValueOrDefault(partition)?.Position;
    }

    /// <inheritdoc/>
    public IReadOnlyList<LedgerPartition> Partitions()
    {
        lock (gate)
            return [.. lanes.Values.OrderBy(l => l.Partition).Select(l => new LedgerPartition(l.Partition, l.Position, l.End is { } end ? Math.Max(end, l.Position ?? 0) : null, Progress.LostOf(l.Partition)))];
    }

    /// <summary>Writes nothing any more once the call under way has come back, which is waited for a moment.</summary>
    public async ValueTask DisposeAsync()
    {
        Close(new InvalidOperationException("the ledger's writer is closed"));
        if (loop is not null)
            await Task.WhenAny(loop.Ended, Task.Delay(StopPatience, time));
    }

    /// <summary>Finds where a partition is in the ledger, however long that takes, and makes it the asker's: what another lane of the node has of it waiting is dropped.</summary>
    /// <param name="partition">The partition.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>The way in. Its task ends on the loop: what follows must not block there.</returns>
    internal Task<LedgerLane> OpenAsync(int partition, CancellationToken cancellation)
    {
        var its = new Opening(partition, cancellation);
        Add(openings, its, its.Opened);
        return its.Opened.Task;
    }

    /// <summary>Writes scores. One write of a lane at a time.</summary>
    /// <param name="write">The write.</param>
    /// <returns>Ends on the loop, too.</returns>
    internal Task WriteAsync(LedgerWrite write)
    {
        Add(writes, write, write.Written);
        return write.Written.Task;
    }

    /// <summary>An owner has ended.</summary>
    internal void Close(LedgerLane lane)
    {
        lane.Close();
        lock (gate)
        {
            if (lanes.GetValueOrDefault(lane.Partition) != lane)
                return;
            lanes.Remove(lane.Partition);
        }

        Progress.Left(lane.Partition);
        loop?.Wake();
    }

    private void Add<T, TAnswer>(Queue<T> queue, T asked, TaskCompletionSource<TAnswer> answer)
    {
        lock (gate)
        {
            if (closed is not null)
            {
                answer.TrySetException(new InvalidOperationException(closed));
                return;
            }

            queue.Enqueue(asked);
        }

        loop?.Wake();
    }

    private TimeSpan? Turn()
    {
        if (failedAt is { } at && pause - time.GetElapsedTime(at) is var rest && rest > TimeSpan.Zero)
            return rest;
        failedAt = null;
        Take();
        try
        {
            if (opening is not null)
                Open();
            else if (pending.Count > 0)
                Write();
            else
                return Rest();
            return TimeSpan.Zero;
        }
        catch (LedgerUnavailableException e)
        {
            pending.ForEach(static w => w.IsInDoubt = true);
            Metrics.Failures.Add(1);
            trouble.Failed(e);
            failedAt = time.GetTimestamp();
            pause = trouble.NextDelay();
            return pause;
        }
    }

    // One opening at a time, and as many writes as go together.
    private void Take()
    {
        lock (gate)
        {
            if (opening is { IsCancelled: true })
                opening = null;
            while (opening is null && openings.TryDequeue(out var next))
                opening = next.IsCancelled ? null : next;
            pending.RemoveAll(static w => w.Lane.IsClosed);
            while (writes.TryPeek(out var next) && (pending.Count == 0 || pending.Sum(static w => w.Rows.Count) + next.Rows.Count <= options.MaxBatchRows))
            {
                writes.Dequeue();
                if (!next.Lane.IsClosed)
                    pending.Add(next);
            }
        }
    }

    // With nobody to write for, what fails is for others to tell.
    private TimeSpan? Rest()
    {
        bool isIdle;
        lock (gate)
        {
            if (closed is not null)
                return null;
            isIdle = lanes.Count == 0 && openings.Count == 0;
        }

        if (isIdle && trouble.IsFailing)
            trouble.Forgive();
        return Timeout.InfiniteTimeSpan;
    }

    private void Open()
    {
        var its = opening!;
        var lane = new LedgerLane(its.Partition, ledger.NextOffset(topic, its.Partition));
        trouble.Worked();
        opening = null;
        lock (gate)
        {
            lanes.GetValueOrDefault(its.Partition)?.Close();
            lanes[its.Partition] = lane;
        }

        joined.TrySetResult();
        its.Opened.TrySetResult(lane);
    }

    // All that wait together, if that is possible; else the first alone, and the others in the turns after it.
    private void Write()
    {
        if (pending.Count > 1 && pending.TrueForAll(static w => w is { IsWhole: true, IsInDoubt: false }) && TryWriteAll())
            return;
        var first = pending[0];
        if (first.IsInDoubt && IsWritten(first))
            return;
        try
        {
            WriteChunk(first);
        }
        catch (LedgerRefusedException e)
        {
            trouble.Worked();
            Halve(first, e);
        }
    }

    private bool TryWriteAll()
    {
        try
        {
            List<LedgerRow> rows = [.. pending.SelectMany(static w => w.Rows)];
            if (ledger.Write(rows, topic, pending.ConvertAll(static w => new LedgerStep(w.Lane.Partition, w.Lane.Position, w.Next))) is not { } added)
                return false;
            Metrics.Written.Add(added);
        }
        catch (LedgerRefusedException)
        {
            return false;
        }

        trouble.Worked();
        foreach (var write in pending.ToArray())
            Moved(write, write.Rows.Count);
        return true;
    }

    private void WriteChunk(LedgerWrite write)
    {
        var upTo = Math.Min(write.Done + write.Chunk, write.Rows.Count);
        var rows = write.Rows[write.Done..upTo];
        if (ledger.Write(rows, topic, [new LedgerStep(write.Lane.Partition, write.Lane.Position, write.EndOf(upTo))]) is { } added)
        {
            trouble.Worked();
            Metrics.Written.Add(added);
            Moved(write, upTo);
            return;
        }

        trouble.Worked();
        Overtaken(write, $"{topic}[{write.Lane.Partition}] is not at {write.Lane.Position?.ToString(CultureInfo.InvariantCulture) ?? "its beginning"} in the ledger any more");
    }

    private void Halve(LedgerWrite write, LedgerRefusedException reason)
    {
        if (write.Chunk > 1)
        {
            write.Chunk /= 2;
            return;
        }

        refused.Add(1);
        LogRefused(write.LeaveOut(), topic, write.Lane.Partition, reason.Message);
        write.Chunk = Math.Max(1, write.Rows.Count - write.Done);
    }

    // A write whose answer was lost: where the ledger is now tells.
    private bool IsWritten(LedgerWrite write)
    {
        write.IsInDoubt = false;
        var upTo = Math.Min(write.Done + write.Chunk, write.Rows.Count);
        if (ledger.NextOffset(topic, write.Lane.Partition) is not { } next || next == write.Lane.Position || next != write.EndOf(upTo))
            return false;
        trouble.Worked();
        Moved(write, upTo);
        return true;
    }

    private void Moved(LedgerWrite write, int done)
    {
        write.Done = done;
        write.IsInDoubt = false;
        write.Lane.Move(write.EndOf(done));
        write.Chunk = Math.Max(1, write.Rows.Count - done);
        Progress.Reached(write.Lane.Partition, write.EndOf(done));
        pruner.Wrote();
        if (done < write.Rows.Count)
            return;
        pending.Remove(write);
        write.Written.TrySetResult(true);
    }

    private void Overtaken(LedgerWrite write, string why)
    {
        Metrics.Overtaken.Add(1);
        pending.Remove(write);
        write.Written.TrySetException(new LedgerOvertakenException(why));
    }

    private void Fail(Exception reason)
    {
        LogFailed(reason);
        failed.TrySetException(reason);
        // This is still its loop, which takes no further turn.
        opening?.Opened.TrySetException(reason);
        pending.ForEach(w => w.Written.TrySetException(reason));
        Close(reason);
    }

    private void Close(Exception reason)
    {
        List<Opening> waiting;
        List<LedgerWrite> unwritten;
        lock (gate)
        {
            closed ??= reason.Message;
            (waiting, unwritten) = ([.. openings], [.. writes]);
            openings.Clear();
            writes.Clear();
        }

        waiting.ForEach(o => o.Opened.TrySetException(reason));
        unwritten.ForEach(w => w.Written.TrySetException(reason));
        loop?.Stop();
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "The ledger's database can't hold the score at offset {Offset} of {Topic}[{Partition}] ({Reason}). GET /v1/scores does not find it")]
    private partial void LogRefused(long offset, string topic, int partition, string reason);

    [LoggerMessage(Level = LogLevel.Critical, Message = "The ledger is not written any more")]
    private partial void LogFailed(Exception reason);

    private sealed class Opening(int partition, CancellationToken cancellation)
    {
        internal int Partition => partition;

        internal TaskCompletionSource<LedgerLane> Opened { get; } = new();

        internal bool IsCancelled => cancellation.IsCancellationRequested && Opened.TrySetCanceled(cancellation);
    }
}
