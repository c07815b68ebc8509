using System.Diagnostics.Metrics;
using System.Reflection;
using Akka.Actor;
using Akka.Hosting;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Scoring.Actors.Log;
using Scoring.Actors.Parts;
using Scoring.Actors.Partitions;
using Scoring.Actors.Relay;
using Scoring.Actors.Replies;
using Scoring.Actors.State;
using Scoring.Host.Composition;
using Scoring.Host.Http;
using Scoring.Host.Options;
using Scoring.Kafka.Consumers;

namespace Scoring.Host.Cluster;

/// <summary>Registers the node as a member of a cluster, and the engine that is spread over its members.</summary>
internal static class ClusterServices
{
    /// <summary>The version of the program.</summary>
    internal static string Version { get; } = typeof(ClusterServices).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];

    /// <summary>Adds the actor system. It starts as a part of the node, and not with the host.</summary>
    /// <param name="services">The services.</param>
    internal static IServiceCollection AddScoringCluster(this IServiceCollection services)
    {
        services.AddAkka(ClusterHosting.SystemName, (builder, provider) => builder
            .WithScoringMember(provider.OptionsOf<ScoringOptions>().Cluster, VersionOf(provider.OptionsOf<ScoringOptions>().Cluster), provider.OptionsOf<RelayOptions>().Enabled)
            .WithSnapshots(provider)
            .WithReplies(provider));
        // It would start and stop the actor system beside the node's parts, in an order that is not theirs.
        foreach (var starter in services.Where(s => s.ServiceType == typeof(IHostedService) && s.ImplementationType == typeof(AkkaHostedService)).ToArray())
            services.Remove(starter);
        return services
            .AddSingleton<ClusterLife>()
            .AddSingleton<ClusterEndpoints>()
            .AddSingleton<ReplyMetrics>()
            .AddSingleton<IReplyRouter>(static p => new ClusterReplyRouter(() => p.GetRequiredService<ClusterLife>().System, p.GetRequiredService<ReplyMetrics>()))
            .AddNodePart(static p =>
            {
                var life = p.GetRequiredService<ClusterLife>();
                return new NodePart(StopPhase.Groups) { StartAsync = life.StartAsync, StopAsync = life.StopAsync, Completion = life.Completion };
            })
            .AddSingleton(static p =>
            {
                var consumer = p.GetRequiredService<NodeConsumer>();
                return new NodePulse(() => consumer.State.Turns, p.GetRequiredService<TimeProvider>());
            })
            // It ends with the actor system.
            .AddNodePart(static p => new NodePart(StopPhase.Groups) { StartAsync = NodePart.Of(() => p.GetRequiredService<NodePulse>().Start(p.GetRequiredService<ClusterLife>().System)) });
    }

    private static string VersionOf(ClusterOptions options) => MemberVersion.Of(options.AppVersion.Length > 0 ? options.AppVersion : Version);

    /// <summary>Adds the engine that is spread over the members.</summary>
    /// <param name="services">The services.</param>
    internal static IServiceCollection AddScoringEngine(this IServiceCollection services) => services
        .AddScoringPartitions(static p => p.GetRequiredService<NodeBroker>().IsInside)
        .AddSingleton<IShardEngine>(PartitionServices.Engine)
        .AddNodePart(static p =>
        {
            var engine = p.GetRequiredService<IShardEngine>();
            return new NodePart(StopPhase.Groups)
            {
                StartAsync = cancellation => engine.StartAsync(HttpServices.AddressOf(p), cancellation),
                StopAsync = engine.StopAsync,
                Completion = engine.Completion,
            };
        });
}
