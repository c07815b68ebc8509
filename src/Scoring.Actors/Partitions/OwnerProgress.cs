using System.Collections.Concurrent;

namespace Scoring.Actors.Partitions;

/// <summary>How far the newest generation of each partition on this node has come. Any thread may ask.</summary>
public sealed class OwnerProgress
{
    private readonly ConcurrentDictionary<int, ShardProgress> newest = new();

    /// <summary>How far a partition's newest generation has come; null if none was ever begun here.</summary>
    /// <param name="partition">The partition.</param>
    public ShardProgress? this[int partition] => newest.GetValueOrDefault(partition);

    /// <summary>Another generation of a partition begins.</summary>
    /// <param name="partition">The partition.</param>
    /// <returns>Where it tells how far it has come.</returns>
    internal ShardProgress Begin(int partition) => newest[partition] = new ShardProgress();
}
