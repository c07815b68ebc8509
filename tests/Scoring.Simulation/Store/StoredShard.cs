using Scoring.Actors.State;

namespace Scoring.Simulation.Store;

/// <summary>What the database holds of a shard.</summary>
internal sealed class StoredShard
{
    public long Epoch { get; set; }

    public ShardOwner? Owner { get; set; }

    public long? Offset { get; set; }

    public ReadOnlyMemory<byte> Marks { get; set; }

    public TimeSpan? WrittenAt { get; set; }

    public ShardReport? Report { get; set; }

    public TimeSpan? ReportedAt { get; set; }

    public SortedDictionary<long, QuarantinedRecord> Quarantined { get; } = [];

    /// <summary>By kind and key in hexadecimal.</summary>
    public SortedDictionary<string, StoredEntity> Entities { get; } = new(StringComparer.Ordinal);

    /// <summary>The epochs that were told that they are over.</summary>
    public HashSet<long> Fenced { get; } = [];
}

/// <summary>What the database holds of an entity.</summary>
/// <param name="Row">The row.</param>
/// <param name="NewestMicros">Its newest event.</param>
/// <param name="Watched">Whether it waits for the watermark.</param>
internal sealed record StoredEntity(EntityRow Row, long NewestMicros, bool Watched);
