
namespace Scoring.Actors.Snapshots;

/// <summary>
/// Does the groups of a store and notes on each call how it ended. A group that fails because of one of its rows is repeated in
/// halves, down to single rows, so that the bad one fails alone: of 1,000 rows that takes 20 further statements, where row by row
/// it would take 1,000 and all that waits would wait for them. One that fails because the store is away fails whole.
/// </summary>
internal sealed class SnapshotGroups(ISnapshotTable table, SnapshotPayloads payloads, SnapshotStoreOptions options, SnapshotMetrics metrics, TimeProvider time)
{
    // What the database said last, as long as nothing has succeeded since: a group that it keeps waiting says it too.
    private volatile string? trouble;

    /// <summary>Does a group.</summary>
    /// <param name="group">Calls of one type.</param>
    internal async Task RunAsync(StoreCall[] group)
    {
        var started = time.GetTimestamp();
        using var deadline = new CancellationTokenSource(options.GroupTimeout, time);
        if (await IsPreparedAsync(group, deadline.Token))
            await DoAsync(group, deadline.Token);
        metrics.Took(group[0].Operation, time.GetElapsedTime(started));
    }

    private async Task<bool> IsPreparedAsync(StoreCall[] group, CancellationToken cancellation)
    {
        try
        {
            await table.PrepareAsync(cancellation);
            return true;
        }
#pragma warning disable CA1031 // Whoever asked gets it.
        catch (Exception e)
#pragma warning restore CA1031
        {
            Fail(group, e);
            return false;
        }
    }

    private async Task DoAsync(ArraySegment<StoreCall> calls, CancellationToken cancellation)
    {
        try
        {
            await DoOnceAsync(calls, cancellation);
            trouble = null;
            return;
        }
#pragma warning disable CA1031 // Whoever asked gets it.
        catch (Exception e)
#pragma warning restore CA1031
        {
            if (calls.Count == 1 || IsTransient(e))
            {
                Fail(calls, e);
                return;
            }
        }

        metrics.Halved.Add(1);
        var half = calls.Count / 2;
        await DoAsync(calls[..half], cancellation);
        await DoAsync(calls[half..], cancellation);
    }

    private Task DoOnceAsync(ArraySegment<StoreCall> calls, CancellationToken cancellation) => calls[0] switch
    {
        SaveCall => SaveAsync(calls, cancellation),
        LoadCall => LoadAsync(calls, cancellation),
        FenceCall => FenceAsync(calls, cancellation),
        DeleteCall deletion => DeleteAsync(deletion, cancellation),
        var other => throw new InvalidOperationException($"No group is made of {other.GetType()}"),
    };

    private async Task SaveAsync(ArraySegment<StoreCall> calls, CancellationToken cancellation)
    {
        // Of two saves of one row the later stands, and a statement may meet a row once only.
        var rows = new Dictionary<(string, long), SnapshotRow>(calls.Count);
        foreach (var call in calls)
        {
            var row = ((SaveCall)call).Row;
            rows[(row.Id, row.Number)] = row;
        }

        var ordered = rows.Values.ToArray();
        Array.Sort(ordered, static (x, y) => string.CompareOrdinal(x.Id, y.Id) is var ids and not 0 ? ids : x.Number.CompareTo(y.Number));
        await table.SaveAsync(ordered, cancellation);
        metrics.Saved.Add(ordered.Length);
        metrics.SavedBytes.Add(ordered.Sum(r => (long)r.Payload.Length));
    }

    private async Task LoadAsync(ArraySegment<StoreCall> calls, CancellationToken cancellation)
    {
        var rows = await table.LoadAsync([.. calls.Select(c => ((LoadCall)c).Range)], cancellation);
        for (var i = 0; i < rows.Length; i++)
        {
            if (rows[i] is { } row)
                Read((LoadCall)calls[i], row);
        }
    }

    private void Read(LoadCall call, StoredSnapshot row)
    {
        try
        {
            call.Found = payloads.Read(call.Range.Id, row);
            metrics.Loaded.Add(1);
        }
#pragma warning disable CA1031 // A serializer may throw anything; whoever asked gets it.
        catch (Exception e)
#pragma warning restore CA1031
        {
            Fail(new([call]), e);
        }
    }

    private async Task FenceAsync(ArraySegment<StoreCall> calls, CancellationToken cancellation)
    {
        FenceCall[] ordered = [.. calls.Cast<FenceCall>().OrderBy(c => c.Fence.Topic, StringComparer.Ordinal).ThenBy(c => c.Fence.Partition)];
        var stand = await table.FenceAsync([.. ordered.Select(c => c.Fence)], cancellation);
        for (var i = 0; i < ordered.Length; i++)
            ordered[i].Stands = stand[i];
    }

    private async Task DeleteAsync(DeleteCall call, CancellationToken cancellation)
    {
        try
        {
            await call.RunAsync(table, options.MaxDeletedRows, () => metrics.FullDeletes.Add(1), cancellation);
        }
        finally
        {
            metrics.Deleted.Add(call.Deleted);
        }
    }

    private void Fail(ArraySegment<StoreCall> calls, Exception failure)
    {
        var passes = IsTransient(failure);
        if (passes && failure is not OperationCanceledException)
            trouble = table.Describe(failure);
        var cause = passes ? new SnapshotUnavailableException($"{table.Name} could not {calls[0].Operation}: {Describe(failure)}", failure) : failure;
        foreach (var call in calls)
        {
            call.Failure = cause;
            metrics.Failed(passes);
        }
    }

    private string Describe(Exception failure)
    {
        if (failure is not OperationCanceledException)
            return table.Describe(failure);
        var late = $"it did not answer within {options.GroupTimeout.TotalSeconds:G3} s";
        return trouble is { } said ? $"{late}; what it said last: {said}" : late;
    }

    private bool IsTransient(Exception failure) => failure is OperationCanceledException or TimeoutException || table.IsTransient(failure);
}
