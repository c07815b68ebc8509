using Scoring.Actors.Entities;
using Scoring.Actors.Log;
using Scoring.Actors.Messages;
using Scoring.Actors.Model;
using Scoring.Actors.State;
using Scoring.Models.Features;
using Scoring.Models.Wire;

namespace Scoring.Actors.Pipeline;

/// <summary>What a transaction needs besides its score to become a score record.</summary>
/// <param name="Record">The record it came in.</param>
/// <param name="Transaction">The transaction.</param>
/// <param name="Late">Whether an entity refused to insert it.</param>
/// <param name="Degraded">What was missing and why, as codes.</param>
internal readonly record struct ScoredRow(InputRecord Record, Transaction Transaction, bool Late, IReadOnlyList<string> Degraded);

/// <summary>A record that goes to the dead letters.</summary>
/// <param name="Record">The record.</param>
/// <param name="Rejection">Why.</param>
internal readonly record struct DeadRecord(InputRecord Record, Rejection Rejection);

/// <summary>
/// The records that a shard took in one go, between its mailbox and the output log. Owned by its shard,
/// which uses it again, except while the model has it.
/// </summary>
internal sealed class Batch : ScoreRequest
{
    private readonly ShardActor shard;
    private DecodedRecord[] decoded = new DecodedRecord[16];

    internal Batch(ShardActor shard, int featureCount)
        : base(featureCount) => this.shard = shard;

    /// <summary>The records that it was made of, as they were decoded.</summary>
    internal ReadOnlySpan<DecodedRecord> Decoded => decoded.AsSpan(0, Records);

    /// <summary>The entities that have to be loaded before its records are applied.</summary>
    internal EntityKeySet Missing { get; } = new();

    /// <summary>The transactions to score; row by row those of the request.</summary>
    internal List<ScoredRow> Scored { get; } = [];

    /// <summary>The sessions that closed or were corrected.</summary>
    internal List<SessionClosed> Sessions { get; } = [];

    /// <summary>The records that are not valid.</summary>
    internal List<DeadRecord> Dead { get; } = [];

    /// <summary>The waiters whose transaction was seen before.</summary>
    internal List<ReplyTo> RepeatedReplies { get; } = [];

    /// <summary>The waiters under whose transaction's identity another was seen before.</summary>
    internal List<ReplyTo> ConflictingReplies { get; } = [];

    /// <summary>The records that the moment refuses and the store has no note of yet.</summary>
    internal List<(long Offset, Rejection Rejection)> Refused { get; } = [];

    /// <summary>The score records, row by row those of the request.</summary>
    internal List<OutputRecord> Scores { get; } = [];

    /// <summary>The records of <see cref="Sessions"/>.</summary>
    internal List<OutputRecord> SessionRecords { get; } = [];

    /// <summary>The offset of its first record.</summary>
    internal long FirstOffset => decoded[0].Record.Offset;

    /// <summary>The offset behind its last record.</summary>
    internal long NextOffset { get; set; }

    /// <summary>How many records it was made of.</summary>
    internal int Records { get; private set; }

    /// <summary>The stored states of <see cref="Missing"/>; null until they have arrived.</summary>
    internal LoadedEntities? Loaded { get; set; }

    /// <summary>Whether look-ups and model are through with it.</summary>
    internal bool IsScored { get; set; }

    /// <inheritdoc/>
    public override void Completed() => shard.BatchScored(this);

    /// <summary>Room for one more record.</summary>
    internal ref DecodedRecord AddRecord()
    {
        if (Records == decoded.Length)
            Array.Resize(ref decoded, 2 * Records);
        return ref decoded[Records++];
    }

    /// <summary>Ends the batch before a record.</summary>
    /// <param name="records">How many records stay.</param>
    internal void EndBefore(int records)
    {
        NextOffset = decoded[records].Record.Offset;
        Records = records;
    }

    /// <summary>Makes it empty again.</summary>
    internal void Reset()
    {
        Clear();
        Array.Clear(decoded, 0, Records);
        Missing.Clear();
        Scored.Clear();
        Sessions.Clear();
        Dead.Clear();
        RepeatedReplies.Clear();
        ConflictingReplies.Clear();
        Refused.Clear();
        Scores.Clear();
        SessionRecords.Clear();
        Records = 0;
        Loaded = null;
        IsScored = false;
    }
}
