using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Globalization;
using Npgsql;
using Scoring.Actors.Sql;
using static Scoring.Actors.Sql.PostgresCommands;

namespace Scoring.Actors.State;

/// <summary>
/// The state of the shards in PostgreSQL. A checkpoint is one transaction that locks its shard's row first and for its
/// whole length, so an owner that has lost the shard can neither write nor overtake. A load is one round trip.
/// </summary>
public sealed class PostgresSnapshotStore : ISnapshotStore, ITopicIds
{
    private const int MaxStatementRows = 4_000;
    private const int MaxStatementBytes = 8 * 1024 * 1024;
    private const int PurgedKeys = 2_000;

    private readonly PostgresPool pool;
    private readonly TaskScheduler scheduler;
    private readonly StateMetrics metrics;
    private readonly StoreCalls calls;
    private readonly string name;
    private readonly string sessionTimeout;
    private readonly ConcurrentDictionary<(int Partition, string Kind), byte[]> purgedTo = new();

    /// <summary>Makes the store; preparing it connects.</summary>
    /// <param name="options">How the server is reached.</param>
    /// <param name="scheduler">Where it works: taking a checkpoint's rows apart must not hold a shard up.</param>
    /// <param name="time">Times the calls.</param>
    /// <param name="meters">Where its metrics are counted.</param>
    /// <exception cref="ArgumentException">The connection string can't be read.</exception>
    public PostgresSnapshotStore(StateOptions options, TaskScheduler scheduler, TimeProvider time, IMeterFactory meters)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(meters);
        this.scheduler = scheduler;
        pool = new PostgresPool(options.ConnectionString, options.CommandTimeout);
        name = pool.Name;
        sessionTimeout = ((int)options.CommandTimeout.TotalMilliseconds).ToString(CultureInfo.InvariantCulture);
        metrics = new StateMetrics(meters);
        calls = new StoreCalls(name, PostgresConnections.IsTransient, PostgresConnections.Describe, metrics, time);
    }

    /// <inheritdoc/>
    public Task PrepareAsync(LogIdentity identity, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(identity);
        return CallAsync("prepare", connection => PrepareAsync(connection, identity, cancellation), cancellation);
    }

    /// <inheritdoc/>
    public Task<ShardSnapshot> AcquireAsync(int partition, ShardOwner owner, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(owner);
        return CallAsync("acquire", connection => AcquireAsync(connection, partition, owner, cancellation), cancellation);
    }

    /// <inheritdoc/>
    public Task<EntityRows> LoadAsync(int partition, IReadOnlyList<EntityKey> keys, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(keys);
        return CallAsync("load", connection => LoadAsync(connection, partition, keys, cancellation), cancellation);
    }

    /// <inheritdoc/>
    public Task<EntityRows> LoadWatchedAsync(int partition, CancellationToken cancellation) =>
        CallAsync("load_watched", connection => LoadWatchedAsync(connection, partition, cancellation), cancellation);

    /// <inheritdoc/>
    public Task<bool> WriteAsync(Checkpoint checkpoint, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(checkpoint);
        return CallAsync("write", connection => WriteAsync(connection, checkpoint, cancellation), cancellation);
    }

    /// <inheritdoc/>
    public Task<bool> QuarantineAsync(int partition, long epoch, IReadOnlyList<QuarantinedRecord> records, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(records);
        return CallAsync(
            "quarantine",
            async connection =>
            {
                await using var batch = Batch(
                    connection,
                    Command(PostgresStatements.Quarantine, Of(partition), Of(epoch), Of(records.Select(r => r.Offset).ToArray()), Of(records.Select(r => r.Reason).ToArray())),
                    Command(PostgresStatements.PruneQuarantine, Of(partition), Of(epoch), Of(ShardSnapshot.MaxQuarantined)));
                return await batch.ExecuteNonQueryAsync(cancellation) > 0;
            },
            cancellation);
    }

    /// <inheritdoc/>
    public Task ReportAsync(IReadOnlyList<ShardReport> reports, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(reports);
        return CallAsync("report", connection => ReportAsync(connection, reports, cancellation), cancellation);
    }

    /// <inheritdoc/>
    public Task<string> NoteTopicAsync(string topic, string id, CancellationToken cancellation) =>
        CallAsync("note_topic", connection => NoteTopicAsync(connection, topic, id, cancellation), cancellation);

    /// <inheritdoc/>
    public Task<IReadOnlyList<ShardRow>> ShardsAsync(CancellationToken cancellation) =>
        CallAsync("list", connection => ShardsAsync(connection, cancellation), cancellation);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => pool.DisposeAsync();

    private async Task<bool> PrepareAsync(NpgsqlConnection connection, LogIdentity identity, CancellationToken cancellation)
    {
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        await ExecuteAsync(connection, cancellation, Command(PostgresStatements.LockSchema));
        if (!await QueryAsync(connection, PostgresStatements.SchemaExists, row => row.GetBoolean(0), cancellation))
        {
            await using var schema = new NpgsqlCommand(PostgresStatements.Schema, connection);
            await schema.ExecuteNonQueryAsync(cancellation);
            await ExecuteAsync(connection, cancellation, Command(PostgresStatements.WriteIdentity, Of(StoredIdentity.SchemaVersion), Of(identity.Topic), Of(identity.TopicId), Of(identity.Partitions), Of(identity.GroupId)));
        }

        var stored = await QueryAsync(
            connection,
            PostgresStatements.ReadIdentity,
            row => new StoredIdentity(row.GetInt32(0), new LogIdentity(row.GetString(1), row.GetString(2), row.GetInt32(3), row.GetString(4))),
            cancellation);
        stored.Check(name, identity);
        await ExecuteAsync(connection, cancellation, Command(PostgresStatements.WriteTopicId, Of(identity.TopicId)));
        await transaction.CommitAsync(cancellation);
        return true;
    }

    private static async Task<string> NoteTopicAsync(NpgsqlConnection connection, string topic, string id, CancellationToken cancellation)
    {
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        await ExecuteAsync(connection, cancellation, Command(PostgresStatements.LockSchema));
        if (!await QueryAsync(connection, PostgresStatements.TopicsExist, row => row.GetBoolean(0), cancellation))
            await ExecuteAsync(connection, cancellation, Command(PostgresStatements.Topics));
        await ExecuteAsync(connection, cancellation, Command(PostgresStatements.NoteTopic, Of(topic), Of(id)));
        var known = await QueryAsync(connection, Command(PostgresStatements.ReadTopic, Of(topic)), row => row.GetString(0), cancellation);
        await transaction.CommitAsync(cancellation);
        return known;
    }

    private async Task<ShardSnapshot> AcquireAsync(NpgsqlConnection connection, int partition, ShardOwner owner, CancellationToken cancellation)
    {
        await using var batch = Batch(
            connection,
            Command(PostgresStatements.Acquire, Of(partition), Of(owner.NodeId), Of(owner.Address?.ToString())),
            Command(PostgresStatements.ReadQuarantine, Of(partition)));
        await using var rows = await batch.ExecuteReaderAsync(cancellation);
        await rows.NextResultAsync(cancellation);
        await rows.ReadAsync(cancellation);
        var (epoch, offset, marks) = (rows.GetInt64(0), rows.LongAt(1), rows.BytesAt(2));
        await rows.NextResultAsync(cancellation);
        var quarantined = new List<QuarantinedRecord>();
        while (await rows.ReadAsync(cancellation))
            quarantined.Add(new QuarantinedRecord(rows.GetInt64(0), rows.GetString(1)));
        return new ShardSnapshot(epoch, offset, marks, quarantined);
    }

    private async Task<EntityRows> LoadAsync(NpgsqlConnection connection, int partition, IReadOnlyList<EntityKey> keys, CancellationToken cancellation)
    {
        var kinds = keys.Select(k => k.Kind).ToArray();
        var bytes = keys.Select(k => k.Key).ToArray();
        await using var batch = new NpgsqlBatch(connection) { BatchCommands = { Command(PostgresStatements.Load, Of(partition), Of(kinds), Of(bytes)), Command(PostgresStatements.ReadEpoch, Of(partition)) } };
        await using var rows = await batch.ExecuteReaderAsync(cancellation);
        var found = new List<EntityRow>(keys.Count);
        while (await rows.ReadAsync(cancellation))
        {
            var key = keys[(int)rows.GetInt64(0) - 1];
            found.Add(new EntityRow(key.Kind, key.Key, rows.GetInt64(1), rows.BytesAt(2), rows.LongAt(3), rows.BytesAt(4)));
        }

        return new EntityRows(await EpochAsync(rows, cancellation), metrics.Loaded(found));
    }

    private async Task<EntityRows> LoadWatchedAsync(NpgsqlConnection connection, int partition, CancellationToken cancellation)
    {
        await using var batch = new NpgsqlBatch(connection) { BatchCommands = { Command(PostgresStatements.LoadWatched, Of(partition)), Command(PostgresStatements.ReadEpoch, Of(partition)) } };
        await using var rows = await batch.ExecuteReaderAsync(cancellation);
        var found = new List<EntityRow>();
        while (await rows.ReadAsync(cancellation))
            found.Add(new EntityRow(rows.GetString(0), rows.BytesAt(1), rows.GetInt64(2), rows.BytesAt(3), rows.LongAt(4), rows.BytesAt(5)));
        return new EntityRows(await EpochAsync(rows, cancellation), metrics.Loaded(found));
    }

    // Each statement sees what was committed before it. The epoch is read after the rows: if it is the caller's, it was
    // when they were read.
    private static async Task<long> EpochAsync(NpgsqlDataReader rows, CancellationToken cancellation)
    {
        await rows.NextResultAsync(cancellation);
        return await rows.ReadAsync(cancellation) ? rows.GetInt64(0) : 0;
    }

    private async Task<bool> WriteAsync(NpgsqlConnection connection, Checkpoint checkpoint, CancellationToken cancellation)
    {
        // 1. Lock the shard, if it is still the caller's.
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        await using var fence = Batch(connection, Command(PostgresStatements.Fence, Of(checkpoint.Partition), Of(checkpoint.Epoch), Of(checkpoint.Offset), Of(checkpoint.Marks)));
        if (await fence.ExecuteNonQueryAsync(cancellation) == 0)
            return false;

        // 2. Write the entities, a statement for some thousands.
        var (added, bytes) = (0L, 0L);
        for (var from = 0; from < checkpoint.Entities.Count;)
        {
            var to = EndOfStatement(checkpoint.Entities, from);
            var grown = await UpsertAsync(connection, checkpoint, from, to, cancellation);
            (added, bytes, from) = (added + grown.Rows, bytes + grown.Bytes, to);
        }

        // 3. Remove what has grown old.
        var removed = 0L;
        foreach (var purge in checkpoint.Purges)
        {
            var gone = await PurgeAsync(connection, checkpoint.Partition, purge, cancellation);
            (removed, bytes) = (removed + gone.Rows, bytes - gone.Bytes);
        }

        // 4. Count, and be done.
        await ExecuteAsync(
            connection,
            cancellation,
            Command(PostgresStatements.Count, Of(checkpoint.Partition), Of(added - removed), Of(bytes)));
        await transaction.CommitAsync(cancellation);
        metrics.Wrote(checkpoint, removed);
        return true;
    }

    private static int EndOfStatement(IReadOnlyList<EntityWrite> entities, int from)
    {
        var bytes = 0L;
        var to = from;
        while (to < entities.Count && to - from < MaxStatementRows && (bytes += entities[to].State.Length) < MaxStatementBytes)
            to++;
        return Math.Max(to, from + 1);
    }

    private static async Task<(long Rows, long Bytes)> UpsertAsync(NpgsqlConnection connection, Checkpoint checkpoint, int from, int to, CancellationToken cancellation)
    {
        var count = to - from;
        var (kinds, keys, states) = (new string[count], new ReadOnlyMemory<byte>[count], new ReadOnlyMemory<byte>[count]);
        var (newest, watched) = (new long[count], new bool[count]);
        for (var i = 0; i < count; i++)
            (kinds[i], keys[i], states[i], newest[i], watched[i]) = checkpoint.Entities[from + i];
        var upsert = Command(PostgresStatements.Upsert, Of(checkpoint.Partition), Of(checkpoint.Offset), Of(kinds), Of(keys), Of(states), Of(newest), Of(watched));
        return await QueryAsync(connection, upsert, row => (row.GetInt64(0), row.GetInt64(1)), cancellation);
    }

    private async Task<(long Rows, long Bytes)> PurgeAsync(NpgsqlConnection connection, int partition, EntityPurge purge, CancellationToken cancellation)
    {
        var place = (partition, purge.Kind);
        var behind = purgedTo.GetValueOrDefault(place, []);
        var statement = Command(PostgresStatements.Purge, Of(partition), Of(purge.Kind), Of<ReadOnlyMemory<byte>>(behind), Of(purge.BeforeMicros), Of(PurgedKeys));
        var (seen, last, rows, bytes) = await QueryAsync(connection, statement, row => (row.GetInt64(0), row.BytesAt(1), row.GetInt64(2), row.GetInt64(3)), cancellation);
        purgedTo[place] = seen < PurgedKeys ? [] : last;
        return (rows, bytes);
    }

    private static async Task<bool> ReportAsync(NpgsqlConnection connection, IReadOnlyList<ShardReport> reports, CancellationToken cancellation)
    {
        await ExecuteAsync(connection, cancellation, Command(
            PostgresStatements.Report,
            Of(reports.Select(r => r.Partition).ToArray()),
            Of(reports.Select(r => r.Epoch).ToArray()),
            Of(reports.Select(r => r.Phase).ToArray()),
            Of(reports.Select(r => r.CommittedOffset).ToArray()),
            Of(reports.Select(r => r.EndOffset).ToArray()),
            Of(reports.Select(r => r.WatermarkMicros).ToArray()),
            Of(reports.Select(r => r.Entities).ToArray()),
            Of(reports.Select(r => r.EntityBytes).ToArray())));
        return true;
    }

    private static async Task<IReadOnlyList<ShardRow>> ShardsAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(PostgresStatements.Shards, connection);
        await using var rows = await command.ExecuteReaderAsync(cancellation);
        var shards = new List<ShardRow>();
        while (await rows.ReadAsync(cancellation))
            shards.Add(StoredRows.Shard(rows, static (r, column) => r.GetFieldValue<TimeSpan>(column)));
        return shards;
    }

    private Task<T> CallAsync<T>(string operation, Func<NpgsqlConnection, Task<T>> call, CancellationToken cancellation)
    {
        async Task<T> ConnectedAsync()
        {
            await using var connection = await pool.OpenAsync(cancellation);
            return await call(connection);
        }

        return Task.Factory.StartNew(() => calls.MeasureAsync(operation, ConnectedAsync), cancellation, TaskCreationOptions.DenyChildAttach, scheduler).Unwrap();
    }

    private NpgsqlBatch Batch(NpgsqlConnection connection, params ReadOnlySpan<NpgsqlBatchCommand> commands)
    {
        // Its statements go out together, and without a transaction around them they are one.
        var batch = new NpgsqlBatch(connection) { BatchCommands = { Command(PostgresStatements.Settings, Of(sessionTimeout)) } };
        foreach (var command in commands)
            batch.BatchCommands.Add(command);
        return batch;
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, CancellationToken cancellation, params NpgsqlBatchCommand[] commands)
    {
        await using var batch = new NpgsqlBatch(connection);
        foreach (var command in commands)
            batch.BatchCommands.Add(command);
        await batch.ExecuteNonQueryAsync(cancellation);
    }

    private static Task<T> QueryAsync<T>(NpgsqlConnection connection, string sql, Func<NpgsqlDataReader, T> read, CancellationToken cancellation) =>
        QueryAsync(connection, Command(sql), read, cancellation);

    private static async Task<T> QueryAsync<T>(NpgsqlConnection connection, NpgsqlBatchCommand command, Func<NpgsqlDataReader, T> read, CancellationToken cancellation)
    {
        await using var batch = new NpgsqlBatch(connection) { BatchCommands = { command } };
        await using var rows = await batch.ExecuteReaderAsync(cancellation);
        await rows.ReadAsync(cancellation);
        return read(rows);
    }
}
