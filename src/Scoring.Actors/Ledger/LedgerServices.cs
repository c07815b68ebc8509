using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Scoring.Actors.Log;
using Scoring.Actors.Parts;

namespace Scoring.Actors.Ledger;

/// <summary>Registers the ledger.</summary>
public static class LedgerServices
{
    /// <summary>Adds the ledger and the projection that fills it.</summary>
    /// <param name="services">The services.</param>
    /// <param name="open">Opens the ledger that the options name.</param>
    /// <param name="group">The scorers' group, after which the projection's is named.</param>
    public static IServiceCollection AddScoringLedger(this IServiceCollection services, Func<LedgerOptions, IScoreLedger> open, Func<IServiceProvider, GroupOptions> group) => services
        .AddSingleton(p => open(p.OptionsOf<LedgerOptions>()))
        // Once, and under what the rest of the node knows it by: the container disposes of each registration's.
        .AddSingleton<ILedgerStatus>(p => new LedgerProjection(
            p.GetRequiredService<IScoreLedger>(),
            p.OptionsOf<LedgerOptions>(),
            group(p),
            p.GetRequiredService<NodeName>().Value,
            p.GetRequiredService<Topics>().Scores,
            p.GetRequiredService<TimeProvider>(),
            p.GetRequiredService<IMeterFactory>(),
            p.GetRequiredService<ILogger<LedgerProjection>>()))
        .AddNodePart(static p => Part((LedgerProjection)p.GetRequiredService<ILedgerStatus>()));

    private static NodePart Part(LedgerProjection projection) => new(StopPhase.Groups)
    {
        StartAsync = NodePart.Of(projection.Start),
        StopAsync = projection.StopAsync,
        Completion = projection.Failure,
    };
}
