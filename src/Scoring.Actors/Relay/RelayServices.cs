using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Scoring.Actors.Log;
using Scoring.Actors.Parts;
using Scoring.Models.Wire;

namespace Scoring.Actors.Relay;

/// <summary>Registers the relay.</summary>
public static class RelayServices
{
    /// <summary>Adds the relay into the input log. It is made only where the options enable it.</summary>
    /// <param name="services">The services.</param>
    /// <param name="group">The scorers' group.</param>
    /// <param name="startsAtOldest">Whether a new group starts at the oldest record.</param>
    /// <param name="deadLetters">Where the dead letters go.</param>
    /// <param name="openLog">What opens a log on which a record that fails is followed by none.</param>
    public static IServiceCollection AddScoringRelay(
        this IServiceCollection services,
        Func<IServiceProvider, GroupOptions> group,
        Func<IServiceProvider, bool> startsAtOldest,
        Func<IServiceProvider, IOutputLog> deadLetters,
        Func<IServiceProvider, Func<IOwnedOutputLog>> openLog) => services
        .AddSingleton<RelayProgress>()
        .AddSingleton(p => new InputRelay(
            p.OptionsOf<RelayOptions>(),
            group(p),
            startsAtOldest(p),
            p.GetRequiredService<Topics>(),
            p.OptionsOf<DecodeLimits>(),
            openLog(p),
            deadLetters(p),
            p.GetRequiredService<RelayProgress>(),
            p.GetRequiredService<TimeProvider>(),
            p.GetRequiredService<IMeterFactory>(),
            p.GetRequiredService<ILogger<InputRelay>>()))
        .AddNodePart(static p => p.OptionsOf<RelayOptions>().Enabled ? Part(p.GetRequiredService<InputRelay>()) : new NodePart(StopPhase.Groups));

    private static NodePart Part(InputRelay relay) => new(StopPhase.Groups)
    {
        StartAsync = NodePart.Of(relay.Start),
        StopAsync = relay.StopAsync,
        Completion = relay.Failure,
    };
}
