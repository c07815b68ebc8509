using Scoring.Models.Wire;

namespace Scoring.Actors.Ledger;

/// <summary>A score to write.</summary>
/// <param name="Keys">What it is found by.</param>
/// <param name="Record">The score record's value.</param>
public readonly record struct LedgerRow(ScoreKeys Keys, byte[] Record);

/// <summary>How far a write moves a partition of the scores' topic.</summary>
/// <param name="Partition">The partition.</param>
/// <param name="From">Where the ledger was when the writer began to read; null if it knew nothing of the partition.</param>
/// <param name="Next">The offset behind the last record that is in the write.</param>
public readonly record struct LedgerStep(int Partition, long? From, long Next);

/// <summary>
/// The scores by transaction and by card: a projection of the `scores` topic that can be built anew from it. The first
/// score of a transaction stays; a repeat changes nothing. Any thread reads; the projection's thread alone writes.
/// </summary>
public interface IScoreLedger : IDisposable
{
    /// <summary>Whether the nodes share it, so that one group of theirs fills it; else each node fills its own.</summary>
    bool IsShared { get; }

    /// <summary>Reads a transaction's score.</summary>
    /// <param name="transactionId">The transaction.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>The score record's value; null if there is none.</returns>
    /// <exception cref="LedgerUnavailableException">The database does not answer.</exception>
    ValueTask<byte[]?> FindAsync(string transactionId, CancellationToken cancellation);

    /// <summary>Reads a card's scores, newest event first.</summary>
    /// <param name="cardId">The card.</param>
    /// <param name="beforeMicros">Only events before this time, in microseconds since 1970.</param>
    /// <param name="limit">How many at most.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>The score records' values.</returns>
    /// <exception cref="LedgerUnavailableException">The database does not answer.</exception>
    ValueTask<IReadOnlyList<byte[]>> OfCardAsync(string cardId, long beforeMicros, int limit, CancellationToken cancellation);

    /// <summary>Reads which users a card was used by.</summary>
    /// <param name="cardId">The card.</param>
    /// <param name="limit">How many at most.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="LedgerUnavailableException">The database does not answer.</exception>
    ValueTask<IReadOnlyList<string>> UsersOfCardAsync(string cardId, int limit, CancellationToken cancellation);

    /// <summary>Reads up to where a partition is in the ledger.</summary>
    /// <param name="topic">The topic.</param>
    /// <param name="partition">The partition.</param>
    /// <returns>The offset behind the last row; null if nothing of the partition is in it.</returns>
    /// <exception cref="LedgerUnavailableException">The database does not answer.</exception>
    long? NextOffset(string topic, int partition);

    /// <summary>Writes scores and how far they reach, all or nothing.</summary>
    /// <param name="rows">The scores.</param>
    /// <param name="topic">The topic that they came from.</param>
    /// <param name="steps">How far each of its partitions moves.</param>
    /// <returns>How many were new; null if a partition is not where its step begins, because another writer moved it: nothing was written.</returns>
    /// <exception cref="LedgerUnavailableException">The database does not answer; the rows may or may not have been written.</exception>
    int? Write(IReadOnlyList<LedgerRow> rows, string topic, IReadOnlyList<LedgerStep> steps);

    /// <summary>Removes some of the scores that are older than their retention.</summary>
    /// <param name="retention">How long a score is kept, in event time before the newest.</param>
    /// <returns>How many were removed; another call may find more.</returns>
    /// <exception cref="LedgerUnavailableException">The database does not answer.</exception>
    int Prune(TimeSpan retention);
}

/// <summary>The ledger's database does not answer or refuses; the same call may succeed later.</summary>
/// <param name="message">Which database, and what it said.</param>
/// <param name="cause">What its client threw.</param>
public sealed class LedgerUnavailableException(string message, Exception? cause) : Exception(message, cause);
