using System.ComponentModel.DataAnnotations;

namespace Scoring.Actors.Ledger;

/// <summary>How scores are kept for queries.</summary>
public sealed record LedgerOptions
{
    /// <summary>The database file. Empty keeps it in a temporary folder that goes with the process.</summary>
    public string Path { get; init; } = "";

    /// <summary>Scores written in one SQL transaction at most.</summary>
    [Range(1, 100_000)]
    public int MaxBatchRows { get; init; } = 2_000;

    /// <summary>How long a score is kept, in event time before the newest score.</summary>
    public TimeSpan Retention { get; init; } = TimeSpan.FromDays(90);

    /// <summary>How long the projection waits after a failed write before it tries again.</summary>
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromSeconds(1);
}
