using Scoring.Actors.Log;
using Scoring.Actors.Messages;

namespace Scoring.Actors.Pipeline;

/// <summary>
/// The appends that one batch caused, until the log has acknowledged them all; then the batch's offset may
/// be committed. Its counters are touched by the log's threads, the rest by its shard alone.
/// </summary>
internal sealed class Emission : AppendObserver
{
    private readonly ShardActor shard;
    private int pending;
    private string? failure;

    internal Emission(ShardActor shard) => this.shard = shard;

    /// <summary>The offset behind the batch's last record.</summary>
    internal long NextOffset { get; private set; }

    /// <summary>How many records the batch was made of.</summary>
    internal int Records { get; private set; }

    /// <summary>Whether every append was acknowledged.</summary>
    internal bool IsAcknowledged { get; set; }

    /// <summary>What went wrong with an append; null if nothing did.</summary>
    internal string? Failure => Volatile.Read(ref failure);

    /// <summary>Those who wait for a score of the batch, with the score; null where it was scored before.</summary>
    internal List<(ReplyTo Waiter, byte[]? Score)> Replies { get; } = [];

    /// <inheritdoc/>
    public override void Appended() => Settle();

    /// <inheritdoc/>
    public override void Failed(AppendFailure failure, string detail)
    {
        Interlocked.CompareExchange(ref this.failure, $"{failure}: {detail}", null);
        Settle();
    }

    /// <summary>Begins with a batch's appends. It is not acknowledged before <see cref="Seal"/>.</summary>
    internal void Begin(long nextOffset, int records)
    {
        NextOffset = nextOffset;
        Records = records;
        IsAcknowledged = false;
        failure = null;
        Replies.Clear();
        pending = 1;
    }

    /// <summary>Counts an append that is about to be handed to the log.</summary>
    internal void Expect() => Interlocked.Increment(ref pending);

    /// <summary>The log did not take the append that was counted last.</summary>
    internal void Unexpect() => Interlocked.Decrement(ref pending);

    /// <summary>All appends have been handed to the log.</summary>
    internal void Seal() => Settle();

    private void Settle()
    {
        if (Interlocked.Decrement(ref pending) == 0)
            shard.EmissionSettled(this);
    }
}
