using System.Collections.Concurrent;
using Microsoft.Data.Sqlite;

namespace Scoring.Actors.Sql;

/// <summary>
/// Threads for SQLite, whose calls block: each has a connection of its own and takes work from one bounded queue. One
/// thread is a writer that needs no lock against its own process.
/// </summary>
internal sealed class SqliteThreads : IAsyncDisposable
{
    private readonly BlockingCollection<Job> queue;
    private readonly Func<SqliteConnection> open;
    private readonly TimeSpan timeout;
    private readonly TimeProvider time;
    private readonly TaskCompletionSource[] ended;

    /// <summary>Starts the threads; each opens its connection with its first work.</summary>
    /// <param name="name">What the threads are called.</param>
    /// <param name="threads">How many.</param>
    /// <param name="capacity">Work that may wait.</param>
    /// <param name="timeout">How long a caller waits for its work, the time in the queue included.</param>
    /// <param name="time">The clock.</param>
    /// <param name="open">Opens a connection.</param>
    /// <param name="isUrgent">Whether somebody waits for the work; if not, it leaves the cores to others.</param>
    internal SqliteThreads(string name, int threads, int capacity, TimeSpan timeout, TimeProvider time, Func<SqliteConnection> open, bool isUrgent)
    {
        this.open = open;
        this.timeout = timeout;
        this.time = time;
        queue = new BlockingCollection<Job>(capacity);
        ended = [.. Enumerable.Range(0, threads).Select(_ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously))];
        foreach (var end in ended)
        {
            if (isUrgent)
                new Thread(() => Run(end)) { Name = name, IsBackground = true }.Start();
            else
                BackgroundThread.Start(name, () => Run(end));
        }
    }

    /// <summary>Work that waits.</summary>
    internal int Waiting => queue.Count;

    /// <summary>Hands work to the threads.</summary>
    /// <typeparam name="T">What it gives.</typeparam>
    /// <param name="work">The work.</param>
    /// <param name="cancellation">Gives up; work that has not begun is left undone.</param>
    /// <exception cref="TimeoutException">The queue is full, or the work took too long; it may still be done.</exception>
    internal async Task<T> RunAsync<T>(Func<SqliteConnection, T> work, CancellationToken cancellation)
    {
        ObjectDisposedException.ThrowIf(queue.IsAddingCompleted, this);
        var job = new Job<T>(work);
        if (!queue.TryAdd(job, 0, cancellation))
            throw new TimeoutException($"{queue.BoundedCapacity} calls wait for the database's threads already");
        try
        {
            return await job.Outcome.WaitAsync(timeout, time, cancellation);
        }
        catch (Exception e) when (e is TimeoutException or OperationCanceledException)
        {
            job.GiveUp();
            throw;
        }
    }

    /// <summary>Finishes what waits, and ends the threads.</summary>
    public async ValueTask DisposeAsync()
    {
        queue.CompleteAdding();
        await Task.WhenAll(ended.Select(e => e.Task));
        queue.Dispose();
    }

    private void Run(TaskCompletionSource end)
    {
        SqliteConnection? connection = null;
        foreach (var job in queue.GetConsumingEnumerable())
            job.Do(ref connection, open);
        connection?.Dispose();
        end.SetResult();
    }

    private abstract class Job
    {
        internal abstract void Do(ref SqliteConnection? connection, Func<SqliteConnection> open);
    }

    private sealed class Job<T>(Func<SqliteConnection, T> work) : Job
    {
        private readonly TaskCompletionSource<T> outcome = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private volatile bool givenUp;

        internal Task<T> Outcome => outcome.Task;

        internal void GiveUp() => givenUp = true;

        internal override void Do(ref SqliteConnection? connection, Func<SqliteConnection> open)
        {
            if (givenUp)
                return;
            try
            {
                outcome.SetResult(work(connection ??= open()));
            }
#pragma warning disable CA1031 // The caller gets it.
            catch (Exception e)
#pragma warning restore CA1031
            {
                outcome.SetException(e);
            }
        }
    }
}
