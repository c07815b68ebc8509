using System.Text;
using Npgsql;
using Scoring.Actors.Sql;
using static Scoring.Actors.Sql.PostgresCommands;

namespace Scoring.Actors.Ledger;

/// <summary>
/// The ledger in PostgreSQL, which all nodes share. Ids are kept as their UTF-8 bytes: PostgreSQL's text can't hold every
/// text that a transaction's id may be (U+0000, for one), and bytes have one order everywhere.
/// </summary>
public sealed class PostgresScoreLedger : IScoreLedger
{
    // The number is "ledger" in ASCII: two nodes that start at once must not both make the tables.
    private const string Schema = """
        SELECT pg_advisory_xact_lock(119182865163634);
        CREATE TABLE IF NOT EXISTS scoring_score (
            transaction_id bytea NOT NULL,
            card_id bytea NOT NULL,
            user_id bytea NOT NULL,
            event_time bigint NOT NULL,
            record bytea NOT NULL,
            written bigint NOT NULL,
            PRIMARY KEY (transaction_id, card_id, user_id));
        CREATE INDEX IF NOT EXISTS scoring_score_card ON scoring_score (card_id, event_time, transaction_id, user_id);
        CREATE INDEX IF NOT EXISTS scoring_score_age ON scoring_score (written);
        CREATE TABLE IF NOT EXISTS scoring_ledger_offset (
            topic text NOT NULL,
            partition integer NOT NULL,
            next_offset bigint NOT NULL,
            PRIMARY KEY (topic, partition));
        """;

    private const string SchemaExists = "SELECT to_regclass('scoring_ledger_offset') IS NOT NULL";

    private const string EarlierLayout = """
        SELECT to_regclass('scoring_score') IS NOT NULL
            AND NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass('scoring_score') AND attname = 'written')
        """;

    // A condition that holds for any card or user would keep the index from finding one.
    private const string OfId = "SELECT record FROM scoring_score WHERE transaction_id = $1 AND (card_id, user_id) > ($2, $3)";
    private const string OfIdAndCard = "SELECT record FROM scoring_score WHERE transaction_id = $1 AND card_id = $2 AND user_id > $3";
    private const string OfUser = " AND user_id = $5";
    private const string InOrder = " ORDER BY card_id, user_id LIMIT $4";

    private const string OfCard = """
        SELECT record FROM scoring_score WHERE card_id = $1 AND (event_time, transaction_id, user_id) < ($2, $3, $4)
        ORDER BY event_time DESC, transaction_id DESC, user_id DESC LIMIT $5
        """;

    private const string UsersOfCard = "SELECT DISTINCT user_id FROM scoring_score WHERE card_id = $1 ORDER BY user_id LIMIT $2";

    private const string Next = "SELECT next_offset FROM scoring_ledger_offset WHERE topic = $1 AND partition = $2";

    private const string Begin = """
        INSERT INTO scoring_ledger_offset (topic, partition, next_offset)
        SELECT $1, s.partition, s.next FROM unnest($2::integer[], $3::bigint[], $4::bigint[]) AS s (partition, start, next) WHERE s.start IS NULL
        ON CONFLICT (topic, partition) DO NOTHING
        """;

    private const string Advance = """
        UPDATE scoring_ledger_offset l SET next_offset = s.next FROM unnest($2::integer[], $3::bigint[], $4::bigint[]) AS s (partition, start, next)
        WHERE l.topic = $1 AND l.partition = s.partition AND l.next_offset = s.start
        """;

    private const string Insert = """
        INSERT INTO scoring_score (transaction_id, card_id, user_id, event_time, record, written)
        SELECT * FROM unnest($1::bytea[], $2::bytea[], $3::bytea[], $4::bigint[], $5::bytea[], $6::bigint[]) ON CONFLICT (transaction_id, card_id, user_id) DO NOTHING
        """;

    private const string Old = """
        DELETE FROM scoring_score WHERE ctid = ANY (ARRAY(
            SELECT ctid FROM scoring_score WHERE written < $1 ORDER BY written LIMIT $2))
        """;

    private const int PrunedRows = 2_000;

    // Of PostgreSQL's error codes: data exceptions, violated constraints, exceeded limits, as of a key that its index can't hold.
    private static readonly string[] RefusalClasses = ["22", "23", "54"];

    private readonly PostgresPool pool;
    private readonly string name;
    private bool prepared;

    /// <summary>Makes the ledger; the first write connects and makes its tables where they are missing.</summary>
    /// <param name="options">How the server is reached.</param>
    /// <exception cref="ArgumentException">The connection string can't be read.</exception>
    public PostgresScoreLedger(LedgerOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        pool = new PostgresPool(options.ConnectionString, options.CommandTimeout);
        name = pool.Name;
    }

    /// <inheritdoc/>
    public bool IsShared => true;

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<byte[]>> FindAsync(ScoreSearch search, IdPosition after, int limit, CancellationToken cancellation)
    {
        var sql = (search.CardId is null ? OfId : OfIdAndCard) + (search.UserId is null ? "" : OfUser) + InOrder;
        NpgsqlParameter[] user = search.UserId is null ? [] : [Of(Utf8(search.UserId))];
        return ReadAsync(
            sql, row => row.GetFieldValue<byte[]>(0), cancellation, [Of(Utf8(search.TransactionId)), Of(Utf8(search.CardId ?? after.CardId)), Of(Utf8(after.UserId)), Of(limit), .. user]);
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<byte[]>> OfCardAsync(string cardId, CardPosition after, int limit, CancellationToken cancellation) => ReadAsync(
        OfCard, row => row.GetFieldValue<byte[]>(0), cancellation, Of(Utf8(cardId)), Of(after.EventTimeMicros), Of(Utf8(after.TransactionId)), Of(Utf8(after.UserId)), Of(limit));

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<string>> UsersOfCardAsync(string cardId, int limit, CancellationToken cancellation) =>
        ReadAsync(UsersOfCard, row => Encoding.UTF8.GetString(row.GetFieldValue<byte[]>(0)), cancellation, Of(Utf8(cardId)), Of(limit));

    /// <inheritdoc/>
    public long? NextOffset(string topic, int partition) => Call(connection =>
    {
        using var command = Command(connection, null, Next, Of(topic), Of(partition));
        return (long?)command.ExecuteScalar();
    });

    /// <inheritdoc/>
    public int? Write(IReadOnlyList<LedgerRow> rows, string topic, IReadOnlyList<LedgerStep> steps)
    {
        ArgumentNullException.ThrowIfNull(rows);
        ArgumentNullException.ThrowIfNull(steps);
        return Call(connection => Write(connection, rows, topic, [.. steps.OrderBy(s => s.Partition)]));
    }

    /// <inheritdoc/>
    public int Prune(long writtenBeforeMicros) => Call(connection =>
    {
        using var command = Command(connection, null, Old, Of(writtenBeforeMicros), Of(PrunedRows));
        return command.ExecuteNonQuery();
    });

    /// <inheritdoc/>
    public void Dispose() => pool.Dispose();

    // The offsets first: whoever overlaps in a rebalance waits for their rows, and then finds them moved.
    private static int? Write(NpgsqlConnection connection, IReadOnlyList<LedgerRow> rows, string topic, LedgerStep[] steps)
    {
        using var transaction = connection.BeginTransaction();
        var moved = 0;
        foreach (var sql in (string[])[Begin, Advance])
        {
            using var offsets = Command(
                connection, transaction, sql, Of(topic), Of(Array.ConvertAll(steps, s => s.Partition)), Of(Array.ConvertAll(steps, s => s.From)), Of(Array.ConvertAll(steps, s => s.Next)));
            moved += offsets.ExecuteNonQuery();
        }

        if (moved < steps.Length)
            return null;
        using var insert = Command(
            connection,
            transaction,
            Insert,
            Of(rows.Select(r => Utf8(r.Keys.TransactionId)).ToArray()),
            Of(rows.Select(r => Utf8(r.Keys.CardId)).ToArray()),
            Of(rows.Select(r => Utf8(r.Keys.UserId)).ToArray()),
            Of(rows.Select(r => r.Keys.EventTimeMicros).ToArray()),
            Of(rows.Select(r => r.Record).ToArray()),
            Of(rows.Select(r => r.WrittenMicros).ToArray()));
        var added = insert.ExecuteNonQuery();
        transaction.Commit();
        return added;
    }

    private T Call<T>(Func<NpgsqlConnection, T> call)
    {
        try
        {
            using var connection = pool.Open();
            Prepare(connection);
            return call(connection);
        }
        catch (Exception e) when (IsUnavailable(e))
        {
            throw Unavailable(e);
        }
    }

    private async ValueTask<IReadOnlyList<T>> ReadAsync<T>(string sql, Func<NpgsqlDataReader, T> read, CancellationToken cancellation, params NpgsqlParameter[] parameters)
    {
        try
        {
            await using var connection = await pool.OpenAsync(cancellation);
            await using var command = Command(connection, null, sql, parameters);
            await using var rows = await command.ExecuteReaderAsync(cancellation);
            var found = new List<T>();
            while (await rows.ReadAsync(cancellation))
                found.Add(read(rows));
            return found;
        }
        catch (Exception e) when (IsUnavailable(e))
        {
            throw Unavailable(e);
        }
    }

    private void Prepare(NpgsqlConnection connection)
    {
        if (prepared)
            return;
        using var earlier = Command(connection, null, EarlierLayout);
        if (earlier.ExecuteScalar() is true)
            throw new LedgerLayoutException(name, "the tables scoring_score and scoring_ledger_offset");
        // Making a table that is there asks for rights that the service need not have.
        using var exists = Command(connection, null, SchemaExists);
        if (exists.ExecuteScalar() is false)
        {
            using var transaction = connection.BeginTransaction();
            using var create = Command(connection, transaction, Schema);
            create.ExecuteNonQuery();
            transaction.Commit();
        }

        prepared = true;
    }

    private static bool IsUnavailable(Exception e) => e is NpgsqlException || PostgresConnections.IsTransient(e);

    private LedgerUnavailableException Unavailable(Exception cause)
    {
        var message = $"the ledger in {name}: {PostgresConnections.Describe(cause)}";
        return cause is PostgresException { SqlState: { } state } && RefusalClasses.Contains(state[..2]) ? new LedgerRefusedException(message, cause) : new LedgerUnavailableException(message, cause);
    }

    private static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text);

#pragma warning disable CA2100 // Every text is a constant of this file; values are parameters.
    private static NpgsqlCommand Command(NpgsqlConnection connection, NpgsqlTransaction? transaction, string sql, params ReadOnlySpan<NpgsqlParameter> parameters)
    {
        var command = new NpgsqlCommand(sql, connection, transaction);
        foreach (var parameter in parameters)
            command.Parameters.Add(parameter);
        return command;
    }
#pragma warning restore CA2100
}
