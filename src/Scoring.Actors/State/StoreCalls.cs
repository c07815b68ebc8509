namespace Scoring.Actors.State;

/// <summary>Times the calls of a store, and says which of its failures pass.</summary>
/// <param name="store">The store, for messages.</param>
/// <param name="isTransient">Whether the same call may succeed later.</param>
/// <param name="describe">What a failure says.</param>
/// <param name="metrics">Where the calls are counted.</param>
/// <param name="time">The clock.</param>
internal sealed class StoreCalls(string store, Func<Exception, bool> isTransient, Func<Exception, string> describe, StateMetrics metrics, TimeProvider time)
{
    internal async Task<T> MeasureAsync<T>(string operation, Func<Task<T>> call)
    {
        var started = time.GetTimestamp();
        var outcome = "failed";
        metrics.Began();
        try
        {
            var result = await call();
            outcome = result is false ? "fenced" : "ok";
            return result;
        }
        catch (Exception e) when (isTransient(e))
        {
            outcome = "unavailable";
            throw new SnapshotStoreUnavailableException($"{store} could not {operation}: {describe(e)}", e);
        }
        catch (OperationCanceledException)
        {
            outcome = "cancelled";
            throw;
        }
        finally
        {
            metrics.Ended(operation, outcome, time.GetElapsedTime(started));
        }
    }
}
