using System.Diagnostics.Metrics;
using Akka.Actor;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Scoring.Actors.Log;
using Scoring.Actors.Messages;
using Scoring.Actors.Partitions;
using Scoring.Actors.Parts;
using Scoring.Kafka.Consumers;
using Scoring.Kafka.Threads;

namespace Scoring.Actors.Ledger;

/// <summary>Registers the ledger.</summary>
public static class LedgerServices
{
    /// <summary>The name of the region that fills a ledger which the nodes share.</summary>
    public const string TypeName = "ledger";

    /// <summary>
    /// Adds the ledger, what writes it, and its owners: of a ledger that the nodes share, spread over the cluster; of one that is this node's own,
    /// all on this node.
    /// </summary>
    /// <param name="services">The services.</param>
    /// <param name="open">Opens the ledger that the options name.</param>
    /// <param name="consumer">Makes what reads the scores, by <see cref="LedgerOwners.Reading"/>.</param>
    /// <param name="system">The actor system; asked for when the owners start.</param>
    public static IServiceCollection AddScoringLedger(
        this IServiceCollection services, Func<LedgerOptions, IScoreLedger> open, Func<IServiceProvider, NodeConsumer> consumer, Func<IServiceProvider, ActorSystem> system) => services
        .AddSingleton(p => open(p.OptionsOf<LedgerOptions>()))
        // Once, and under what the rest of the node knows it by: the container disposes of each registration's.
        .AddSingleton<ILedgerStatus>(p => new LedgerWriter(
            p.GetRequiredService<IScoreLedger>(),
            p.OptionsOf<LedgerOptions>(),
            p.GetRequiredService<Topics>().Scores,
            p.GetRequiredService<ITurnScheduler>(),
            p.GetRequiredService<TimeProvider>(),
            p.GetRequiredService<IMeterFactory>(),
            p.GetRequiredService<ILogger<LedgerWriter>>()))
        .AddKeyedSingleton(TypeName, (p, _) => consumer(p))
        .AddSingleton(p => new LedgerOwners(
            (LedgerWriter)p.GetRequiredService<ILedgerStatus>(), p.GetRequiredKeyedService<NodeConsumer>(TypeName), p.GetRequiredService<Topics>().Scores, p.GetRequiredService<ILogger<LedgerOwners>>()))
        .AddNodePart(static p => Part((LedgerWriter)p.GetRequiredService<ILedgerStatus>()))
        .AddNodePart(p => p.GetRequiredService<IScoreLedger>().IsShared ? Shared(p, () => system(p)) : Own(p, () => system(p)));

    // It is stopped by the container, once the owners have drained.
    private static NodePart Part(LedgerWriter writer) => new(StopPhase.Outputs)
    {
        StartAsync = NodePart.Of(writer.Start),
        Completion = writer.Failure,
    };

    private static NodePart Shared(IServiceProvider services, Func<ActorSystem> system)
    {
        var owners = services.GetRequiredService<LedgerOwners>();
        var region = new TopicRegion(
            new TopicRegionSetup(TypeName, owners.Topic, system, owners.Consumer, owners.Owner) { Time = services.GetRequiredService<TimeProvider>() },
            services.GetRequiredService<ILogger<TopicRegion>>());
        return new NodePart(StopPhase.Groups) { StartAsync = NodePart.Of(Begin), StopAsync = region.StopAsync, Completion = region.Completion };

        void Begin()
        {
            owners.Consumer.Start();
            region.Start();
        }
    }

    private static NodePart Own(IServiceProvider services, Func<ActorSystem> system)
    {
        var owners = services.GetRequiredService<LedgerOwners>();
        return new NodePart(StopPhase.Groups) { StartAsync = NodePart.Of(Fill) };

        void Fill()
        {
            owners.Consumer.Start();
            var its = system();
            var filling = its.ActorOf(LedgerFillActor.Of(owners), "ledger-fill");
            CoordinatedShutdown.Get(its).AddTask(CoordinatedShutdown.PhaseServiceRequestsDone, "ledger-fill", async () =>
            {
                try
                {
                    await filling.GracefulStop(LedgerOwners.DrainTimeout + TimeSpan.FromSeconds(1), Drain.Instance);
                }
                catch (TaskCanceledException)
                {
                    // What was not written is read again at the next start.
                }

                return Akka.Done.Instance;
            });
        }
    }
}
