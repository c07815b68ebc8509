using Scoring.Actors.Ledger;
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
        .AddScoringLedger(NodePaths.OpenLedger, PartServices.OptionsOf<SourceOptions>)
        .AddScoringEngine()
        .AddScoringTopicWatch()
        .AddScoringRelay(
            static p => p.OptionsOf<SourceOptions>(),
            static p => p.OptionsOf<SourceOptions>().FirstStart == FirstStart.Earliest,
            static p => p.GetRequiredService<KafkaOutputLog>(),
            // A log of its own: a record that fails must be followed by none, which the shards' outputs do not ask for.
            static p => p.GaplessLogs())
        .AddScoringHttp();

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
