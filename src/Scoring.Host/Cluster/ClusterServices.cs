using System.Diagnostics.Metrics;
using System.Reflection;
using Akka.Actor;
using Akka.Hosting;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Scoring.Actors.Log;
using Scoring.Actors.Parts;
using Scoring.Actors.Partitions;
using Scoring.Actors.Pipeline;
using Scoring.Actors.Replies;
using Scoring.Actors.State;
using Scoring.Host.Http;
using Scoring.Host.Options;

namespace Scoring.Host.Cluster;

/// <summary>Registers the node as a member of a cluster, and the engine that is spread over its members.</summary>
internal static class ClusterServices
{
    /// <summary>The version of the program, as members tell it each other.</summary>
    internal static string Version { get; } = typeof(ClusterServices).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];

    /// <summary>Adds the actor system. It starts as a part of the node, and not with the host.</summary>
    /// <param name="services">The services.</param>
    internal static IServiceCollection AddScoringCluster(this IServiceCollection services)
    {
        services.AddAkka(ClusterHosting.SystemName, (builder, provider) => builder.WithScoringMember(provider.OptionsOf<ScoringOptions>().Cluster, Version));
        // It would start and stop the actor system beside the node's parts, in an order that is not theirs.
        foreach (var starter in services.Where(s => s.ServiceType == typeof(IHostedService) && s.ImplementationType == typeof(AkkaHostedService)).ToArray())
            services.Remove(starter);
        return services
            .AddSingleton<ClusterLife>()
            .AddSingleton<ClusterEndpoints>()
            .AddSingleton<ReplyMetrics>()
            .AddSingleton<IReplyRouter>(static p => new ClusterReplyRouter(p.GetRequiredService<ClusterLife>().System, p.GetRequiredService<ReplyMetrics>()))
            .AddNodePart(static p =>
            {
                var life = p.GetRequiredService<ClusterLife>();
                return new NodePart(StopPhase.Groups) { StartAsync = life.StartAsync, StopAsync = life.StopAsync, Completion = life.Completion };
            });
    }

    /// <summary>
    /// Puts the engine of a cluster in the place of the one that is registered, and the actor system before all parts. Nothing but
    /// tests does so yet.
    /// </summary>
    /// <param name="services">The services of a node.</param>
    /// <param name="countPartitions">Waits until it is known how many partitions the input log has.</param>
    /// <param name="owners">How the owner of a partition's generation is made, which reports to the actor that it is given.</param>
    /// <param name="progress">Looks how far a partition of the input log is.</param>
    internal static IServiceCollection ReplaceEngineByCluster(
        this IServiceCollection services,
        Func<IServiceProvider, CancellationToken, Task<int>> countPartitions,
        Func<IServiceProvider, Func<int, long, IActorRef, Props>> owners,
        Func<IServiceProvider, int, Task<LogProgress>> progress)
    {
        // The parts start in the order of their registration.
        var registered = services.ToArray();
        services.Clear();
        services.AddScoringCluster();
        services.Add(registered);
        return services.Replace(ServiceDescriptor.Singleton<IShardEngine>(p => new ClusterShardEngine(new ClusterEngineSetup(
            new ShardOwner(p.GetRequiredService<NodeName>().Value, null),
            () => p.GetRequiredService<ClusterLife>().System,
            cancellation => countPartitions(p, cancellation),
            (partition, generation, reportsTo) => owners(p)(partition, generation, reportsTo),
            partition => progress(p, partition))
        {
            Time = p.GetRequiredService<TimeProvider>(),
        })));
    }
}
