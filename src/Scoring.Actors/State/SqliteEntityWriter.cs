using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Scoring.Actors.State;

/// <summary>
/// Writes a checkpoint's entities through SQLite's own interface. Through the provider each row costs two commands with
/// arrays of its key and state and boxes of its numbers: garbage whose collection stops the shards. Used within a transaction.
/// </summary>
internal sealed class SqliteEntityWriter : IDisposable
{
    private readonly SqliteConnection connection;
    private readonly sqlite3_stmt size;
    private readonly sqlite3_stmt upsert;
    private string? boundKind;

    /// <summary>Prepares the statements.</summary>
    /// <param name="connection">Where they run.</param>
    /// <param name="partition">The shard.</param>
    /// <param name="offset">The checkpoint's offset.</param>
    internal SqliteEntityWriter(SqliteConnection connection, int partition, long offset)
    {
        this.connection = connection;
        size = Prepare(SqliteState.Size);
        upsert = Prepare(SqliteState.Upsert);
        Check(raw.sqlite3_bind_int(size, 1, partition));
        Check(raw.sqlite3_bind_int(upsert, 1, partition));
        Check(raw.sqlite3_bind_int64(upsert, 4, offset));
    }

    /// <summary>Writes an entity.</summary>
    /// <param name="entity">The entity.</param>
    /// <returns>The bytes of the state that was stored before; null where there was none.</returns>
    /// <exception cref="SqliteException">SQLite did not take it.</exception>
    internal long? Write(in EntityWrite entity)
    {
        if (entity.Kind != boundKind)
        {
            boundKind = entity.Kind;
            Check(raw.sqlite3_bind_text(size, 2, boundKind));
            Check(raw.sqlite3_bind_text(upsert, 2, boundKind));
        }

        var before = SizeOf(entity.Key.Span);
        Check(raw.sqlite3_bind_blob(upsert, 3, entity.Key.Span));
        Check(raw.sqlite3_bind_int64(upsert, 5, entity.NewestMicros));
        Check(raw.sqlite3_bind_int(upsert, 6, entity.Watched ? 1 : 0));
        Check(raw.sqlite3_bind_blob(upsert, 7, entity.State.Span));
        Step(upsert);
        return before;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        size.Dispose();
        upsert.Dispose();
    }

    private long? SizeOf(ReadOnlySpan<byte> key)
    {
        Check(raw.sqlite3_bind_blob(size, 3, key));
        long? bytes = raw.sqlite3_step(size) == raw.SQLITE_ROW ? raw.sqlite3_column_int64(size, 0) : null;
        // Says again what the step said, if that was an error.
        Check(raw.sqlite3_reset(size));
        return bytes;
    }

    private void Step(sqlite3_stmt statement)
    {
        raw.sqlite3_step(statement);
        Check(raw.sqlite3_reset(statement));
    }

    private sqlite3_stmt Prepare(string sql)
    {
        Check(raw.sqlite3_prepare_v2(connection.Handle, sql, out var statement));
        return statement;
    }

    private void Check(int result)
    {
        if (result != raw.SQLITE_OK)
            SqliteException.ThrowExceptionForRC(result, connection.Handle);
    }
}
