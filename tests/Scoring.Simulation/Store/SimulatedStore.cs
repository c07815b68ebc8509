using Scoring.Actors.State;
using Scoring.Simulation.Scheduling;

namespace Scoring.Simulation.Store;

/// <summary>
/// A node's way to the database: calls take time, are refused, or are carried out without an answer. A call that is on
/// its way when its process crashes or is paused still takes effect.
/// </summary>
/// <param name="database">The database.</param>
/// <param name="process">Who calls.</param>
public sealed class SimulatedStore(SimulatedDatabase database, VirtualProcess process) : ISnapshotStore
{
    /// <inheritdoc/>
    public Task PrepareAsync(LogIdentity identity, CancellationToken cancellation) => Call(
        () =>
        {
            database.Prepare(identity);
            return true;
        },
        cancellation);

    /// <inheritdoc/>
    public Task<ShardSnapshot> AcquireAsync(int partition, ShardOwner owner, CancellationToken cancellation) =>
        Call(() => database.Acquire(partition, owner), cancellation);

    /// <inheritdoc/>
    public Task<EntityRows> LoadAsync(int partition, IReadOnlyList<EntityKey> keys, CancellationToken cancellation)
    {
        // The caller may use its list again as soon as it has its answer, and a copy costs little here.
        EntityKey[] copy = [.. keys.Select(k => new EntityKey(k.Kind, k.Key.ToArray()))];
        database.Loading.Add(process.Name);
        return Call(
            () =>
            {
                database.Loading.Remove(process.Name);
                return database.Load(partition, copy);
            },
            cancellation);
    }

    /// <inheritdoc/>
    public Task<EntityRows> LoadWatchedAsync(int partition, CancellationToken cancellation) =>
        Call(() => database.LoadWatched(partition), cancellation);

    /// <inheritdoc/>
    public Task<bool> WriteAsync(Checkpoint checkpoint, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(checkpoint);
        database.Sent(checkpoint.Partition, checkpoint.Epoch);
        return Call(() => database.Write(checkpoint), cancellation, written => database.Told(checkpoint.Partition, checkpoint.Epoch, written));
    }

    /// <inheritdoc/>
    public Task<bool> QuarantineAsync(int partition, long epoch, IReadOnlyList<QuarantinedRecord> records, CancellationToken cancellation)
    {
        database.Sent(partition, epoch);
        return Call(() => database.Quarantine(partition, epoch, records), cancellation, written => database.Told(partition, epoch, written));
    }

    /// <inheritdoc/>
    public Task ReportAsync(IReadOnlyList<ShardReport> reports, CancellationToken cancellation) => Call(
        () =>
        {
            database.Report(reports);
            return true;
        },
        cancellation);

    /// <inheritdoc/>
    public Task<IReadOnlyList<ShardRow>> ShardsAsync(CancellationToken cancellation) => Call(database.Rows, cancellation);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private Task<T> Call<T>(Func<T> effect, CancellationToken cancellation, Action<T>? told = null)
    {
        process.ThrowIfCrashed();
        var answer = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        if (cancellation.CanBeCanceled)
            cancellation.Register(() => answer.TrySetCanceled(cancellation));
        // It leaves the process as a step of the process: of one that is paused meanwhile, when it goes on.
        database.Scheduler.After(process, Delay(), () => database.Scheduler.After(database.Scheduler.Environment, Delay(), () => Arrive(effect, answer, told)));
        return answer.Task;
    }

    private void Arrive<T>(Func<T> effect, TaskCompletionSource<T> answer, Action<T>? told)
    {
        var faults = database.Faults;
        if (database.IsAway || Happens(faults.RefusedOneIn))
        {
            Answer(() => answer.TrySetException(new SnapshotStoreUnavailableException("the database can't be reached", null)));
            return;
        }

        try
        {
            var result = effect();
            if (Happens(faults.LostAnswerOneIn))
                Answer(() => answer.TrySetException(new SnapshotStoreUnavailableException("the database's answer was lost", null)));
            else
                Answer(() => Tell(result));
        }
        catch (SnapshotStoreMismatchException e)
        {
            Answer(() => answer.TrySetException(e));
        }

        void Tell(T result)
        {
            told?.Invoke(result);
            answer.TrySetResult(result);
        }
    }

    private void Answer(Action tell) => database.Scheduler.After(process, Delay(), tell);

    private TimeSpan Delay()
    {
        var most = Happens(database.Faults.SlowOneIn) ? database.Faults.Slow : database.Faults.Latency;
        return TimeSpan.FromTicks(1 + (most.Ticks * database.Scheduler.Next(1_000) / 1_000));
    }

    private bool Happens(int oneIn) => oneIn > 0 && database.Scheduler.Next(oneIn) == 0;
}
