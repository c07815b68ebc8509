using Microsoft.Data.Sqlite;
using Scoring.Actors.Sql;

namespace Scoring.Actors.Snapshots;

/// <summary>Snapshots in an SQLite file. One thread writes and others read beside it: SQLite's calls block.</summary>
internal sealed class SqliteSnapshotTable : ISnapshotTable
{
    private const int Readers = 2;
    private const int MaxWaitingCalls = 64;

    private readonly SqliteFile file;
    private readonly SqliteThreads writer;
    private readonly SqliteThreads readers;
    private readonly SqliteSnapshotStatements statements;
    private volatile bool isPrepared;

    /// <summary>Makes the file's folder where it is missing; the first call opens the file.</summary>
    /// <param name="options">Where the file is.</param>
    /// <param name="time">Times the calls.</param>
    internal SqliteSnapshotTable(SnapshotStoreOptions options, TimeProvider time)
    {
        file = new SqliteFile(options.Path, "snapshots", options.CommandTimeout);
        Name = $"SQLite file '{file.Path}'";
        statements = new SqliteSnapshotStatements(options.Table, options.FenceTable);
        isPrepared = !options.AutoInitialize;
        // A call that began ends by SQLite's own timeout, with a known outcome, before its caller gives it up.
        var callTimeout = (2 * options.CommandTimeout) + TimeSpan.FromSeconds(2);
        writer = new SqliteThreads("snapshot-writer", 1, MaxWaitingCalls, callTimeout, time, OpenWriter, isUrgent: false);
        readers = new SqliteThreads("snapshot-reader", Readers, MaxWaitingCalls, callTimeout, time, file.Open, isUrgent: true);
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public bool IsTransient(Exception failure) => SqliteStatements.IsTransient(failure);

    /// <inheritdoc/>
    public string Describe(Exception failure) => failure.Message;

    /// <inheritdoc/>
    public async Task PrepareAsync(CancellationToken cancellation)
    {
        if (isPrepared)
            return;
        await WriteAsync(connection => connection.Run(statements.Schema), cancellation);
        isPrepared = true;
    }

    /// <inheritdoc/>
    public Task SaveAsync(IReadOnlyList<SnapshotRow> rows, CancellationToken cancellation) => WriteAsync(
        connection =>
        {
            using var upsert = new SqliteRowStatement(connection, statements.Upsert);
            foreach (var row in rows)
            {
                upsert.Bind(1, row.Id);
                upsert.Bind(2, row.Number);
                upsert.Bind(3, row.Created);
                upsert.Bind(4, row.Payload);
                upsert.Bind(5, row.Manifest);
                upsert.Bind(6, row.SerializerId);
                upsert.Run();
            }

            return rows.Count;
        },
        cancellation);

    /// <inheritdoc/>
    public Task<StoredSnapshot?[]> LoadAsync(IReadOnlyList<SnapshotRange> ranges, CancellationToken cancellation) => ReadAsync(
        connection =>
        {
            using var load = new SqliteRowStatement(connection, statements.Load);
            var found = new StoredSnapshot?[ranges.Count];
            for (var i = 0; i < found.Length; i++)
            {
                Bind(load, ranges[i]);
                if (load.Read())
                    found[i] = new StoredSnapshot(load.Number(0), load.Number(1), load.IsNull(2) ? null : (int)load.Number(2), load.Text(3), load.Bytes(4));
                load.Reset();
            }

            return found;
        },
        cancellation);

    /// <inheritdoc/>
    public Task<int> DeleteAsync(IReadOnlyList<SnapshotKey> keys, CancellationToken cancellation) => WriteAsync(
        connection =>
        {
            using var delete = new SqliteRowStatement(connection, statements.Delete);
            var gone = 0;
            foreach (var (id, number) in keys)
            {
                delete.Bind(1, id);
                delete.Bind(2, number);
                gone += delete.Run();
            }

            return gone;
        },
        cancellation);

    /// <inheritdoc/>
    public Task<int> DeleteOlderAsync(IReadOnlyList<OlderSnapshots> rows, int most, CancellationToken cancellation) => WriteAsync(
        connection =>
        {
            using var delete = new SqliteRowStatement(connection, statements.DeleteOlder);
            var gone = 0;
            for (var i = 0; i < rows.Count && gone < most; i++)
            {
                delete.Bind(1, rows[i].PersistenceId);
                delete.Bind(2, rows[i].Through);
                delete.Bind(3, rows[i].Newest);
                delete.Bind(4, most - gone);
                gone += delete.Run();
            }

            return gone;
        },
        cancellation);

    /// <inheritdoc/>
    public Task<int> DeleteRangeAsync(SnapshotRange range, int most, CancellationToken cancellation) => WriteAsync(
        connection =>
        {
            using var delete = new SqliteRowStatement(connection, statements.DeleteRange);
            Bind(delete, range);
            delete.Bind(6, most);
            return delete.Run();
        },
        cancellation);

    /// <inheritdoc/>
    public Task<(int Gone, SnapshotKey? Next)> DeletePrefixesAsync(IReadOnlyList<string> prefixes, SnapshotKey? after, int most, CancellationToken cancellation) => WriteAsync(
        connection =>
        {
            using var delete = new SqliteRowStatement(connection, statements.DeletePrefix);
            var gone = 0;
            foreach (var prefix in prefixes)
            {
                if (gone >= most)
                    break;
                delete.Bind(1, prefix);
                delete.Bind(2, string.Concat(prefix.AsSpan(..^1), [(char)(prefix[^1] + 1)]));
                delete.Bind(3, most - gone);
                gone += delete.Run();
            }

            // What is gone need not be passed over: the next statement begins again.
            return (gone, gone < most ? null : (SnapshotKey?)default(SnapshotKey));
        },
        cancellation);

    /// <inheritdoc/>
    public Task<FenceToken?[]> FenceAsync(IReadOnlyList<(string Topic, int Partition, FenceToken? Token)> fences, CancellationToken cancellation) =>
        fences.Any(f => f.Token is not null)
            ? WriteAsync(connection => Fence(connection, fences), cancellation)
            : ReadAsync(connection => Fence(connection, fences), cancellation);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await writer.DisposeAsync();
        await readers.DisposeAsync();
        file.Dispose();
    }

    private FenceToken?[] Fence(SqliteConnection connection, IReadOnlyList<(string Topic, int Partition, FenceToken? Token)> fences)
    {
        using var write = new SqliteRowStatement(connection, statements.WriteFence);
        using var read = new SqliteRowStatement(connection, statements.ReadFence);
        foreach (var (topic, partition, token) in fences)
        {
            if (token is null)
                continue;
            write.Bind(1, topic);
            write.Bind(2, partition);
            write.Bind(3, token.Counter);
            write.Bind(4, token.Node);
            write.Bind(5, token.Random);
            write.Run();
        }

        var stand = new FenceToken?[fences.Count];
        for (var i = 0; i < stand.Length; i++)
        {
            read.Bind(1, fences[i].Topic);
            read.Bind(2, fences[i].Partition);
            stand[i] = read.Read() ? new FenceToken(read.Number(0), read.Text(1), read.Number(2)) : null;
            read.Reset();
        }

        return stand;
    }

    private static void Bind(SqliteRowStatement statement, SnapshotRange range)
    {
        statement.Bind(1, range.Id);
        statement.Bind(2, range.Least);
        statement.Bind(3, range.Most);
        statement.Bind(4, range.Earliest);
        statement.Bind(5, range.Latest);
    }

    // A fence that a crash of the machine undid would have two owners.
    private SqliteConnection OpenWriter() => file.OpenDurable();

    private Task<T> ReadAsync<T>(Func<SqliteConnection, T> read, CancellationToken cancellation) =>
        readers.RunAsync(connection => InTransaction(connection, deferred: true, read), cancellation);

    private Task<T> WriteAsync<T>(Func<SqliteConnection, T> write, CancellationToken cancellation) =>
        writer.RunAsync(connection => InTransaction(connection, deferred: false, write), cancellation);

    private static T InTransaction<T>(SqliteConnection connection, bool deferred, Func<SqliteConnection, T> call)
    {
        using var transaction = connection.BeginTransaction(deferred);
        var result = call(connection);
        transaction.Commit();
        return result;
    }
}
