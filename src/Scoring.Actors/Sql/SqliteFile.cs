using Microsoft.Data.Sqlite;

namespace Scoring.Actors.Sql;

/// <summary>A database file, or where no path is given one in a temporary folder that goes when this is disposed.</summary>
internal sealed class SqliteFile : IDisposable
{
    private readonly string connectionString;
    private readonly string? temporaryFolder;
    private readonly TimeSpan timeout;

    /// <summary>Makes the folder where it is missing.</summary>
    /// <param name="path">Where the file is; empty for a temporary one.</param>
    /// <param name="name">What a temporary one is called.</param>
    /// <param name="timeout">How long a statement waits for another connection's lock.</param>
    internal SqliteFile(string path, string name, TimeSpan timeout)
    {
        this.timeout = timeout;
        if (path.Length == 0)
        {
            temporaryFolder = Directory.CreateTempSubdirectory($"scoring-{name}-").FullName;
            path = System.IO.Path.Combine(temporaryFolder, $"{name}.db");
        }
        else if (System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path)) is { } folder)
        {
            Directory.CreateDirectory(folder);
        }

        Path = path;
        connectionString = new SqliteConnectionStringBuilder
        {
            DataSource = path,
            DefaultTimeout = (int)Math.Ceiling(timeout.TotalSeconds),
        }.ToString();
    }

    /// <summary>Where the file is.</summary>
    internal string Path { get; }

    /// <summary>Opens a connection, which is the caller's.</summary>
    /// <exception cref="SqliteException">The file can't be opened.</exception>
    internal SqliteConnection Open()
    {
        var connection = new SqliteConnection(connectionString);
        connection.Open();
        // The provider's own wait asks every 150 ms; the library's asks sooner.
        connection.Run($"PRAGMA busy_timeout = {(int)timeout.TotalMilliseconds}");
        return connection;
    }

    /// <summary>Opens a connection to write what must not be lost: what was committed is on disk, whatever becomes of the machine.</summary>
    internal SqliteConnection OpenDurable()
    {
        var connection = Open();
        // Of a new file: what is written together is mostly larger than a page of 4 KiB, and fewer pages are written.
        connection.Run("PRAGMA page_size = 16384");
        connection.Run("PRAGMA journal_mode = WAL");
        connection.Run("PRAGMA synchronous = FULL");
        connection.Run("PRAGMA journal_size_limit = 67108864");
        return connection;
    }

    /// <summary>Finds out at once what would otherwise come up at the first write: a folder without rights, a file that is no database.</summary>
    /// <exception cref="SqliteException">The file can't be opened, made or written.</exception>
    internal void CheckWritable()
    {
        using var connection = Open();
        try
        {
            connection.Run("BEGIN IMMEDIATE");
            connection.Run("ROLLBACK");
        }
        catch (SqliteException e) when (SqliteStatements.IsPassing(e))
        {
            // Another process is at it, or the disk is full: that passes, and is told where it is waited for.
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        using (var any = new SqliteConnection(connectionString))
            SqliteConnection.ClearPool(any);
        if (temporaryFolder is null)
            return;
        try
        {
            Directory.Delete(temporaryFolder, recursive: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Who was left behind at a stop may still write there. The system clears such folders; what is closed after this one must be closed.
        }
    }
}
