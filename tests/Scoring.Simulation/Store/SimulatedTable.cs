using Scoring.Actors.Snapshots;
using Scoring.Simulation.Scheduling;

namespace Scoring.Simulation.Store;

/// <summary>
/// A node's way to the database: calls take time, are refused, or are carried out without an answer. A call that is on
/// its way when its process crashes or is paused still takes effect.
/// </summary>
/// <param name="database">The database.</param>
/// <param name="process">Who calls.</param>
internal sealed class SimulatedTable(SimulatedDatabase database, VirtualProcess process) : ISnapshotTable
{
    /// <summary>Loads whose answers the process waits for.</summary>
    internal int Loading { get; private set; }

    public string Name => "the simulated database";

    public bool IsTransient(Exception failure) => failure is TransientException or OperationCanceledException;

    public string Describe(Exception failure) => failure.Message;

    public Task PrepareAsync(CancellationToken cancellation) => Task.CompletedTask;

    public Task SaveAsync(IReadOnlyList<SnapshotRow> rows, CancellationToken cancellation) => Call(() => database.Save(rows, process.Name), cancellation);

    public async Task<StoredSnapshot?[]> LoadAsync(IReadOnlyList<SnapshotRange> ranges, CancellationToken cancellation)
    {
        Loading++;
        try
        {
            return await Call(() => database.Load(ranges), cancellation);
        }
        finally
        {
            Loading--;
        }
    }

    public Task<int> DeleteAsync(IReadOnlyList<SnapshotKey> keys, CancellationToken cancellation) => Call(() => database.Delete(keys), cancellation);

    public Task<int> DeleteOlderAsync(IReadOnlyList<OlderSnapshots> rows, int most, CancellationToken cancellation) => Call(() => database.DeleteOlder(rows, most), cancellation);

    public Task<int> DeleteRangeAsync(SnapshotRange range, int most, CancellationToken cancellation) => Call(() => database.DeleteRange(range, most), cancellation);

    public Task<(int Gone, SnapshotKey? Next)> DeletePrefixesAsync(IReadOnlyList<string> prefixes, SnapshotKey? after, int most, CancellationToken cancellation) =>
        throw new NotSupportedException("owners delete no prefixes");

    public Task<FenceToken?[]> FenceAsync(IReadOnlyList<(string Topic, int Partition, FenceToken? Token)> fences, CancellationToken cancellation) =>
        Call<FenceToken?[]>(() => [.. fences.Select(f => database.Fence(f.Partition, f.Token, process.Name))], cancellation);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private Task<T> Call<T>(Func<T> effect, CancellationToken cancellation)
    {
        process.ThrowIfCrashed();
        var answer = new TaskCompletionSource<T>();
        cancellation.Register(() => answer.TrySetCanceled(cancellation));
        // It leaves the process as a step of the process: of one that is paused meanwhile, when it goes on.
        database.Scheduler.After(process, Delay(), () => database.Scheduler.After(database.Scheduler.Environment, Delay(), () => Arrive(effect, answer)));
        return answer.Task;
    }

    private void Arrive<T>(Func<T> effect, TaskCompletionSource<T> answer)
    {
        var faults = database.Faults;
        if (database.IsAway || Happens(faults.RefusedOneIn))
        {
            Answer(() => answer.TrySetException(new TransientException("the database can't be reached")));
            return;
        }

        var result = effect();
        if (Happens(faults.LostAnswerOneIn))
            Answer(() => answer.TrySetException(new TransientException("the database's answer was lost")));
        else
            Answer(() => answer.TrySetResult(result));
    }

    private void Answer(Action tell) => database.Scheduler.After(process, Delay(), tell);

    private TimeSpan Delay() => Happens(database.Faults.SlowOneIn) ? Some(database.Faults.Slow) : Some(database.Faults.Latency);

    private TimeSpan Some(TimeSpan atMost) => TimeSpan.FromTicks(1 + (long)(atMost.Ticks * (database.Scheduler.Next(1_000) / 1_000.0)));

    private bool Happens(int oneIn) => oneIn > 0 && database.Scheduler.Next(oneIn) == 0;

    private sealed class TransientException(string message) : Exception(message);
}
