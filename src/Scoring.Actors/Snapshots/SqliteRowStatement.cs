using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Scoring.Actors.Snapshots;

/// <summary>
/// A statement that is prepared once and run for each row of a group, through SQLite's own interface: the provider's takes an
/// array for each key and boxes each number. Used within a transaction, by one thread.
/// </summary>
internal sealed class SqliteRowStatement : IDisposable
{
    private readonly SqliteConnection connection;
    private readonly sqlite3_stmt statement;

    /// <summary>Prepares the statement.</summary>
    /// <param name="connection">Where it runs.</param>
    /// <param name="sql">Its text, with <c>?1</c> for the first parameter.</param>
    /// <exception cref="SqliteException">SQLite did not take it.</exception>
    internal SqliteRowStatement(SqliteConnection connection, string sql)
    {
        this.connection = connection;
        Check(raw.sqlite3_prepare_v2(connection.Handle, sql, out statement));
    }

    internal void Bind(int parameter, string value) => Check(raw.sqlite3_bind_text(statement, parameter, value));

    internal void Bind(int parameter, long value) => Check(raw.sqlite3_bind_int64(statement, parameter, value));

    internal void Bind(int parameter, ReadOnlySpan<byte> value) => Check(raw.sqlite3_bind_blob(statement, parameter, value));

    /// <summary>Runs a statement that gives no rows.</summary>
    /// <returns>How many rows it changed.</returns>
    internal int Run()
    {
        raw.sqlite3_step(statement);
        Reset();
        return raw.sqlite3_changes(connection.Handle);
    }

    /// <summary>Runs a query for one row; <see cref="Reset"/> ends it.</summary>
    /// <returns>Whether there is one.</returns>
    internal bool Read() => raw.sqlite3_step(statement) == raw.SQLITE_ROW;

    internal bool IsNull(int column) => raw.sqlite3_column_type(statement, column) == raw.SQLITE_NULL;

    internal long Number(int column) => raw.sqlite3_column_int64(statement, column);

    internal string Text(int column) => IsNull(column) ? "" : raw.sqlite3_column_text(statement, column).utf8_to_string();

    internal byte[] Bytes(int column) => raw.sqlite3_column_blob(statement, column).ToArray();

    /// <summary>Makes it ready to run again.</summary>
    /// <exception cref="SqliteException">What the last run failed with.</exception>
    internal void Reset() => Check(raw.sqlite3_reset(statement));

    /// <inheritdoc/>
    public void Dispose() => statement.Dispose();

    private void Check(int result)
    {
        if (result != raw.SQLITE_OK)
            SqliteException.ThrowExceptionForRC(result, connection.Handle);
    }
}
