using Npgsql;

namespace Scoring.Actors.Sql;

/// <summary>Which failures of PostgreSQL pass, and what to say of them.</summary>
internal static class PostgresConnections
{
    // Beside those that the client counts as passing: cancelled by a timeout of the server, shut down, crashed,
    // ended while idle in a transaction, connected to a server that has become a standby.
    private static readonly HashSet<string> PassingStates = ["57014", "57P01", "57P02", "57P03", "57P05", "25P03", "25006", "55P03"];

    /// <summary>Whether the same call may succeed later: the server is away, full, starting, stopping, or in conflict with another.</summary>
    /// <param name="failure">What was thrown.</param>
    internal static bool IsTransient(Exception failure) => failure switch
    {
        PostgresException e => e.IsTransient || PassingStates.Contains(e.SqlState) || e.SqlState.StartsWith("08", StringComparison.Ordinal) || IsOfPooler(e),
        NpgsqlException e => e.IsTransient || e.InnerException is TimeoutException or IOException or System.Net.Sockets.SocketException,
        TimeoutException or IOException or System.Net.Sockets.SocketException => true,
        _ => false,
    };

    /// <summary>What a failure says, with what to do about it where that is known.</summary>
    /// <param name="failure">What was thrown.</param>
    internal static string Describe(Exception failure) => failure is PostgresException e && IsOfPooler(e)
        ? $"{e.Message}; a pooler in between, such as PgBouncer in transaction mode, gives statements to sessions that did not prepare them: leave Max Auto Prepare out of the connection string, or put Max Auto Prepare=0 into it"
        : failure.Message;

    // A prepared statement that is missing, or there already: somebody else's session.
    private static bool IsOfPooler(PostgresException failure) =>
        failure.SqlState is PostgresErrorCodes.InvalidSqlStatementName or PostgresErrorCodes.DuplicatePreparedStatement;
}
