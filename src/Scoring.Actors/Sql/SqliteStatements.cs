using System.Runtime.InteropServices;
using Microsoft.Data.Sqlite;

namespace Scoring.Actors.Sql;

/// <summary>Short forms for statements.</summary>
internal static class SqliteStatements
{
    private const int Busy = 5;
    private const int Locked = 6;
    private const int ReadOnly = 8;
    private const int InputOutput = 10;
    private const int Full = 13;
    private const int CannotOpen = 14;

#pragma warning disable CA2100 // Every text is a constant of the caller's file; values are parameters.
    /// <summary>Makes a statement of positional parameters; its values are set later, or here.</summary>
    /// <param name="connection">Where it runs, in the connection's transaction if there is one.</param>
    /// <param name="sql">Its text, with <c>?1</c> for the first parameter.</param>
    /// <param name="values">The parameters' values; null for those that are set later.</param>
    internal static SqliteCommand Statement(this SqliteConnection connection, string sql, params ReadOnlySpan<object?> values)
    {
        var command = connection.CreateCommand();
        command.CommandText = sql;
        for (var i = 0; i < values.Length; i++)
            command.Parameters.AddWithValue($"?{i + 1}", values[i] ?? DBNull.Value);
        return command;
    }
#pragma warning restore CA2100

    /// <summary>Runs a statement once.</summary>
    /// <param name="connection">Where it runs.</param>
    /// <param name="sql">Its text.</param>
    /// <param name="values">Its parameters' values.</param>
    /// <returns>How many rows it changed.</returns>
    internal static int Run(this SqliteConnection connection, string sql, params ReadOnlySpan<object?> values)
    {
        using var command = connection.Statement(sql, values);
        return command.ExecuteNonQuery();
    }

    /// <summary>A parameter's bytes without a copy where they fill an array of their own.</summary>
    /// <param name="bytes">The bytes.</param>
    internal static byte[] ToBlob(this ReadOnlyMemory<byte> bytes) =>
        MemoryMarshal.TryGetArray(bytes, out var segment) && segment.Offset == 0 && segment.Array!.Length == segment.Count
            ? segment.Array
            : bytes.ToArray();

    /// <summary>
    /// Whether the same call may succeed later, on a file that could be written before: another connection has the lock, or the disk
    /// is full, fails or was made read-only, which somebody has to mend.
    /// </summary>
    /// <param name="failure">What was thrown.</param>
    internal static bool IsTransient(Exception failure) => IsPassing(failure) || failure is SqliteException { SqliteErrorCode: ReadOnly or CannotOpen };

    /// <summary>Whether the same call may succeed later, on a file of which nothing is known yet.</summary>
    /// <param name="failure">What was thrown.</param>
    internal static bool IsPassing(Exception failure) => failure is SqliteException { SqliteErrorCode: Busy or Locked or Full or InputOutput };
}
