using System.Diagnostics.Metrics;
using Scoring.Actors.Sql;

namespace Scoring.Actors.State;

/// <summary>Makes the snapshot store that the options name.</summary>
public static class SnapshotStores
{
    /// <summary>Makes the store; a server is connected to when it is prepared.</summary>
    /// <param name="options">Which store, and where.</param>
    /// <param name="scheduler">Where a client of a server works. SQLite has threads of its own.</param>
    /// <param name="time">Times its calls.</param>
    /// <param name="meters">Where its metrics are counted.</param>
    /// <exception cref="Microsoft.Data.Sqlite.SqliteException">The file can't be opened, made or written, or is no database.</exception>
    /// <exception cref="ArgumentException">The connection string can't be read.</exception>
    public static ISnapshotStore Open(StateOptions options, TaskScheduler scheduler, TimeProvider time, IMeterFactory meters)
    {
        ArgumentNullException.ThrowIfNull(options);
        return options.Provider == SqlProvider.Postgres
            ? new PostgresSnapshotStore(options, scheduler, time, meters)
            : new SqliteSnapshotStore(options, time, meters);
    }
}
