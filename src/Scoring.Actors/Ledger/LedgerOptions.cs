using System.ComponentModel.DataAnnotations;
using Scoring.Actors.Sql;
using Scoring.Models.Durations;

namespace Scoring.Actors.Ledger;

/// <summary>How scores are kept for queries.</summary>
public sealed record LedgerOptions
{
    /// <summary>Which database; null takes that of the state. In PostgreSQL the nodes share one ledger, with SQLite each has its own.</summary>
    public SqlProvider? Provider { get; init; }

    /// <summary>SQLite's file. Empty keeps it in a temporary folder that goes with the process.</summary>
    public string Path { get; init; } = "";

    /// <summary>How PostgreSQL is reached, as Npgsql writes it; empty takes that of the state.</summary>
    public string ConnectionString { get; init; } = "";

    /// <summary>How long a statement, or a wait for a connection, may take.</summary>
    [DurationRange("100ms", "10m")]
    public TimeSpan CommandTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Scores written in one SQL transaction at most.</summary>
    [Range(1, 100_000)]
    public int MaxBatchRows { get; init; } = 2_000;

    /// <summary>How long a score is kept after it was written, by the node's clock.</summary>
    [DurationRange("1ms", "36525d")]
    public TimeSpan Retention { get; init; } = TimeSpan.FromDays(90);

    /// <summary>How long the projection waits after a failed write before it tries again; each further wait is twice as long.</summary>
    [DurationRange("1ms", "1h")]
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The longest wait between two tries.</summary>
    [DurationRange("1ms", "1h")]
    public TimeSpan LongestRetryDelay { get; init; } = TimeSpan.FromSeconds(10);
}
