using System.Collections.Concurrent;

namespace Scoring.Actors.Partitions;

/// <summary>What an owner has the snapshot store do.</summary>
internal enum StoreUse
{
    /// <summary>Rows are saved.</summary>
    Save,

    /// <summary>Rows are loaded.</summary>
    Load,

    /// <summary>The fence is read or written.</summary>
    Fence,
}

/// <summary>What the snapshot store does not do for the owners of a node. Any thread may ask.</summary>
public sealed class StoreTroubles
{
    private readonly ConcurrentDictionary<(int Partition, StoreUse Use), string> troubles = new();

    /// <summary>What the store said to one of them; null while it takes and gives rows.</summary>
    public string? Away => troubles.IsEmpty ? null : troubles.OrderBy(t => t.Key).Select(t => t.Value).FirstOrDefault();

    internal void Note(int partition, StoreUse use, string? trouble)
    {
        if (trouble is null)
            troubles.TryRemove((partition, use), out _);
        else
            troubles[(partition, use)] = trouble;
    }

    internal void Forget(int partition)
    {
        foreach (var use in Enum.GetValues<StoreUse>())
            Note(partition, use, null);
    }
}
