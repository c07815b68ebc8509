namespace Scoring.Servers;

/// <summary>A PostgreSQL server could not be started.</summary>
/// <param name="message">Which step failed and what it said.</param>
public sealed class PostgresServerException(string message) : Exception(message);
