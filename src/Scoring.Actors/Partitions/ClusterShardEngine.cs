using System.Diagnostics.CodeAnalysis;
using Akka.Actor;
using Scoring.Actors.Messages;
using Scoring.Actors.Entities;
using Scoring.Actors.Source;
using Scoring.Actors.State;
using Scoring.Models.Features;

namespace Scoring.Actors.Partitions;

/// <summary>What the engine of a cluster's node works with.</summary>
/// <param name="Owner">This node, as the answers over HTTP name it.</param>
/// <param name="System">The actor system; asked for when the engine starts.</param>
/// <param name="CountPartitions">Waits until it is known how many partitions the input log has, and until the store has answered.</param>
/// <param name="Owners">How the owner of a partition's generation is made, which reports to the actor that it is given.</param>
/// <param name="Progress">Looks how far a partition of the input log is.</param>
public sealed record ClusterEngineSetup(
    ShardOwner Owner,
    Func<ActorSystem> System,
    Func<CancellationToken, Task<int>> CountPartitions,
    Func<int, long, IActorRef, Props> Owners,
    Func<int, Task<LogProgress>> Progress)
{
    /// <summary>How long a partition may take to answer a question, wherever it is.</summary>
    public TimeSpan AnswerDeadline { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Measures how long ago something was.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>The times of its partitions.</summary>
    public PartitionTimes Times { get; init; } = new();

    /// <summary>How far the newest generation of a partition on this node has come; null where that is not known.</summary>
    public Func<int, ShardProgress?> ProgressOf { get; init; } = static _ => null;

    /// <summary>What keeps the owners' rows from the store.</summary>
    public StoreTroubles StoreTroubles { get; init; } = new();
}

/// <summary>
/// Owns this node's share of the input log as a member of a cluster: the region <c>transactions</c>, of which each partition lives on one
/// member. Questions find their partition from any node.
/// </summary>
/// <param name="setup">What it works with.</param>
public sealed class ClusterShardEngine(ClusterEngineSetup setup) : IShardEngine
{
    /// <summary>The name of the region.</summary>
    public const string TypeName = "transactions";

    private readonly TaskCompletionSource joined = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile PartitionRegion? region;
    private volatile bool isStopping;
    private volatile string? halted;

    /// <inheritdoc/>
    public ShardOwner Owner { get; private set; } = setup.Owner;

    /// <inheritdoc/>
    public int? InputPartitions => region?.Partitions;

    /// <inheritdoc/>
    public Task Joined => joined.Task;

    /// <inheritdoc/>
    public Task Completion => completion.Task;

    /// <inheritdoc/>
    public string? StoreAway => setup.StoreTroubles.Away;

    /// <summary>The region; null until the engine has started.</summary>
    public PartitionRegion? Region => region;

    /// <summary>Waits until it is known how many partitions the input log has and the store has answered, then takes part in owning them.</summary>
    /// <inheritdoc/>
    public async Task StartAsync(Uri? address, CancellationToken cancellation)
    {
        Owner = Owner with { Address = address };
        var partitions = await setup.CountPartitions(cancellation);
        var system = setup.System();
        region = await PartitionRegion.StartAsync(system, new PartitionRegionSetup(TypeName, partitions, setup.Owners, setup.Progress) { Times = setup.Times, Describe = Describe });
        if (halted is { } code)
            Halt(code);
        _ = FollowAsync(region, system);
    }

    /// <summary>Leaves the cluster: what has begun is finished and committed, and the partitions go to other members, within the bounds of the regions.</summary>
    public async Task StopAsync()
    {
        isStopping = true;
        if (region is not null)
            await CoordinatedShutdown.Get(setup.System()).Run(CoordinatedShutdown.ClrExitReason.Instance);
        joined.TrySetCanceled();
        completion.TrySetResult();
    }

    /// <inheritdoc/>
    public void Halt(string code)
    {
        halted = code;
        region?.Halt(code, "the input log is not the one that the state is made of");
    }

    /// <inheritdoc/>
    public IReadOnlyList<PartitionState> Partitions() =>
        [.. Statuses.Select(s => new PartitionState(s.Partition, setup.ProgressOf(s.Partition)?.CommittableOffset, setup.ProgressOf(s.Partition)?.EndOffset, Paused: false, s.Phase == PartitionPhase.Down ? s.Code : null))];

    /// <inheritdoc/>
    public IReadOnlyList<ShardState> Shards() => [.. Statuses.Select(s => new ShardState(s.Partition, ProgressOf(s)))];

    /// <summary>Reads a card's features from its partition, on whichever node it is.</summary>
    /// <inheritdoc/>
    public bool TryReadCard(int partition, string cardId, IReadOnlyList<string> userIds, [NotNullWhen(true)] out Task<IReadOnlyList<CardFeatures>?>? features)
    {
        features = region is { } its ? ReadCardAsync(its, partition, new ReadCard(cardId, userIds)) : null;
        return features is not null;
    }

    /// <inheritdoc/>
    public Task<ShardRead?> DescribeAsync(int partition) => region is { } its ? AskAsync<ShardRead>(its, partition, ReadShard.Instance) : Task.FromResult<ShardRead?>(null);

    /// <inheritdoc/>
    public bool TryReadStatistics(int partition, [NotNullWhen(true)] out Task<IReadOnlyList<EntityStatistics>>? statistics)
    {
        statistics = region is { } its && its.Registry[partition] is not null ? ReadStatisticsAsync(its, partition) : null;
        return statistics is not null;
    }

    private ShardRead Describe(PartitionStatus? status)
    {
        var progress = status is null ? new ShardProgress() : ProgressOf(status);
        return new ShardRead
        {
            Node = Owner.NodeId,
            Address = Owner.Address?.ToString() ?? "",
            State = status is null ? "stopped" : progress.InWords(null),
            Fence = progress.Epoch,
            CommittedOffset = progress.CommittableOffset,
            EndOffset = progress.EndOffset,
            WatermarkMicros = progress.WatermarkMicros,
            CheckpointOffset = progress.CheckpointOffset,
            CheckpointAgeMicros = progress.CheckpointAt is { } at ? (long)setup.Time.GetElapsedTime(at).TotalMicroseconds : null,
            Entities = progress.Entities,
            EntityBytes = progress.EntityBytes,
            Events = progress.Events,
        };
    }

    internal IReadOnlyList<PartitionStatus> Statuses => region?.Registry.Statuses ?? [];

    private ShardProgress ProgressOf(PartitionStatus status)
    {
        if (status.Phase is not (PartitionPhase.Down or PartitionPhase.Fenced) && setup.ProgressOf(status.Partition) is { } its)
            return its;
        var progress = new ShardProgress();
        progress.Acquired(status.Generation, null);
        progress.Enter(status.Phase switch
        {
            PartitionPhase.Live => ShardPhase.Live,
            PartitionPhase.Draining => ShardPhase.Stopping,
            _ => ShardPhase.Recovering,
        });
        if (status.Phase is PartitionPhase.Down or PartitionPhase.Fenced)
            progress.GoDown(status.Code ?? "fenced");
        return progress;
    }

    private async Task<IReadOnlyList<CardFeatures>?> ReadCardAsync(PartitionRegion its, int partition, ReadCard question) =>
        await AskAsync<CardRead>(its, partition, question) is { Entries: { } entries } ? [.. entries.Select(e => new CardFeatures(e.UserId, e.AsOfMicros, e.Features))] : null;

    private async Task<IReadOnlyList<EntityStatistics>> ReadStatisticsAsync(PartitionRegion its, int partition) =>
        (await AskAsync<StatisticsRead>(its, partition, ReadStatistics.Instance))?.Kinds ?? [];

    private async Task<T?> AskAsync<T>(PartitionRegion its, int partition, IRemoteMessage question)
        where T : class
    {
        try
        {
            return await its.AskAsync<T>(partition, question, setup.AnswerDeadline);
        }
        catch (AskTimeoutException)
        {
            return null;
        }
    }

    private async Task FollowAsync(PartitionRegion its, ActorSystem system)
    {
        if (await Task.WhenAny(its.Spread, its.Ended) == its.Spread)
            joined.TrySetResult();
        await its.Ended;
        if (isStopping)
            return;
        var why = await ClusterEnd.UnaskedAsync(system, setup.Time);
        joined.TrySetException(why);
        completion.TrySetException(why);
    }
}
