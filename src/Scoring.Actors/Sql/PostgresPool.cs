using Npgsql;

namespace Scoring.Actors.Sql;

/// <summary>
/// Connections to one PostgreSQL. Its statements are prepared by the session, which saves the server most of its planning; a
/// pooler in between (PgBouncer in transaction mode, for one) gives each transaction another session, where a prepared
/// statement is missing or, worse, another client's. So the first connection finds out whether there is one, and then nothing is
/// prepared, unless the connection string asks for it by <c>Max Auto Prepare</c>. Any thread may open.
/// </summary>
internal sealed class PostgresPool : IAsyncDisposable, IDisposable
{
    private const int PreparedStatements = 32;
    private const int PoolSize = 16;
    private const string AutoPrepare = "Max Auto Prepare";

    private readonly SemaphoreSlim gate = new(1);
    private readonly NpgsqlConnectionStringBuilder settings;
    private readonly NpgsqlDataSource unprepared;
    private volatile NpgsqlDataSource? source;

    /// <summary>Makes a pool. What the connection string says for itself stays.</summary>
    /// <param name="connectionString">The connection string.</param>
    /// <param name="timeout">How long to wait for a connection, and for a statement.</param>
    /// <exception cref="ArgumentException">The connection string can't be read.</exception>
    internal PostgresPool(string connectionString, TimeSpan timeout)
    {
        settings = new NpgsqlConnectionStringBuilder(connectionString);
        var isSaid = settings.Keys.Contains(AutoPrepare, StringComparer.OrdinalIgnoreCase);
        var seconds = (int)Math.Ceiling(timeout.TotalSeconds);
        Default("Application Name", "scoring");
        Default("Timeout", seconds);
        Default("Command Timeout", seconds);
        Default("Maximum Pool Size", PoolSize);
        Default("Auto Prepare Min Usages", 2);
        Name = $"PostgreSQL {settings.Host}:{settings.Port}/{settings.Database}";
        unprepared = new NpgsqlDataSourceBuilder(settings.ConnectionString).Build();
        source = isSaid ? unprepared : null;
    }

    /// <summary>The server and database, for messages.</summary>
    internal string Name { get; }

    /// <summary>Whether statements are prepared; false before the first connection.</summary>
    internal bool IsPreparing => source is { } known && new NpgsqlConnectionStringBuilder(known.ConnectionString).MaxAutoPrepare > 0;

    /// <summary>Opens a connection.</summary>
    internal NpgsqlConnection Open()
    {
        if (source is null)
        {
            gate.Wait();
            try
            {
                source ??= Choose(IsPooled());
            }
            finally
            {
                gate.Release();
            }
        }

        return source.OpenConnection();
    }

    /// <summary>Opens a connection.</summary>
    /// <param name="cancellation">Gives up.</param>
    internal async ValueTask<NpgsqlConnection> OpenAsync(CancellationToken cancellation)
    {
        if (source is null)
        {
            await gate.WaitAsync(cancellation);
            try
            {
                source ??= Choose(await IsPooledAsync(cancellation));
            }
            finally
            {
                gate.Release();
            }
        }

        return await source.OpenConnectionAsync(cancellation);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        unprepared.Dispose();
        source?.Dispose();
        gate.Dispose();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await unprepared.DisposeAsync();
        if (source is { } known)
            await known.DisposeAsync();
        gate.Dispose();
    }

    private NpgsqlDataSource Choose(bool isPooled)
    {
        if (isPooled)
            return unprepared;
        var prepared = new NpgsqlConnectionStringBuilder(settings.ConnectionString) { MaxAutoPrepare = PreparedStatements };
        return new NpgsqlDataSourceBuilder(prepared.ConnectionString).Build();
    }

    private bool IsPooled()
    {
        using var connection = unprepared.OpenConnection();
        using var ask = Ask(connection);
        return IsAnother(connection, ask.ExecuteScalar());
    }

    private async Task<bool> IsPooledAsync(CancellationToken cancellation)
    {
        await using var connection = await unprepared.OpenConnectionAsync(cancellation);
        await using var ask = Ask(connection);
        return IsAnother(connection, await ask.ExecuteScalarAsync(cancellation));
    }

    private static NpgsqlCommand Ask(NpgsqlConnection connection) => new("SELECT pg_backend_pid()", connection);

    // A pooler introduces itself with a number of its own; the server's process tells its own.
    private static bool IsAnother(NpgsqlConnection connection, object? backend) => backend is not int process || process != connection.ProcessID;

    private void Default(string keyword, object value)
    {
        if (!settings.Keys.Contains(keyword, StringComparer.OrdinalIgnoreCase))
            settings[keyword] = value;
    }
}
