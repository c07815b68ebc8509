using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Scoring.Actors.Parts;

/// <summary>What the features' registrations share. For registrations alone: what a type needs, its constructor names.</summary>
public static class PartServices
{
    /// <summary>The options of a feature, as the node's parts get them.</summary>
    /// <typeparam name="T">The options.</typeparam>
    /// <param name="services">The services.</param>
    public static T OptionsOf<T>(this IServiceProvider services)
        where T : class => services.GetRequiredService<IOptions<T>>().Value;

    /// <summary>Registers a part of the node; it starts behind those that are registered already.</summary>
    /// <param name="services">The services.</param>
    /// <param name="part">Makes it.</param>
    public static IServiceCollection AddNodePart(this IServiceCollection services, Func<IServiceProvider, NodePart> part) => services.AddSingleton(part);
}
