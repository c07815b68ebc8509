using Microsoft.Data.Sqlite;
using Scoring.Actors.Sql;

namespace Scoring.Actors.Ledger;

/// <summary>The ledger in an SQLite file, which is one node's own: each node fills one from the whole topic.</summary>
public sealed class SqliteScoreLedger : IScoreLedger
{
    private const string Schema = """
        CREATE TABLE IF NOT EXISTS scores (
            transaction_id TEXT NOT NULL,
            card_id TEXT NOT NULL,
            user_id TEXT NOT NULL,
            event_time INTEGER NOT NULL,
            record BLOB NOT NULL,
            written INTEGER NOT NULL);
        CREATE UNIQUE INDEX IF NOT EXISTS scores_by_identity ON scores (transaction_id, card_id, user_id);
        CREATE INDEX IF NOT EXISTS scores_by_card ON scores (card_id, event_time, transaction_id, user_id);
        CREATE INDEX IF NOT EXISTS scores_by_age ON scores (written);
        CREATE TABLE IF NOT EXISTS ledger_offsets (
            topic TEXT NOT NULL,
            partition INTEGER NOT NULL,
            next_offset INTEGER NOT NULL,
            PRIMARY KEY (topic, partition));
        """;

    private const string EarlierLayout = """
        SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'scores' AND NOT EXISTS (SELECT 1 FROM pragma_table_info('scores') WHERE name = 'written')
        """;

    // A condition that holds for any card or user would keep the index from finding one.
    private const string OfId = "SELECT record FROM scores WHERE transaction_id = ?1 AND (card_id, user_id) > (?2, ?3)";
    private const string OfIdAndCard = "SELECT record FROM scores WHERE transaction_id = ?1 AND card_id = ?2 AND user_id > ?3";
    private const string OfUser = " AND user_id = ?5";
    private const string InOrder = " ORDER BY card_id, user_id LIMIT ?4";

    private const string OfCard = """
        SELECT record FROM scores WHERE card_id = ?1 AND (event_time, transaction_id, user_id) < (?2, ?3, ?4)
        ORDER BY event_time DESC, transaction_id DESC, user_id DESC LIMIT ?5
        """;

    private const string Old = """
        DELETE FROM scores WHERE rowid IN (SELECT rowid FROM scores WHERE written < ?1 ORDER BY written LIMIT ?2)
        """;

    private const int PrunedRows = 2_000;

    // SQLite's codes of what is wrong with the values and not with the file.
    private const int TooBig = 18;
    private const int Constraint = 19;
    private const int Mismatch = 20;

    private readonly SqliteFile file;
    private readonly SqliteConnection writer;
    private readonly SqliteLedgerWriter statements;

    /// <summary>Opens the ledger, and creates it where there is none.</summary>
    /// <param name="options">Where it is.</param>
    /// <exception cref="SqliteException">The file can't be opened or is no database.</exception>
    /// <exception cref="LedgerLayoutException">It is of an earlier version.</exception>
    public SqliteScoreLedger(LedgerOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        file = new SqliteFile(options.Path, "ledger", options.CommandTimeout);
        writer = file.Open();
        writer.Run("PRAGMA journal_mode = WAL");
        using (var earlier = writer.Statement(EarlierLayout))
        {
            if (earlier.ExecuteScalar() is not null)
                throw new LedgerLayoutException($"SQLite file '{file.Path}'", "the tables scores and ledger_offsets");
        }

        writer.Run(Schema);
        // A crash of the machine may lose the newest rows, with their offsets: the topic still has them.
        writer.Run("PRAGMA synchronous = NORMAL");
        statements = new SqliteLedgerWriter(writer);
    }

    /// <inheritdoc/>
    public bool IsShared => false;

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<byte[]>> FindAsync(ScoreSearch search, IdPosition after, int limit, CancellationToken cancellation)
    {
        var sql = (search.CardId is null ? OfId : OfIdAndCard) + (search.UserId is null ? "" : OfUser) + InOrder;
        object?[] user = search.UserId is null ? [] : [search.UserId];
        return new(Read(sql, row => (byte[])row[0], [search.TransactionId, search.CardId ?? after.CardId, after.UserId, limit, .. user]));
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<byte[]>> OfCardAsync(string cardId, CardPosition after, int limit, CancellationToken cancellation) =>
        new(Read(OfCard, row => (byte[])row[0], cardId, after.EventTimeMicros, after.TransactionId, after.UserId, limit));

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<string>> UsersOfCardAsync(string cardId, int limit, CancellationToken cancellation) =>
        new(Read("SELECT DISTINCT user_id FROM scores WHERE card_id = ?1 ORDER BY user_id LIMIT ?2", row => row.GetString(0), cardId, limit));

    /// <inheritdoc/>
    public long? NextOffset(string topic, int partition) =>
        Read("SELECT next_offset FROM ledger_offsets WHERE topic = ?1 AND partition = ?2", row => row.GetInt64(0), topic, partition) is [var next, ..] ? next : null;

    /// <inheritdoc/>
    public int? Write(IReadOnlyList<LedgerRow> rows, string topic, IReadOnlyList<LedgerStep> steps)
    {
        ArgumentNullException.ThrowIfNull(rows);
        ArgumentNullException.ThrowIfNull(steps);
        return Call<int?>(() =>
        {
            using var transaction = writer.BeginTransaction();
            if (!statements.Advance(transaction, topic, steps))
                return null;
            var added = statements.Insert(transaction, rows);
            transaction.Commit();
            return added;
        });
    }

    /// <inheritdoc/>
    public int Prune(long writtenBeforeMicros) => Call(() => writer.Run(Old, writtenBeforeMicros, PrunedRows));

    /// <inheritdoc/>
    public void Dispose()
    {
        statements.Dispose();
        writer.Dispose();
        file.Dispose();
    }

    private List<T> Read<T>(string sql, Func<SqliteDataReader, T> read, params object?[] values) => Call(() =>
    {
        using var connection = file.Open();
        using var command = connection.Statement(sql, values);
        using var rows = command.ExecuteReader();
        var found = new List<T>();
        while (rows.Read())
            found.Add(read(rows));
        return found;
    });

    private T Call<T>(Func<T> call)
    {
        try
        {
            return call();
        }
        catch (SqliteException e) when (e.SqliteErrorCode is TooBig or Constraint or Mismatch)
        {
            throw new LedgerRefusedException($"SQLite file '{file.Path}': {e.Message}", e);
        }
        catch (SqliteException e)
        {
            throw new LedgerUnavailableException($"SQLite file '{file.Path}': {e.Message}", e);
        }
    }
}
