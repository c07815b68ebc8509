using System.Collections.Concurrent;
using Scoring.Actors.Messages;

namespace Scoring.Actors.Partitions;

/// <summary>How the partitions of a region are that live on this node. Each partition writes its own; any thread reads, without a message.</summary>
/// <param name="describe">Tells how far a partition is, for those who ask from other nodes; null where nobody does.</param>
public sealed class PartitionRegistry(Func<PartitionStatus?, ShardRead>? describe = null)
{
    private readonly ConcurrentDictionary<int, PartitionStatus> statuses = new();
    private readonly ConcurrentDictionary<int, long> generations = new();

    /// <summary>How they are, in their order.</summary>
    public IReadOnlyList<PartitionStatus> Statuses => [.. statuses.Values.OrderBy(s => s.Partition)];

    /// <summary>How a partition is; null if it does not live on this node.</summary>
    /// <param name="partition">The partition.</param>
    public PartitionStatus? this[int partition] => statuses.GetValueOrDefault(partition);

    /// <summary>Tells how far a partition is.</summary>
    /// <param name="partition">The partition.</param>
    internal ShardRead Describe(int partition) => describe?.Invoke(this[partition]) ?? new ShardRead { Node = "", State = this[partition]?.Phase.ToString() ?? "" };

    // Rising as long as the node lives: a partition that comes back, or whose actor is made anew, must not take an earlier owner's words for its own.
    internal long NextGeneration(int partition) => generations.AddOrUpdate(partition, 1, static (_, last) => last + 1);

    internal void Set(PartitionStatus status) => statuses[status.Partition] = status;

    internal void Remove(int partition) => statuses.TryRemove(partition, out _);
}
