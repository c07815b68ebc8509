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
            record BLOB NOT NULL);
        CREATE UNIQUE INDEX IF NOT EXISTS scores_by_transaction ON scores (transaction_id);
        CREATE INDEX IF NOT EXISTS scores_by_card ON scores (card_id, event_time, transaction_id);
        CREATE INDEX IF NOT EXISTS scores_by_time ON scores (event_time);
        CREATE TABLE IF NOT EXISTS ledger_offsets (
            topic TEXT NOT NULL,
            partition INTEGER NOT NULL,
            next_offset INTEGER NOT NULL,
            PRIMARY KEY (topic, partition));
        """;

    private const string OfCard = "SELECT record FROM scores WHERE card_id = ?1 AND event_time < ?2 ORDER BY event_time DESC, transaction_id DESC LIMIT ?3";

    private const string Old = """
        DELETE FROM scores WHERE rowid IN (
            SELECT rowid FROM scores WHERE event_time < (SELECT MAX(event_time) FROM scores) - ?1 ORDER BY event_time LIMIT ?2)
        """;

    private const int PrunedRows = 2_000;

    private readonly SqliteFile file;
    private readonly SqliteConnection writer;
    private readonly SqliteLedgerWriter statements;

    /// <summary>Opens the ledger, and creates it where there is none.</summary>
    /// <param name="options">Where it is.</param>
    /// <exception cref="SqliteException">The file can't be opened or is no database.</exception>
    public SqliteScoreLedger(LedgerOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        file = new SqliteFile(options.Path, "ledger", options.CommandTimeout);
        writer = file.Open();
        writer.Run("PRAGMA journal_mode = WAL");
        writer.Run(Schema);
        // A crash of the machine may lose the newest rows, with their offsets: the topic still has them.
        writer.Run("PRAGMA synchronous = NORMAL");
        statements = new SqliteLedgerWriter(writer);
    }

    /// <inheritdoc/>
    public bool IsShared => false;

    /// <inheritdoc/>
    public ValueTask<byte[]?> FindAsync(string transactionId, CancellationToken cancellation) =>
        new(Read("SELECT record FROM scores WHERE transaction_id = ?1", row => (byte[])row[0], transactionId) is [var record, ..] ? record : null);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<byte[]>> OfCardAsync(string cardId, long beforeMicros, int limit, CancellationToken cancellation) =>
        new(Read(OfCard, row => (byte[])row[0], cardId, beforeMicros, limit));

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
    public int Prune(TimeSpan retention) => Call(() => writer.Run(Old, (long)retention.TotalMicroseconds, PrunedRows));

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
        catch (SqliteException e)
        {
            throw new LedgerUnavailableException($"SQLite file '{file.Path}': {e.Message}", e);
        }
    }
}
