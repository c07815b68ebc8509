using Microsoft.Data.Sqlite;
using Scoring.Actors.Sql;
using Scoring.Models.Wire;

namespace Scoring.Actors.Ledger;

/// <summary>A score to write.</summary>
/// <param name="Keys">What it is found by.</param>
/// <param name="Record">The score record's value.</param>
public readonly record struct LedgerRow(ScoreKeys Keys, byte[] Record);

/// <summary>
/// The scores by transaction and by card, in SQLite: a projection of the `scores` topic that can be built
/// anew from it. The first score of a transaction stays; a repeat changes nothing. One thread writes, any
/// thread reads.
/// </summary>
public sealed class ScoreLedger : IDisposable
{
    private const string Schema = """
        PRAGMA journal_mode = WAL;
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

    private const int PrunedRows = 2_000;

    private readonly string connectionString;
    private readonly string? temporaryFolder;
    private readonly SqliteConnection writer;
    private readonly LedgerWriter statements;

    /// <summary>Opens the ledger, and creates it where there is none.</summary>
    /// <param name="options">Where it is.</param>
    /// <exception cref="SqliteException">The file can't be opened or is no database.</exception>
    public ScoreLedger(LedgerOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        NativeSqlite.Load();
        var path = options.Path;
        if (path.Length == 0)
        {
            temporaryFolder = Directory.CreateTempSubdirectory("scoring-ledger-").FullName;
            path = Path.Combine(temporaryFolder, "ledger.db");
        }
        else if (Path.GetDirectoryName(Path.GetFullPath(path)) is { } folder)
        {
            Directory.CreateDirectory(folder);
        }

        connectionString = new SqliteConnectionStringBuilder { DataSource = path, Cache = SqliteCacheMode.Default, DefaultTimeout = 5 }.ToString();
        writer = Open();
        Execute(writer, Schema);
        // A crash of the machine may lose the newest rows, with their offsets: the topic still has them.
        Execute(writer, "PRAGMA synchronous = NORMAL");
        statements = new LedgerWriter(writer);
    }

    /// <summary>Reads a transaction's score.</summary>
    /// <param name="transactionId">The transaction.</param>
    /// <returns>The score record's value; null if there is none.</returns>
    public byte[]? Find(string transactionId)
    {
        using var connection = Open();
        using var command = Command(connection, "SELECT record FROM scores WHERE transaction_id = $id", ("$id", transactionId));
        return (byte[]?)command.ExecuteScalar();
    }

    /// <summary>Reads a card's scores, newest event first.</summary>
    /// <param name="cardId">The card.</param>
    /// <param name="beforeMicros">Only events before this time, in microseconds since 1970.</param>
    /// <param name="limit">How many at most.</param>
    /// <returns>The score records' values.</returns>
    public IReadOnlyList<byte[]> OfCard(string cardId, long beforeMicros, int limit)
    {
        using var connection = Open();
        using var command = Command(
            connection,
            "SELECT record FROM scores WHERE card_id = $card AND event_time < $before ORDER BY event_time DESC, transaction_id DESC LIMIT $limit",
            ("$card", cardId),
            ("$before", beforeMicros),
            ("$limit", limit));
        using var rows = command.ExecuteReader();
        var records = new List<byte[]>();
        while (rows.Read())
            records.Add((byte[])rows[0]);
        return records;
    }

    /// <summary>Reads which users a card was used by.</summary>
    /// <param name="cardId">The card.</param>
    /// <param name="limit">How many at most.</param>
    public IReadOnlyList<string> UsersOfCard(string cardId, int limit)
    {
        using var connection = Open();
        using var command = Command(connection, "SELECT DISTINCT user_id FROM scores WHERE card_id = $card ORDER BY user_id LIMIT $limit", ("$card", cardId), ("$limit", limit));
        using var rows = command.ExecuteReader();
        var users = new List<string>();
        while (rows.Read())
            users.Add(rows.GetString(0));
        return users;
    }

    /// <summary>Reads up to where a partition is in the ledger.</summary>
    /// <param name="topic">The topic.</param>
    /// <param name="partition">The partition.</param>
    /// <returns>The offset behind the last row; null if nothing of the partition is in it.</returns>
    public long? NextOffset(string topic, int partition)
    {
        using var connection = Open();
        using var command = Command(connection, "SELECT next_offset FROM ledger_offsets WHERE topic = $topic AND partition = $partition", ("$topic", topic), ("$partition", partition));
        return (long?)command.ExecuteScalar();
    }

    /// <summary>Writes scores and how far they reach, all or nothing.</summary>
    /// <param name="rows">The scores.</param>
    /// <param name="topic">The topic that they came from.</param>
    /// <param name="nextOffsets">The offsets behind the last of them, by partition.</param>
    /// <returns>How many were new.</returns>
    public int Write(IReadOnlyList<LedgerRow> rows, string topic, IReadOnlyDictionary<int, long> nextOffsets)
    {
        ArgumentNullException.ThrowIfNull(rows);
        ArgumentNullException.ThrowIfNull(nextOffsets);
        using var transaction = writer.BeginTransaction();
        var added = statements.Write(transaction, rows, topic, nextOffsets);
        transaction.Commit();
        return added;
    }

    /// <summary>Removes some of the scores that are older than their retention.</summary>
    /// <param name="retention">How long a score is kept, in event time before the newest.</param>
    /// <returns>How many were removed; another call may find more.</returns>
    public int Prune(TimeSpan retention)
    {
        using var command = Command(
            writer,
            "DELETE FROM scores WHERE rowid IN (SELECT rowid FROM scores WHERE event_time < (SELECT MAX(event_time) FROM scores) - $kept ORDER BY event_time LIMIT $limit)",
            ("$kept", (long)retention.TotalMicroseconds),
            ("$limit", PrunedRows));
        return command.ExecuteNonQuery();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        statements.Dispose();
        writer.Dispose();
        SqliteConnection.ClearAllPools();
        if (temporaryFolder is not null)
            Directory.Delete(temporaryFolder, recursive: true);
    }

    private SqliteConnection Open()
    {
        var connection = new SqliteConnection(connectionString);
        connection.Open();
        return connection;
    }

    private static void Execute(SqliteConnection connection, string sql)
    {
        using var command = Command(connection, sql);
        command.ExecuteNonQuery();
    }

#pragma warning disable CA2100 // Every text is a constant of this file; values are parameters.
    private static SqliteCommand Command(SqliteConnection connection, string sql, params ReadOnlySpan<(string Name, object Value)> parameters)
    {
        var command = connection.CreateCommand();
        command.CommandText = sql;
        foreach (var (name, value) in parameters)
            command.Parameters.AddWithValue(name, value);
        return command;
    }
#pragma warning restore CA2100
}
