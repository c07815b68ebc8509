using Scoring.Models.Wire;

namespace Scoring.Actors.Ledger;

/// <summary>A score to write.</summary>
/// <param name="Keys">What it is found by.</param>
/// <param name="Record">The score record's value.</param>
/// <param name="WrittenMicros">When it is written by the node's clock, in microseconds since 1970: what it grows old by.</param>
public readonly record struct LedgerRow(ScoreKeys Keys, byte[] Record, long WrittenMicros);

/// <summary>How far a write moves a partition of the scores' topic.</summary>
/// <param name="Partition">The partition.</param>
/// <param name="From">Where the ledger was when the writer began to read; null if it knew nothing of the partition.</param>
/// <param name="Next">The offset behind the last record that is in the write.</param>
public readonly record struct LedgerStep(int Partition, long? From, long Next);

/// <summary>Which scores of a transaction's id are wanted.</summary>
/// <param name="TransactionId">The id, which several cards and users may have.</param>
/// <param name="CardId">The card; null for any.</param>
/// <param name="UserId">The user; null for any.</param>
public readonly record struct ScoreSearch(string TransactionId, string? CardId = null, string? UserId = null);

/// <summary>A place among the scores of one id, which are in the order of their cards and users.</summary>
/// <param name="CardId">The card.</param>
/// <param name="UserId">The user.</param>
public readonly record struct IdPosition(string CardId, string UserId)
{
    /// <summary>Before the first.</summary>
    public static IdPosition Start { get; } = new("", "");
}

/// <summary>A place among the scores of one card, newest event first; of one time, by id and then by user.</summary>
/// <param name="EventTimeMicros">The event's time, in microseconds since 1970.</param>
/// <param name="TransactionId">The transaction.</param>
/// <param name="UserId">Its user.</param>
public readonly record struct CardPosition(long EventTimeMicros, string TransactionId, string UserId)
{
    /// <summary>Before the newest.</summary>
    public static CardPosition Start { get; } = Before(long.MaxValue);

    /// <summary>Behind all events of a time and later.</summary>
    /// <param name="micros">The time, in microseconds since 1970.</param>
    public static CardPosition Before(long micros) => new(micros, "", "");
}

/// <summary>
/// The scores by transaction and by card: a projection of the `scores` topic that can be built anew from it. A transaction
/// is its user, card and id together. Its first score stays; a repeat changes nothing. Any thread reads; the projection's
/// thread alone writes.
/// </summary>
public interface IScoreLedger : IDisposable
{
    /// <summary>Whether the nodes share it, so that one group of theirs fills it; else each node fills its own.</summary>
    bool IsShared { get; }

    /// <summary>Reads the scores of an id, in the order of their cards and users.</summary>
    /// <param name="search">Which.</param>
    /// <param name="after">Where they begin: behind this place, whose card counts only where the search names none.</param>
    /// <param name="limit">How many at most.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>The score records' values; one at most where card and user are named.</returns>
    /// <exception cref="LedgerUnavailableException">The database does not answer.</exception>
    ValueTask<IReadOnlyList<byte[]>> FindAsync(ScoreSearch search, IdPosition after, int limit, CancellationToken cancellation);

    /// <summary>Reads a card's scores, newest event first.</summary>
    /// <param name="cardId">The card.</param>
    /// <param name="after">Where they begin: behind this place.</param>
    /// <param name="limit">How many at most.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>The score records' values.</returns>
    /// <exception cref="LedgerUnavailableException">The database does not answer.</exception>
    ValueTask<IReadOnlyList<byte[]>> OfCardAsync(string cardId, CardPosition after, int limit, CancellationToken cancellation);

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
    /// <exception cref="LedgerRefusedException">The database can't hold some of the rows; nothing was written.</exception>
    /// <exception cref="LedgerUnavailableException">The database does not answer; the rows may or may not have been written.</exception>
    int? Write(IReadOnlyList<LedgerRow> rows, string topic, IReadOnlyList<LedgerStep> steps);

    /// <summary>
    /// Removes some of the scores that were written before a time. Not by the times of their events: one event from a
    /// clock that is ahead would make all others old.
    /// </summary>
    /// <param name="writtenBeforeMicros">The time, in microseconds since 1970.</param>
    /// <returns>How many were removed; another call may find more.</returns>
    /// <exception cref="LedgerUnavailableException">The database does not answer.</exception>
    int Prune(long writtenBeforeMicros);
}

/// <summary>The ledger's database does not answer or refuses; the same call may succeed later.</summary>
/// <param name="message">Which database, and what it said.</param>
/// <param name="cause">What its client threw.</param>
public class LedgerUnavailableException(string message, Exception? cause) : Exception(message, cause);

/// <summary>The ledger's database is there, and will never take what is in the write: some row of it is one that it can't hold.</summary>
/// <param name="message">Which database, and what it said.</param>
/// <param name="cause">What its client threw.</param>
public sealed class LedgerRefusedException(string message, Exception? cause) : LedgerUnavailableException(message, cause);

/// <summary>The ledger's tables are of an earlier version of this program; no later call succeeds either.</summary>
/// <param name="database">Which database.</param>
/// <param name="tables">The tables, as SQL names them.</param>
public sealed class LedgerLayoutException(string database, string tables) : Exception(
    $"the ledger in {database} was made by an earlier version, whose tables are others: give this one a ledger of its own (Scoring:Ledger), or drop {tables}; either is filled from the topic of the scores as far back as that reaches");
