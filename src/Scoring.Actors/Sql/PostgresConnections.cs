using Npgsql;

namespace Scoring.Actors.Sql;

/// <summary>Connections to PostgreSQL, and which of its failures pass.</summary>
internal static class PostgresConnections
{
    private const int PreparedStatements = 32;
    private const int PoolSize = 16;

    // Beside those that the client counts as passing: cancelled by a timeout of the server, shut down, crashed,
    // ended while idle in a transaction, connected to a server that has become a standby.
    private static readonly HashSet<string> PassingStates = ["57014", "57P01", "57P02", "57P03", "57P05", "25P03", "25006", "55P03"];

    /// <summary>Makes a pool. What the connection string says for itself stays.</summary>
    /// <param name="connectionString">The connection string.</param>
    /// <param name="timeout">How long to wait for a connection, and for a statement.</param>
    /// <exception cref="ArgumentException">The connection string can't be read.</exception>
    internal static NpgsqlDataSource Open(string connectionString, TimeSpan timeout)
    {
        var given = new NpgsqlConnectionStringBuilder(connectionString);
        var seconds = (int)Math.Ceiling(timeout.TotalSeconds);
        Default(given, "Application Name", "scoring");
        Default(given, "Timeout", seconds);
        Default(given, "Command Timeout", seconds);
        Default(given, "Maximum Pool Size", PoolSize);
        Default(given, "Max Auto Prepare", PreparedStatements);
        Default(given, "Auto Prepare Min Usages", 2);
        return new NpgsqlDataSourceBuilder(given.ConnectionString).Build();
    }

    /// <summary>Whether the same call may succeed later: the server is away, starting, stopping, or in conflict with another.</summary>
    /// <param name="failure">What was thrown.</param>
    internal static bool IsTransient(Exception failure) => failure switch
    {
        PostgresException e => e.IsTransient || PassingStates.Contains(e.SqlState) || e.SqlState.StartsWith("08", StringComparison.Ordinal),
        NpgsqlException e => e.IsTransient || e.InnerException is TimeoutException or IOException or System.Net.Sockets.SocketException,
        TimeoutException or IOException or System.Net.Sockets.SocketException => true,
        _ => false,
    };

    /// <summary>The server and database, for messages.</summary>
    /// <param name="source">The pool.</param>
    internal static string Describe(NpgsqlDataSource source)
    {
        var parts = new NpgsqlConnectionStringBuilder(source.ConnectionString);
        return $"PostgreSQL {parts.Host}:{parts.Port}/{parts.Database}";
    }

    private static void Default(NpgsqlConnectionStringBuilder builder, string keyword, object value)
    {
        if (!builder.Keys.Contains(keyword, StringComparer.OrdinalIgnoreCase))
            builder[keyword] = value;
    }
}
