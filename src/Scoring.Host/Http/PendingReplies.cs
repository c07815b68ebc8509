using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.Options;
using Scoring.Actors.Pipeline;
using Scoring.Actors.Telemetry;
using Scoring.Host.Options;
using Scoring.Models.Wire;

namespace Scoring.Host.Http;

/// <summary>What became of a transaction that was appended for a caller.</summary>
/// <param name="Score">The score record's value; null if it was scored before or refused.</param>
/// <param name="Rejection">Why it was refused; null if it was not.</param>
internal readonly record struct Reply(byte[]? Score, Rejection? Rejection);

/// <summary>The callers of this node that wait for a score, by number.</summary>
internal sealed class PendingReplies : IReplies
{
    private readonly ConcurrentDictionary<long, TaskCompletionSource<Reply>> waiters = new();
    private readonly int maxWaiting;
    private long last;

    /// <summary>Makes it, with nobody waiting.</summary>
    /// <param name="options">How many callers may wait.</param>
    /// <param name="time">
    /// Says where the numbers start. A node that starts anew under its old name reads records of its earlier life;
    /// their waiters' numbers must be none of this life's.
    /// </param>
    /// <param name="meters">Where the callers are counted.</param>
    public PendingReplies(IOptions<HttpOptions> options, TimeProvider time, IMeterFactory meters)
    {
        maxWaiting = options.Value.MaxWaitingScores;
        last = time.GetUtcNow().UtcTicks;
        meters.Create(ScoringMeter.Name).CreateObservableGauge("scoring.http.waiting_scores", () => waiters.Count, "{call}", "Calls that wait for their score");
    }

    /// <inheritdoc/>
    public void Scored(long waiter, byte[]? score) => Complete(waiter, new Reply(score, null));

    /// <inheritdoc/>
    public void Rejected(long waiter, Rejection rejection) => Complete(waiter, new Reply(null, rejection));

    /// <summary>Registers a caller.</summary>
    /// <param name="number">Its number.</param>
    /// <param name="reply">Completes with the reply.</param>
    /// <returns>False if as many wait as may.</returns>
    internal bool TryRegister(out long number, [NotNullWhen(true)] out Task<Reply>? reply)
    {
        number = 0;
        reply = null;
        if (waiters.Count >= maxWaiting)
            return false;
        number = Interlocked.Increment(ref last);
        var waiter = new TaskCompletionSource<Reply>(TaskCreationOptions.RunContinuationsAsynchronously);
        waiters[number] = waiter;
        reply = waiter.Task;
        return true;
    }

    /// <summary>The caller waits no more.</summary>
    internal void Forget(long number) => waiters.TryRemove(number, out _);

    private void Complete(long number, Reply reply)
    {
        if (waiters.TryRemove(number, out var waiter))
            waiter.TrySetResult(reply);
    }
}
