using Akka.Actor;
using Akka.Hosting;
using Microsoft.Extensions.Options;
using Scoring.Actors.Partitions;
using Scoring.Host.Options;

namespace Scoring.Host.Cluster;

/// <summary>
/// The life of the node's actor system, as a part of the node: it starts before all that lives in it, and a member that was downed, or
/// left unasked, stops the node.
/// </summary>
/// <param name="services">Where the actor system is made, when it starts.</param>
/// <param name="logger">Where its starter logs.</param>
/// <param name="host">Is stopped when the actor system has ended.</param>
/// <param name="time">The clock.</param>
internal sealed class ClusterLife(IServiceProvider services, ILogger<AkkaHostedService> logger, IHostApplicationLifetime host, TimeProvider time)
{
    private readonly TaskCompletionSource completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile ActorSystem? system;
    private volatile bool isStopping;

    /// <summary>Ends with the actor system; faulted if nobody has stopped it.</summary>
    internal Task Completion => completion.Task;

    /// <summary>The actor system.</summary>
    /// <exception cref="InvalidOperationException">It has not started yet.</exception>
    internal ActorSystem System => system ?? throw new InvalidOperationException("the actor system has not started yet");

    /// <summary>The uid of this node as a member; null until the actor system has started.</summary>
    internal int? Uid => system is { } its ? Akka.Cluster.Cluster.Get(its).SelfUniqueAddress.Uid : null;

    /// <summary>The actor system; null until it has started.</summary>
    internal ActorSystem? Started => system;

    /// <summary>Starts it.</summary>
    /// <param name="cancellation">Gives up.</param>
    internal async Task StartAsync(CancellationToken cancellation)
    {
        var starter = new AkkaHostedService(services.GetRequiredService<AkkaConfigurationBuilder>(), services, logger, host);
        await starter.StartAsync(cancellation);
        system = services.GetRequiredService<ActorSystem>();
        _ = FollowAsync(system);
        var options = services.GetRequiredService<IOptions<ScoringOptions>>().Value.Cluster;
        if (options.Discovery != ClusterDiscovery.Alone)
            await ContactPointEndpoint.BootstrapAsync(system, options);
    }

    /// <summary>Leaves the cluster in order, and ends the actor system.</summary>
    internal async Task StopAsync()
    {
        isStopping = true;
        if (system is { } its)
            await CoordinatedShutdown.Get(its).Run(CoordinatedShutdown.ClrExitReason.Instance);
        completion.TrySetResult();
    }

    private async Task FollowAsync(ActorSystem its)
    {
        await its.WhenTerminated;
        if (!isStopping)
            completion.TrySetException(await ClusterEnd.UnaskedAsync(its, time));
    }
}
