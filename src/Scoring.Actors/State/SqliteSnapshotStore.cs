using System.Diagnostics.Metrics;
using Microsoft.Data.Sqlite;
using Scoring.Actors.Sql;

namespace Scoring.Actors.State;

/// <summary>
/// The state of the shards in an SQLite file, for the nodes of one machine. One thread writes and others read beside it;
/// a writing transaction takes the file's lock before it looks at an epoch. A process that is stopped in the middle of a
/// write keeps that lock until it goes on or ends: where nodes must outlive each other's pauses, use PostgreSQL.
/// </summary>
public sealed class SqliteSnapshotStore : ISnapshotStore, ITopicIds
{
    private const int Readers = 2;
    private const int MaxWaitingCalls = 4_096;
    private const int PurgedKeys = 2_000;

    private readonly SqliteFile file;
    private readonly SqliteThreads writer;
    private readonly SqliteThreads readers;
    private readonly StateMetrics metrics;
    private readonly StoreCalls calls;
    private readonly string name;
    private readonly Dictionary<(int Partition, string Kind), byte[]> purgedTo = [];

    /// <summary>Makes the store.</summary>
    /// <param name="options">Where the file is.</param>
    /// <param name="time">Times the calls.</param>
    /// <param name="meters">Where its metrics are counted.</param>
    /// <exception cref="SqliteException">The file can't be opened, made or written, or is no database.</exception>
    public SqliteSnapshotStore(StateOptions options, TimeProvider time, IMeterFactory meters)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(meters);
        file = new SqliteFile(options.Path, "state", options.CommandTimeout);
        file.CheckWritable();
        name = $"SQLite file '{file.Path}'";
        metrics = new StateMetrics(meters);
        calls = new StoreCalls(name, IsTransient, static e => e.Message, metrics, time);
        // A call that began must end by SQLite's own timeout, with a known outcome, before its caller gives it up.
        var callTimeout = (2 * options.CommandTimeout) + TimeSpan.FromSeconds(2);
        writer = new SqliteThreads("state-writer", 1, MaxWaitingCalls, callTimeout, time, OpenWriter, isUrgent: false);
        readers = new SqliteThreads("state-reader", Readers, MaxWaitingCalls, callTimeout, time, file.Open, isUrgent: true);
    }

    /// <inheritdoc/>
    public Task PrepareAsync(LogIdentity identity, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(identity);
        return WriteAsync("prepare", connection => Prepare(connection, identity), cancellation);
    }

    /// <inheritdoc/>
    public Task<ShardSnapshot> AcquireAsync(int partition, ShardOwner owner, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(owner);
        return WriteAsync("acquire", connection => Acquire(connection, partition, owner), cancellation);
    }

    /// <inheritdoc/>
    public Task<EntityRows> LoadAsync(int partition, IReadOnlyList<EntityKey> keys, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(keys);
        return ReadAsync("load", connection => Load(connection, partition, keys), cancellation);
    }

    /// <inheritdoc/>
    public Task<EntityRows> LoadWatchedAsync(int partition, CancellationToken cancellation) =>
        ReadAsync("load_watched", connection => LoadWatched(connection, partition), cancellation);

    /// <inheritdoc/>
    public Task<bool> WriteAsync(Checkpoint checkpoint, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(checkpoint);
        return WriteAsync("write", connection => Write(connection, checkpoint), cancellation);
    }

    /// <inheritdoc/>
    public Task<bool> QuarantineAsync(int partition, long epoch, IReadOnlyList<QuarantinedRecord> records, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(records);
        return WriteAsync("quarantine", connection => Quarantine(connection, partition, epoch, records), cancellation);
    }

    /// <inheritdoc/>
    public Task ReportAsync(IReadOnlyList<ShardReport> reports, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(reports);
        return WriteAsync("report", connection => Report(connection, reports), cancellation);
    }

    /// <inheritdoc/>
    public Task<string> NoteTopicAsync(string topic, string id, CancellationToken cancellation) => WriteAsync(
        "note_topic",
        connection =>
        {
            connection.Run(SqliteState.Topics);
            connection.Run(SqliteState.NoteTopic, topic, id);
            using var known = connection.Statement(SqliteState.ReadTopic, topic);
            return (string)known.ExecuteScalar()!;
        },
        cancellation);

    /// <inheritdoc/>
    public Task<IReadOnlyList<ShardRow>> ShardsAsync(CancellationToken cancellation) => ReadAsync("list", Shards, cancellation);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await writer.DisposeAsync();
        await readers.DisposeAsync();
        file.Dispose();
    }

    // An epoch that a crash of the machine took back would let two owners have the same one.
    private SqliteConnection OpenWriter() => file.OpenDurable();

    private bool Prepare(SqliteConnection connection, LogIdentity identity)
    {
        using var exists = connection.Statement(SqliteState.SchemaExists);
        if ((long)exists.ExecuteScalar()! == 0)
        {
            connection.Run(SqliteState.Schema);
            connection.Run(SqliteState.WriteIdentity, StoredIdentity.SchemaVersion, identity.Topic, identity.TopicId, identity.Partitions, identity.GroupId);
        }

        using var read = connection.Statement(SqliteState.ReadIdentity);
        using (var row = read.ExecuteReader())
        {
            row.Read();
            new StoredIdentity(row.GetInt32(0), new LogIdentity(row.GetString(1), row.GetString(2), row.GetInt32(3), row.GetString(4))).Check(name, identity);
        }

        connection.Run(SqliteState.WriteTopicId, identity.TopicId);
        return true;
    }

    private static ShardSnapshot Acquire(SqliteConnection connection, int partition, ShardOwner owner)
    {
        connection.Run(SqliteState.Acquire, partition, owner.NodeId, owner.Address?.ToString());
        using var shard = connection.Statement(SqliteState.ReadShard, partition);
        using var row = shard.ExecuteReader();
        row.Read();
        var (epoch, offset, marks) = (row.GetInt64(0), row.LongAt(1), row.BytesAt(2));
        using var noted = connection.Statement(SqliteState.ReadQuarantine, partition);
        using var rows = noted.ExecuteReader();
        var quarantined = new List<QuarantinedRecord>();
        while (rows.Read())
            quarantined.Add(new QuarantinedRecord(rows.GetInt64(0), rows.GetString(1)));
        return new ShardSnapshot(epoch, offset, marks, quarantined);
    }

    // There is no round trip to save inside a process: a look-up of one key costs less than a statement for many.
    private EntityRows Load(SqliteConnection connection, int partition, IReadOnlyList<EntityKey> keys)
    {
        using var statement = connection.Statement(SqliteState.Load, partition, null, null);
        var found = new List<EntityRow>(keys.Count);
        foreach (var (kind, key) in keys)
        {
            statement.Parameters[1].Value = kind;
            statement.Parameters[2].Value = key.ToBlob();
            using var row = statement.ExecuteReader();
            if (row.Read())
                found.Add(Entity(row, kind, key));
        }

        return new EntityRows(Epoch(connection, partition), metrics.Loaded(found));
    }

    private EntityRows LoadWatched(SqliteConnection connection, int partition)
    {
        using var statement = connection.Statement(SqliteState.LoadWatched, partition);
        using var row = statement.ExecuteReader();
        var found = new List<EntityRow>();
        while (row.Read())
            found.Add(Entity(row, row.GetString(4), row.BytesAt(5)));
        return new EntityRows(Epoch(connection, partition), metrics.Loaded(found));
    }

    // In the transaction that read the rows, hence as of the same instant.
    private static long Epoch(SqliteConnection connection, int partition)
    {
        using var statement = connection.Statement(SqliteState.ReadEpoch, partition);
        return (long?)statement.ExecuteScalar() ?? 0;
    }

    private bool Write(SqliteConnection connection, Checkpoint checkpoint)
    {
        if (connection.Run(SqliteState.Fence, checkpoint.Partition, checkpoint.Epoch, checkpoint.Offset, checkpoint.Marks.ToBlob()) == 0)
            return false;
        using var writer = new SqliteEntityWriter(connection, checkpoint.Partition, checkpoint.Offset);
        var (added, bytes) = writer.Write(checkpoint.Entities);
        var removed = 0L;
        foreach (var purge in checkpoint.Purges)
        {
            var gone = Purge(connection, checkpoint.Partition, purge);
            (removed, bytes) = (removed + gone.Rows, bytes - gone.Bytes);
        }

        connection.Run(SqliteState.Count, checkpoint.Partition, added - removed, bytes);
        metrics.Wrote(checkpoint, removed);
        return true;
    }

    private (long Rows, long Bytes) Purge(SqliteConnection connection, int partition, EntityPurge purge)
    {
        var place = (partition, purge.Kind);
        var (keys, bytes) = (new List<byte[]>(), 0L);
        var (seen, last) = (0, purgedTo.GetValueOrDefault(place, []));
        using (var slice = connection.Statement(SqliteState.PurgeSlice, partition, purge.Kind, last, purge.BeforeMicros, PurgedKeys))
        using (var row = slice.ExecuteReader())
        {
            for (; row.Read(); seen++)
            {
                last = row.BytesAt(0);
                if (!row.GetBoolean(1))
                    continue;
                keys.Add(last);
                bytes += row.GetInt64(2);
            }
        }

        purgedTo[place] = seen < PurgedKeys ? [] : last;
        foreach (var key in keys)
            connection.Run(SqliteState.Remove, partition, purge.Kind, key);
        return (keys.Count, bytes);
    }

    private static bool Quarantine(SqliteConnection connection, int partition, long epoch, IReadOnlyList<QuarantinedRecord> records)
    {
        foreach (var record in records)
        {
            if (connection.Run(SqliteState.Quarantine, partition, epoch, record.Offset, record.Reason) == 0)
                return false;
        }

        connection.Run(SqliteState.PruneQuarantine, partition, epoch, ShardSnapshot.MaxQuarantined);
        return true;
    }

    private static bool Report(SqliteConnection connection, IReadOnlyList<ShardReport> reports)
    {
        foreach (var r in reports)
            connection.Run(SqliteState.Report, r.Partition, r.Epoch, r.Phase, r.CommittedOffset, r.EndOffset, r.WatermarkMicros, r.Entities, r.EntityBytes);
        return true;
    }

    private static IReadOnlyList<ShardRow> Shards(SqliteConnection connection)
    {
        using var statement = connection.Statement(SqliteState.Shards);
        using var row = statement.ExecuteReader();
        var shards = new List<ShardRow>();
        while (row.Read())
            shards.Add(StoredRows.Shard(row, static (r, column) => TimeSpan.FromDays(Math.Max(0, r.GetDouble(column)))));
        return shards;
    }

    private Task<T> ReadAsync<T>(string operation, Func<SqliteConnection, T> read, CancellationToken cancellation) =>
        calls.MeasureAsync(operation, () => readers.RunAsync(connection => InTransaction(connection, deferred: true, read), cancellation));

    private Task<T> WriteAsync<T>(string operation, Func<SqliteConnection, T> write, CancellationToken cancellation) =>
        calls.MeasureAsync(operation, () => writer.RunAsync(connection => InTransaction(connection, deferred: false, write), cancellation));

    private static T InTransaction<T>(SqliteConnection connection, bool deferred, Func<SqliteConnection, T> call)
    {
        using var transaction = connection.BeginTransaction(deferred);
        var result = call(connection);
        // What was refused is rolled back.
        if (result is not false)
            transaction.Commit();
        return result;
    }

    private static bool IsTransient(Exception failure) => failure is TimeoutException || SqliteStatements.IsTransient(failure);

    private static EntityRow Entity(SqliteDataReader row, string kind, ReadOnlyMemory<byte> key) =>
        new(kind, key, row.GetInt64(0), row.BytesAt(1), row.LongAt(2), row.BytesAt(3));
}
