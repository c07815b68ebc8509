using System.Collections.Concurrent;

namespace Scoring.Actors.Partitions;

/// <summary>How the partitions of a region are that live on this node. Each partition writes its own; any thread reads, without a message.</summary>
public sealed class PartitionRegistry
{
    private readonly ConcurrentDictionary<int, PartitionStatus> statuses = new();
    private readonly ConcurrentDictionary<int, long> generations = new();

    /// <summary>How they are, in their order.</summary>
    public IReadOnlyList<PartitionStatus> Statuses => [.. statuses.Values.OrderBy(s => s.Partition)];

    /// <summary>How a partition is; null if it does not live on this node.</summary>
    /// <param name="partition">The partition.</param>
    public PartitionStatus? this[int partition] => statuses.GetValueOrDefault(partition);

    // Rising as long as the node lives: a partition that comes back, or whose actor is made anew, must not take an earlier owner's words for its own.
    internal long NextGeneration(int partition) => generations.AddOrUpdate(partition, 1, static (_, last) => last + 1);

    internal void Set(PartitionStatus status) => statuses[status.Partition] = status;

    internal void Remove(int partition) => statuses.TryRemove(partition, out _);
}
