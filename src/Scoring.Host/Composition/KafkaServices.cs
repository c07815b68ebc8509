using Microsoft.Extensions.Options;
using Scoring.Actors.Log;
using Scoring.Actors.Parts;
using Scoring.Host.Options;

namespace Scoring.Host.Composition;

/// <summary>Registers what the parts know of Kafka: which brokers, which topics, with which options.</summary>
internal static class KafkaServices
{
    /// <summary>Adds the broker where one is wanted inside, and each section of the options as it is with it.</summary>
    /// <param name="services">The services.</param>
    internal static IServiceCollection AddScoringKafka(this IServiceCollection services) => services
        .AddSingleton(static p => new NodeName(p.OptionsOf<ScoringOptions>().NodeId))
        .AddSingleton(static p => p.OptionsOf<ScoringOptions>().Topics.Resolved())
        .AddSingleton<NodeBroker>()
        .AddSingleton<NodeOptions>()
        .AddSection(static o => o.Source)
        .AddSection(static o => o.Relay)
        .AddSection(static o => o.Output)
        .AddSection(static o => o.Decode)
        .AddSection(static o => o.Shards)
        .AddSection(static o => o.Entities)
        .AddSection(static o => o.State)
        .AddSection(static o => o.Ledger)
        .AddSection(static o => o.Http);

    /// <summary>Adds the watch over the topics, which starts once the engine knows the input log.</summary>
    /// <param name="services">The services.</param>
    internal static IServiceCollection AddScoringTopicWatch(this IServiceCollection services) => services
        .AddSingleton<NodeTopicWatch>()
        .AddNodePart(static p =>
        {
            var watch = p.GetRequiredService<NodeTopicWatch>();
            return new NodePart(StopPhase.Watches) { StartAsync = watch.StartAsync, StopAsync = watch.StopAsync };
        });

    private static IServiceCollection AddSection<T>(this IServiceCollection services, Func<ScoringOptions, T> section)
        where T : class => services.AddSingleton<IOptions<T>>(p => new OptionsWrapper<T>(section(p.GetRequiredService<NodeOptions>().Value)));
}
