using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Scoring.Actors.Log;
using Scoring.Actors.Parts;
using Scoring.Kafka.Consumers;
using Scoring.Kafka.Threads;

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

    /// <summary>Adds the ledger, what writes it, and what its owners have in common, in place of <see cref="AddScoringLedger"/>. The owners themselves are actors, which somebody starts.</summary>
    /// <param name="services">The services.</param>
    /// <param name="open">Opens the ledger that the options name.</param>
    /// <param name="turns">Runs the writer.</param>
    /// <param name="consumer">Reads the scores, by <see cref="LedgerOwners.Reading"/>.</param>
    public static IServiceCollection AddScoringLedgerOwners(
        this IServiceCollection services, Func<LedgerOptions, IScoreLedger> open, Func<IServiceProvider, ITurnScheduler> turns, Func<IServiceProvider, NodeConsumer> consumer) => services
        .AddSingleton(p => open(p.OptionsOf<LedgerOptions>()))
        .AddSingleton<ILedgerStatus>(p => new LedgerWriter(
            p.GetRequiredService<IScoreLedger>(),
            p.OptionsOf<LedgerOptions>(),
            p.GetRequiredService<Topics>().Scores,
            turns(p),
            p.GetRequiredService<TimeProvider>(),
            p.GetRequiredService<IMeterFactory>(),
            p.GetRequiredService<ILogger<LedgerWriter>>()))
        .AddSingleton(p => new LedgerOwners(
            (LedgerWriter)p.GetRequiredService<ILedgerStatus>(), consumer(p), p.GetRequiredService<Topics>().Scores, p.GetRequiredService<ILogger<LedgerOwners>>()))
        .AddNodePart(static p => Part((LedgerWriter)p.GetRequiredService<ILedgerStatus>()));

    // It is stopped by the container, once the owners have drained.
    private static NodePart Part(LedgerWriter writer) => new(StopPhase.Outputs)
    {
        StartAsync = NodePart.Of(writer.Start),
        Completion = writer.Failure,
    };

    private static NodePart Part(LedgerProjection projection) => new(StopPhase.Groups)
    {
        StartAsync = NodePart.Of(projection.Start),
        StopAsync = projection.StopAsync,
        Completion = projection.Failure,
    };
}
