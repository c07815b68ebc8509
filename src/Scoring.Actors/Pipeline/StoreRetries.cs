using Microsoft.Extensions.Logging;
using Scoring.Actors.State;

namespace Scoring.Actors.Pipeline;

/// <summary>
/// Calls the snapshot store again, with growing delays, while it can't be reached or its disk is full. There is no last try: a
/// shard without its store can't go on, and can't lose anything by waiting. Any thread may call.
/// </summary>
/// <param name="store">The store.</param>
/// <param name="options">The delays.</param>
/// <param name="metrics">Where the tries are counted.</param>
/// <param name="time">Times the delays.</param>
/// <param name="logger">Where the first failure is logged, and the end of an outage.</param>
public sealed partial class StoreRetries(ISnapshotStore store, ShardOptions options, ShardMetrics metrics, TimeProvider time, ILogger<StoreRetries> logger)
{
    private int failing;
    private volatile string reason = "";

    /// <summary>What the store last said to a call that waits for it; null while none does.</summary>
    public string? Away => Volatile.Read(ref failing) == 0 ? null : reason;

    /// <summary>Calls the store until it answers.</summary>
    /// <typeparam name="T">What it answers.</typeparam>
    /// <param name="call">The call.</param>
    /// <param name="cancellation">Ends the trying.</param>
    public async Task<T> CallAsync<T>(Func<ISnapshotStore, CancellationToken, Task<T>> call, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(call);
        var delay = options.FirstStoreRetry;
        var isFailing = false;
        try
        {
            while (true)
            {
                cancellation.ThrowIfCancellationRequested();
                try
                {
                    return await call(store, cancellation);
                }
                catch (SnapshotStoreUnavailableException e)
                {
                    metrics.StoreRetries.Add(1);
                    reason = e.Message;
                    if (!isFailing && Interlocked.Increment(ref failing) == 1)
                        LogAway(e.Message);
                    isFailing = true;
                }

                await Task.Delay(delay, time, cancellation);
                delay = delay * 2 < options.LongestStoreRetry ? delay * 2 : options.LongestStoreRetry;
            }
        }
        finally
        {
            if (isFailing && Interlocked.Decrement(ref failing) == 0)
                LogBack();
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "The snapshot store does not take or give what it should; its calls are tried again until it does, and shards wait for it: {Reason}")]
    private partial void LogAway(string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "The snapshot store is no longer waited for")]
    private partial void LogBack();
}
