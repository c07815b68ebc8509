using System.Diagnostics.Metrics;
using Akka.Actor;
using Confluent.Kafka;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Scoring.Actors.Log;
using Scoring.Actors.Partitions;
using Scoring.Actors.Parts;
using Scoring.Kafka.Consumers;
using Scoring.Kafka.Producers;
using Scoring.Models.Wire;

namespace Scoring.Actors.Relay;

/// <summary>Registers the relay.</summary>
public static class RelayServices
{
    /// <summary>What the names of the regions begin with, of which each relayed topic has one.</summary>
    public const string TypeName = "relay";

    /// <summary>The role of the members that relay.</summary>
    public const string Role = "relay";

    /// <summary>Adds the relay into the input log. It starts only where the options enable it.</summary>
    /// <param name="services">The services.</param>
    /// <param name="group">The scorers' group.</param>
    /// <param name="startsAtOldest">Whether a partition that was never relayed starts at its oldest record.</param>
    /// <param name="consumer">Makes what reads the relayed topics, by <see cref="RelayOwners.Reading"/>.</param>
    /// <param name="copies">Makes what appends the copies, by <see cref="RelayOwners.Appending"/>.</param>
    /// <param name="system">The actor system; asked for when the owners start.</param>
    public static IServiceCollection AddScoringRelay(
        this IServiceCollection services,
        Func<IServiceProvider, GroupOptions> group,
        Func<IServiceProvider, bool> startsAtOldest,
        Func<IServiceProvider, NodeConsumer> consumer,
        Func<IServiceProvider, NodeProducer> copies,
        Func<IServiceProvider, ActorSystem> system)
    {
        return services
            .AddSingleton<RelayProgress>()
            .AddKeyedSingleton(TypeName, (p, _) => consumer(p))
            .AddKeyedSingleton(TypeName, (p, _) => copies(p))
            .AddSingleton(p => new RelayOwners(
                p.OptionsOf<RelayOptions>(),
                group(p),
                startsAtOldest(p),
                p.GetRequiredService<Topics>(),
                p.OptionsOf<DecodeLimits>(),
                p.GetRequiredKeyedService<NodeConsumer>(TypeName),
                p.GetRequiredKeyedService<NodeProducer>(TypeName),
                p.GetRequiredService<NodeProducer>(),
                p.GetRequiredService<RelayProgress>(),
                p.GetRequiredService<TimeProvider>(),
                p.GetRequiredService<IMeterFactory>(),
                p.GetRequiredService<ILogger<RelayOwners>>()))
            .AddNodePart(p => p.OptionsOf<RelayOptions>().Enabled ? Part(p) : new NodePart(StopPhase.Groups));

        NodePart Part(IServiceProvider p)
        {
            var owners = p.GetRequiredService<RelayOwners>();
            var regions = owners.Origins.Select(topic => new TopicRegion(
                new TopicRegionSetup(
                    $"{TypeName}-{topic}", topic, () => system(p), owners.Consumer, (partition, generation, reportsTo) => owners.Owner(new TopicPartition(topic, partition), generation, reportsTo))
                {
                    Time = p.GetRequiredService<TimeProvider>(),
                    Role = Role,
                },
                p.GetRequiredService<ILogger<TopicRegion>>())).ToList();
            return new NodePart(StopPhase.Groups)
            {
                StartAsync = NodePart.Of(() =>
                {
                    owners.Consumer.Start();
                    regions.ForEach(r => r.Start());
                }),
                StopAsync = () => Task.WhenAll(regions.Select(r => r.StopAsync())),
                Completion = Task.WhenAny(regions.Select(r => r.Completion)).Unwrap(),
            };
        }
    }
}
