using System.ComponentModel.DataAnnotations;

namespace Scoring.Actors.Log;

/// <summary>The names of the topics; each is written behind <see cref="Prefix"/>.</summary>
public sealed record Topics
{
    /// <summary>Stands before every topic's name; empty by default.</summary>
    public string Prefix { get; init; } = "";

    /// <summary>The input log: transactions keyed by user, and what is relayed to them.</summary>
    [Required]
    public string Transactions { get; init; } = "transactions";

    /// <summary>Interactions of users, as they arrive.</summary>
    [Required]
    public string Interactions { get; init; } = "interactions";

    /// <summary>Labels, as they arrive.</summary>
    [Required]
    public string Labels { get; init; } = "labels";

    /// <summary>One record for each transaction.</summary>
    [Required]
    public string Scores { get; init; } = "scores";

    /// <summary>One record for each session that closed, and for each correction of one.</summary>
    [Required]
    public string Sessions { get; init; } = "sessions";

    /// <summary>Copies of the transactions that came after their allowed lateness.</summary>
    [Required]
    public string Late { get; init; } = "transactions.late";

    /// <summary>Records that are not valid, with the reason.</summary>
    [Required]
    public string DeadLetters { get; init; } = "transactions.dlq";

    /// <summary>All the names, as they stand here.</summary>
    public IReadOnlyList<string> All => [Transactions, Interactions, Labels, Scores, Sessions, Late, DeadLetters];

    /// <summary>The same names with the prefix before each, and without a prefix.</summary>
    public Topics Resolved() => new()
    {
        Transactions = Prefix + Transactions,
        Interactions = Prefix + Interactions,
        Labels = Prefix + Labels,
        Scores = Prefix + Scores,
        Sessions = Prefix + Sessions,
        Late = Prefix + Late,
        DeadLetters = Prefix + DeadLetters,
    };
}
