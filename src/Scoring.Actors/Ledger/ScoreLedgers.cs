using Scoring.Actors.Sql;

namespace Scoring.Actors.Ledger;

/// <summary>Opens the ledger that the options name.</summary>
public static class ScoreLedgers
{
    /// <summary>Opens the ledger; one in PostgreSQL connects when it is first written.</summary>
    /// <param name="options">Which database, and where.</param>
    /// <exception cref="Microsoft.Data.Sqlite.SqliteException">The file can't be opened or is no database.</exception>
    /// <exception cref="LedgerLayoutException">The file is of an earlier version; of one in PostgreSQL each call says so.</exception>
    public static IScoreLedger Open(LedgerOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return options.Provider == SqlProvider.Postgres ? new PostgresScoreLedger(options) : new SqliteScoreLedger(options);
    }
}
