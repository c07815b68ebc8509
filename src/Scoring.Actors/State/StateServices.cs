using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Scoring.Actors.Parts;

namespace Scoring.Actors.State;

/// <summary>Registers the snapshot store.</summary>
public static class StateServices
{
    /// <summary>Adds the snapshot store.</summary>
    /// <param name="services">The services.</param>
    /// <param name="opening">Opens it, and tells what is wrong with its place.</param>
    public static IServiceCollection AddScoringState(this IServiceCollection services, Func<StateOptions, Func<ISnapshotStore>, ISnapshotStore> opening) => services
        .AddSingleton(p => opening(
            p.OptionsOf<StateOptions>(),
            () => SnapshotStores.Open(p.OptionsOf<StateOptions>(), p.GetRequiredService<TaskScheduler>(), p.GetRequiredService<TimeProvider>(), p.GetRequiredService<IMeterFactory>())));
}
