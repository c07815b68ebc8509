using System.ComponentModel.DataAnnotations;
using Scoring.Actors.Sql;
using Scoring.Models.Durations;

namespace Scoring.Actors.State;

/// <summary>Where the state of the shards is durable, how often it is written, and how much of it is in memory.</summary>
public sealed record StateOptions
{
    /// <summary>
    /// Log bytes between two checkpoints with the embedded broker, which forgets what is older than 5 MiB of a partition.
    /// </summary>
    public const int EmbeddedCheckpointBytes = 1024 * 1024;

    /// <summary>Which database.</summary>
    public SqlProvider Provider { get; init; } = SqlProvider.Sqlite;

    /// <summary>SQLite's file. Empty keeps it in a temporary folder that goes with the process.</summary>
    public string Path { get; init; } = "";

    /// <summary>How PostgreSQL is reached, as Npgsql writes it: <c>Host=…;Username=…;Password=…;Database=…</c>.</summary>
    public string ConnectionString { get; init; } = "";

    /// <summary>How long a statement, or a wait for a connection, may take.</summary>
    [DurationRange("100ms", "10m")]
    public TimeSpan CommandTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The longest time between two checkpoints of a shard that changes.</summary>
    [DurationRange("10ms", "1h")]
    public TimeSpan CheckpointInterval { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Bytes of the log after which a shard is written whatever the interval. While the store is slow or away a shard goes on for
    /// twice as much and then waits for it, so what a recovery reads again is at most about three times that.
    /// </summary>
    [Range(64 * 1024, 1 << 30)]
    public int CheckpointBytes { get; init; } = 16 * 1024 * 1024;

    /// <summary>Changed entities of a shard after which it is written whatever the interval.</summary>
    [Range(1, 10_000_000)]
    public int MaxDirtyEntities { get; init; } = 50_000;

    /// <summary>Entities of a shard in memory at most; those longest untouched make room, once they are durable.</summary>
    [Range(1, 100_000_000)]
    public int MaxEntitiesInMemory { get; init; } = 500_000;
}
