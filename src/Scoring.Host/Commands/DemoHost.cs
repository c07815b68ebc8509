namespace Scoring.Host.Commands;

/// <summary>Where a demo's service is reached.</summary>
/// <param name="BootstrapServers">Its broker.</param>
/// <param name="HttpAddress">Its HTTP interface.</param>
/// <param name="ScoringGroup">The consumer group that scores.</param>
internal sealed record DemoEndpoints(string BootstrapServers, Uri HttpAddress, string ScoringGroup)
{
    /// <summary>The input log.</summary>
    public string TransactionsTopic { get; init; } = "transactions";

    /// <summary>Where labels go; null sends none.</summary>
    public string? LabelsTopic { get; init; } = "labels";

    /// <summary>Where interactions go; null sends none.</summary>
    public string? InteractionsTopic { get; init; } = "interactions";

    /// <summary>Where scores come from.</summary>
    public string ScoresTopic { get; init; } = "scores";

    /// <summary>Where dead letters come from.</summary>
    public string DeadLettersTopic { get; init; } = "transactions.dlq";

    /// <summary>Tells how far the ledger is with a partition of the scores; null if that is not known.</summary>
    public Func<int, long?>? LedgerOffset { get; init; }
}

/// <summary>The service that a demo runs against. Disposing it stops what is still up.</summary>
internal interface IDemoHost : IAsyncDisposable
{
    /// <summary>Starts the service with everything embedded; returns when it scores.</summary>
    /// <param name="cancellation">Gives up.</param>
    Task<DemoEndpoints> StartAsync(CancellationToken cancellation);

    /// <summary>What it lost on the way, in words; empty if nothing.</summary>
    IReadOnlyList<string> Losses { get; }

    /// <summary>Stops it gracefully.</summary>
    /// <param name="cancellation">Ends the patience.</param>
    Task StopAsync(CancellationToken cancellation);
}
