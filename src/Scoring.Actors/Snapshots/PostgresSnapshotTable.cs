using System.Globalization;
using Npgsql;
using NpgsqlTypes;
using Scoring.Actors.Sql;
using static Scoring.Actors.Sql.PostgresCommands;

namespace Scoring.Actors.Snapshots;

/// <summary>Snapshots in PostgreSQL: a group is copied into a table of the session in binary and from there inserted or updated by one statement.</summary>
internal sealed class PostgresSnapshotTable : ISnapshotTable
{
    private readonly PostgresPool pool;
    private readonly PostgresSnapshotStatements statements;
    private readonly TimeSpan timeout;
    private readonly string sessionTimeout;
    private volatile bool isPrepared;

    /// <summary>Makes the table's client; its first call connects.</summary>
    /// <param name="options">How the server is reached.</param>
    /// <exception cref="ArgumentException">The connection string can't be read.</exception>
    internal PostgresSnapshotTable(SnapshotStoreOptions options)
    {
        // A session keeps its table for incoming rows when it goes back to the pool. Nothing else is left in one.
        var settings = new NpgsqlConnectionStringBuilder(options.ConnectionString) { NoResetOnClose = true };
        pool = new PostgresPool(settings.ConnectionString, options.CommandTimeout);
        statements = PostgresSnapshotStatements.Of(options);
        timeout = options.CommandTimeout;
        sessionTimeout = ((int)timeout.TotalMilliseconds).ToString(CultureInfo.InvariantCulture);
        isPrepared = !options.AutoInitialize;
    }

    /// <inheritdoc/>
    public string Name => pool.Name;

    /// <inheritdoc/>
    public bool IsTransient(Exception failure) => PostgresConnections.IsTransient(failure);

    /// <inheritdoc/>
    public string Describe(Exception failure) => PostgresConnections.Describe(failure);

    /// <inheritdoc/>
    public async Task PrepareAsync(CancellationToken cancellation)
    {
        if (isPrepared)
            return;
        try
        {
            await MakeTablesAsync(cancellation);
        }
        catch (PostgresException e) when (e.SqlState is PostgresErrorCodes.UniqueViolation or PostgresErrorCodes.DuplicateTable)
        {
            // A program that does not take our lock, such as the stock plugin, made one at the same moment: it is there now.
            await MakeTablesAsync(cancellation);
        }

        isPrepared = true;
    }

    /// <inheritdoc/>
    public async Task SaveAsync(IReadOnlyList<SnapshotRow> rows, CancellationToken cancellation)
    {
        // Laying some MB out takes milliseconds, in which the actor that calls must take other messages.
        await Task.Yield();
        await using var connection = await pool.OpenAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        if (!await HasIncomingAsync(connection, cancellation))
            await ExecuteAsync(connection, PostgresSnapshotStatements.Incoming, cancellation);
        await CopyAsync(connection, rows, cancellation);
        await ExecuteAsync(connection, statements.Upsert, cancellation);
        await transaction.CommitAsync(cancellation);
    }

    /// <inheritdoc/>
    public async Task<StoredSnapshot?[]> LoadAsync(IReadOnlyList<SnapshotRange> ranges, CancellationToken cancellation)
    {
        await Task.Yield();
        await using var connection = await pool.OpenAsync(cancellation);
        await using var batch = new NpgsqlBatch(connection)
        {
            BatchCommands =
            {
                Command(
                    statements.Load,
                    Of(Each(ranges, r => r.Id)),
                    Of(Each(ranges, r => r.Least)),
                    Of(Each(ranges, r => r.Most)),
                    Of(Each(ranges, r => r.Earliest)),
                    Of(Each(ranges, r => r.Latest))),
            },
        };
        await using var rows = await batch.ExecuteReaderAsync(cancellation);
        var found = new StoredSnapshot?[ranges.Count];
        while (await rows.ReadAsync(cancellation))
        {
            int? serializer = rows.IsDBNull(3) ? null : rows.GetInt32(3);
            found[rows.GetInt64(0) - 1] = new StoredSnapshot(
                rows.GetInt64(1), rows.GetInt64(2), serializer, rows.IsDBNull(4) ? "" : rows.GetString(4), rows.IsDBNull(5) ? [] : rows.GetFieldValue<byte[]>(5));
        }

        return found;
    }

    /// <inheritdoc/>
    public Task<int> DeleteAsync(IReadOnlyList<SnapshotKey> keys, CancellationToken cancellation) =>
        ChangeAsync(Command(statements.Delete, Of(Each(keys, k => k.PersistenceId)), Of(Each(keys, k => k.SequenceNr))), cancellation);

    /// <inheritdoc/>
    public Task<int> DeleteOlderAsync(IReadOnlyList<OlderSnapshots> rows, int most, CancellationToken cancellation) =>
        ChangeAsync(Command(statements.DeleteOlder, Of(Each(rows, r => r.PersistenceId)), Of(Each(rows, r => r.Through)), Of(Each(rows, r => r.Newest)), Of((long)most)), cancellation);

    /// <inheritdoc/>
    public Task<int> DeleteRangeAsync(SnapshotRange range, int most, CancellationToken cancellation) =>
        ChangeAsync(Command(statements.DeleteRange, Of(range.Id), Of(range.Least), Of(range.Most), Of(range.Earliest), Of(range.Latest), Of((long)most)), cancellation);

    /// <inheritdoc/>
    public async Task<(int Gone, SnapshotKey? Next)> DeletePrefixesAsync(IReadOnlyList<string> prefixes, SnapshotKey? after, int most, CancellationToken cancellation)
    {
        await using var connection = await pool.OpenAsync(cancellation);
        var (id, number) = after ?? new SnapshotKey("", long.MinValue);
        await using var batch = new NpgsqlBatch(connection)
        {
            BatchCommands =
            {
                Command(PostgresSnapshotStatements.Settings, Of(sessionTimeout)),
                Command(statements.DeletePrefixes, Of(prefixes.ToArray()), Of(id), Of(number), Of((long)most)),
            },
        };
        await using var rows = await batch.ExecuteReaderAsync(cancellation);
        await rows.NextResultAsync(cancellation);
        if (!await rows.ReadAsync(cancellation))
            return (0, null);
        return ((int)rows.GetInt64(0), rows.GetInt64(1) < most ? null : new SnapshotKey(rows.GetString(2), rows.GetInt64(3)));
    }

    /// <inheritdoc/>
    public async Task<FenceToken?[]> FenceAsync(IReadOnlyList<(string Topic, int Partition, FenceToken? Token)> fences, CancellationToken cancellation)
    {
        await using var connection = await pool.OpenAsync(cancellation);
        // Its statements go out together, and without a transaction around them they are one.
        await using var batch = new NpgsqlBatch(connection) { BatchCommands = { Command(PostgresSnapshotStatements.Settings, Of(sessionTimeout)) } };
        foreach (var (topic, partition, token) in fences)
        {
            if (token is not null)
                batch.BatchCommands.Add(Command(statements.WriteFence, Of(topic), Of(partition), Of(token.Counter), Of(token.Node), Of(token.Random)));
        }

        foreach (var (topic, partition, _) in fences)
            batch.BatchCommands.Add(Command(statements.ReadFence, Of(topic), Of(partition)));
        await using var rows = await batch.ExecuteReaderAsync(cancellation);
        var stand = new FenceToken?[fences.Count];
        for (var i = 0; i < stand.Length; i++)
        {
            await rows.NextResultAsync(cancellation);
            stand[i] = await rows.ReadAsync(cancellation) ? new FenceToken(rows.GetInt64(0), rows.GetString(1), rows.GetInt64(2)) : null;
        }

        return stand;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => pool.DisposeAsync();

    private async Task MakeTablesAsync(CancellationToken cancellation)
    {
        await using var connection = await pool.OpenAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        await ExecuteAsync(connection, PostgresSnapshotStatements.LockSchema, cancellation);
        if (!await AreThereAsync(connection, cancellation))
            await ExecuteAsync(connection, statements.Schema, cancellation);
        await transaction.CommitAsync(cancellation);
    }

    private async Task<bool> AreThereAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        await using var batch = new NpgsqlBatch(connection) { BatchCommands = { Command(statements.AreThere) } };
        return await batch.ExecuteScalarAsync(cancellation) is true;
    }

    private async Task<bool> HasIncomingAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        await using var batch = new NpgsqlBatch(connection) { BatchCommands = { Command(PostgresSnapshotStatements.Settings, Of(sessionTimeout)) } };
        await using var row = await batch.ExecuteReaderAsync(cancellation);
        await row.ReadAsync(cancellation);
        return row.GetBoolean(2);
    }

    private async Task CopyAsync(NpgsqlConnection connection, IReadOnlyList<SnapshotRow> rows, CancellationToken cancellation)
    {
        await using var copy = await connection.BeginBinaryImportAsync(PostgresSnapshotStatements.Copy, cancellation);
        copy.Timeout = timeout;
        foreach (var row in rows)
        {
            await copy.StartRowAsync(cancellation);
            await copy.WriteAsync(row.Id, NpgsqlDbType.Text, cancellation);
            await copy.WriteAsync(row.Number, NpgsqlDbType.Bigint, cancellation);
            await copy.WriteAsync(row.Created, NpgsqlDbType.Bigint, cancellation);
            await copy.WriteAsync(row.Payload, NpgsqlDbType.Bytea, cancellation);
            await copy.WriteAsync(row.Manifest, NpgsqlDbType.Text, cancellation);
            await copy.WriteAsync(row.SerializerId, NpgsqlDbType.Integer, cancellation);
        }

        await copy.CompleteAsync(cancellation);
    }

    private async Task<int> ChangeAsync(NpgsqlBatchCommand command, CancellationToken cancellation)
    {
        await using var connection = await pool.OpenAsync(cancellation);
        await using var batch = new NpgsqlBatch(connection) { BatchCommands = { Command(PostgresSnapshotStatements.Settings, Of(sessionTimeout)), command } };
        await batch.ExecuteNonQueryAsync(cancellation);
        return (int)command.RecordsAffected;
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken cancellation)
    {
#pragma warning disable CA2100 // Names of tables can't be parameters; the options let letters, digits and underscores alone into them.
        await using var command = new NpgsqlCommand(sql, connection);
#pragma warning restore CA2100
        await command.ExecuteNonQueryAsync(cancellation);
    }

    private static TValue[] Each<TItem, TValue>(IReadOnlyList<TItem> items, Func<TItem, TValue> value)
    {
        var values = new TValue[items.Count];
        for (var i = 0; i < values.Length; i++)
            values[i] = value(items[i]);
        return values;
    }
}
