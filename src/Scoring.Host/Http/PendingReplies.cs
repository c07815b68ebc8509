using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Diagnostics.Metrics;
using System.Security.Cryptography;
using Microsoft.Extensions.Options;
using Scoring.Actors.Replies;
using Scoring.Actors.Telemetry;
using Scoring.Host.Options;
using Scoring.Models.Wire;

namespace Scoring.Host.Http;

/// <summary>What became of a transaction that was appended for a caller.</summary>
/// <param name="Score">The score record's value; null if it was scored before or refused.</param>
/// <param name="Rejection">Why it was refused; null if it was not.</param>
internal readonly record struct Reply(byte[]? Score, Rejection? Rejection);

/// <summary>The callers of this node that wait for a score, each by a number of chance, so that no record can name one by guessing.</summary>
internal sealed class PendingReplies : IWaitingCalls
{
    private const int CallBytes = 16;

    private readonly ConcurrentDictionary<UInt128, TaskCompletionSource<Reply>> waiters = new();
    private readonly int maxWaiting;

    /// <summary>Makes it, with nobody waiting.</summary>
    /// <param name="options">How many callers may wait.</param>
    /// <param name="meters">Where the callers are counted.</param>
    public PendingReplies(IOptions<HttpOptions> options, IMeterFactory meters)
    {
        maxWaiting = options.Value.MaxWaitingScores;
        meters.Create(ScoringMeter.Name).CreateObservableGauge("scoring.http.waiting_scores", () => waiters.Count, "{call}", "Calls that wait for their score");
    }

    /// <inheritdoc/>
    public bool TryScored(UInt128 call, byte[]? score) => TryComplete(call, new Reply(score, null));

    /// <inheritdoc/>
    public bool TryRejected(UInt128 call, Rejection rejection) => TryComplete(call, new Reply(null, rejection));

    /// <summary>Registers a caller.</summary>
    /// <param name="call">Its number.</param>
    /// <param name="reply">Completes with the reply.</param>
    /// <returns>False if as many wait as may.</returns>
    internal bool TryRegister(out UInt128 call, [NotNullWhen(true)] out Task<Reply>? reply)
    {
        call = 0;
        reply = null;
        if (waiters.Count >= maxWaiting)
            return false;
        call = BinaryPrimitives.ReadUInt128LittleEndian(RandomNumberGenerator.GetBytes(CallBytes));
        var waiter = new TaskCompletionSource<Reply>(TaskCreationOptions.RunContinuationsAsynchronously);
        waiters[call] = waiter;
        reply = waiter.Task;
        return true;
    }

    /// <summary>The caller waits no more.</summary>
    internal void Forget(UInt128 call) => waiters.TryRemove(call, out _);

    private bool TryComplete(UInt128 call, Reply reply) => waiters.TryRemove(call, out var waiter) && waiter.TrySetResult(reply);
}
