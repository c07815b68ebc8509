namespace Scoring.Actors.Source;

/// <summary>A partition that this node owns, with its shard.</summary>
internal sealed class OwnedPartition(int partition, IShard shard, long start)
{
    private long committed = -1;

    internal int Partition { get; } = partition;

    internal IShard Shard { get; } = shard;

    /// <summary>Where the partition is read from.</summary>
    internal long Start { get; } = start;

    /// <summary>What the group has acknowledged. Written by whoever commits, read by any thread; a nullable long could be read half.</summary>
    internal long? Committed
    {
        get => Volatile.Read(ref committed) is var offset && offset < 0 ? null : offset;
        set => Volatile.Write(ref committed, value ?? -1);
    }

    internal bool Begun { get; set; }

    /// <summary>Whether the group's client has handed out records beyond what is committed, which have to be read again.</summary>
    internal bool IsReadAgain { get; init; }

    internal bool Paused { get; set; }

    internal string? Down { get; set; }
}
