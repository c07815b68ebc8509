namespace Scoring.Actors.Sql;

/// <summary>Which database keeps what must outlive a process.</summary>
public enum SqlProvider
{
    /// <summary>A file, for one machine. Several processes may share it.</summary>
    Sqlite,

    /// <summary>A PostgreSQL server, for any number of nodes.</summary>
    Postgres,
}
