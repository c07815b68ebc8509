using Akka.Actor;
using Microsoft.Extensions.Logging;
using Scoring.Kafka.Consumers;

namespace Scoring.Actors.Partitions;

/// <summary>What a region of a topic beside the input log is made of.</summary>
/// <param name="TypeName">Its name among the regions.</param>
/// <param name="Topic">The topic.</param>
/// <param name="System">The actor system; asked for when the region starts.</param>
/// <param name="Consumer">Reads the topic; started by whoever made it.</param>
/// <param name="Owners">How the owner of a partition's generation is made, which reports to the actor that it is given.</param>
public sealed record TopicRegionSetup(string TypeName, string Topic, Func<ActorSystem> System, NodeConsumer Consumer, Func<int, long, IActorRef, Props> Owners)
{
    /// <summary>The role of the members that own its partitions.</summary>
    public string Role { get; init; } = PartitionRegion.ScorerRole;

    /// <summary>Times the look for the topic.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;
}

/// <summary>
/// The partitions of a topic beside the input log, spread over the cluster by a region of their own. The node does not wait for it: it
/// starts once the brokers tell how many partitions the topic has, which for a topic that nobody has made yet may be never.
/// </summary>
/// <param name="setup">What it is made of.</param>
/// <param name="logger">Where a failure is said.</param>
public sealed partial class TopicRegion(TopicRegionSetup setup, ILogger<TopicRegion> logger) : IDisposable
{
    private readonly CancellationTokenSource stop = new();
    private readonly TaskCompletionSource completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task begun = Task.CompletedTask;

    /// <summary>Ends when the region was stopped with the node; faulted if it ended by itself.</summary>
    public Task Completion => completion.Task;

    /// <summary>Begins to look for the topic.</summary>
    public void Start() => begun = BeginAsync();

    /// <summary>Looks no more for the topic. The region itself goes with the actor system.</summary>
    public async Task StopAsync()
    {
        if (completion.Task.IsCompleted)
            return;
        await stop.CancelAsync();
        await begun;
        completion.TrySetResult();
        Dispose();
    }

    /// <summary>Releases what it looked for the topic with.</summary>
    public void Dispose() => stop.Dispose();

    private async Task BeginAsync()
    {
        try
        {
            var partitions = new LogPartitions(setup.Consumer, setup.Topic, setup.Time);
            var count = await partitions.CountAsync(stop.Token);
            var region = await PartitionRegion.StartAsync(
                setup.System(), new PartitionRegionSetup(setup.TypeName, count, setup.Owners, partitions.ProgressAsync) { Generations = $"{setup.TypeName}-generations", Role = setup.Role });
            _ = FollowAsync(region);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The topic was not there before the node stopped.
        }
#pragma warning disable CA1031 // Told by Completion, which stops the node.
        catch (Exception e)
#pragma warning restore CA1031
        {
            LogNotBegun(setup.TypeName, e);
            completion.TrySetException(e);
        }
    }

    private async Task FollowAsync(PartitionRegion region)
    {
        await region.Ended;
        if (!stop.IsCancellationRequested)
            completion.TrySetException(await ClusterEnd.UnaskedAsync(setup.System(), setup.Time));
    }

    [LoggerMessage(Level = LogLevel.Critical, Message = "The region {TypeName} could not begin")]
    private partial void LogNotBegun(string typeName, Exception reason);
}
