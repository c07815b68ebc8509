using System.Collections.Concurrent;

namespace Scoring.Actors.Partitions;

/// <summary>What the snapshot store does not do for the owners of a node, by partition. Any thread may ask.</summary>
public sealed class StoreTroubles
{
    private readonly ConcurrentDictionary<int, string> troubles = new();

    /// <summary>What the store said to the first of them; null while it takes and gives rows.</summary>
    public string? Away => troubles.IsEmpty ? null : troubles.MinBy(t => t.Key).Value;

    internal void Note(int partition, string? trouble)
    {
        if (trouble is null)
            troubles.TryRemove(partition, out _);
        else
            troubles[partition] = trouble;
    }
}
