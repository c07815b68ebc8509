using Akka.Actor;
using Scoring.Actors.Ledger;
using Scoring.Actors.Partitions;
using Scoring.Actors.Parts;
using Scoring.Actors.Relay;
using Scoring.Actors.Sink;
using Scoring.Actors.Source;
using Scoring.Host.Cluster;
using Scoring.Host.Http;
using Scoring.Host.Options;

namespace Scoring.Host.Composition;

/// <summary>A node as the list of its features.</summary>
internal static class NodeServices
{
    /// <summary>Adds the features of a node. The parts that they register start in this order.</summary>
    /// <param name="services">The services; they have the options, the clock, logging and metrics already.</param>
    internal static IServiceCollection AddScoringNode(this IServiceCollection services) => services
        .AddSingleton(TaskScheduler.Default)
        .AddScoringKafka()
        .AddScoringRun()
        .AddScoringModel()
        .AddScoringOutputs()
        .AddScoringCluster()
        .AddScoringEngine()
        .AddScoringLedger(NodePaths.OpenLedger, static p => p.Consumer(LedgerOwners.Reading(p.OptionsOf<LedgerOptions>(), p.OptionsOf<SourceOptions>())), Members)
        .AddScoringTopicWatch()
        .AddScoringRelay(
            static p => p.OptionsOf<SourceOptions>(),
            static p => p.OptionsOf<SourceOptions>().FirstStart == FirstStart.Earliest,
            static p => p.Consumer(RelayOwners.Reading(p.OptionsOf<RelayOptions>(), p.OptionsOf<SourceOptions>())),
            // A producer of its own: a record that fails must be followed by none, which the partitions' outputs do not ask for.
            static p => p.Producer(RelayOwners.Appending(p.OptionsOf<RelayOptions>(), p.OptionsOf<SourceOptions>())),
            Members)
        .AddScoringHttp();

    private static ActorSystem Members(IServiceProvider services) => services.GetRequiredService<ClusterLife>().System;

    // First of the parts: what starts is told before what becomes of it.
    private static IServiceCollection AddScoringRun(this IServiceCollection services) => services
        .AddSingleton<NodeAnnouncement>()
        .AddNodePart(static p =>
        {
            var announcement = p.GetRequiredService<NodeAnnouncement>();
            return new NodePart(StopPhase.Watches) { StartAsync = NodePart.Of(announcement.Tell) };
        })
        .AddSingleton<NodeLife>()
        .AddSingleton<NodeHealth>()
        .AddHostedService<NodeRun>();
}
