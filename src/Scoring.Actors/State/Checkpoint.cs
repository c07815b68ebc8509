namespace Scoring.Actors.State;

/// <summary>The input log that a store's state was made of; a store refuses the state of another.</summary>
/// <param name="Topic">The input log's topic.</param>
/// <param name="TopicId">The topic's id where the brokers give one, else empty; an empty id matches any.</param>
/// <param name="Partitions">How many partitions it has.</param>
/// <param name="GroupId">The consumer group whose offsets the checkpoints belong to.</param>
public sealed record LogIdentity(string Topic, string TopicId, int Partitions, string GroupId);

/// <summary>A node that owns a shard.</summary>
/// <param name="NodeId">Its id.</param>
/// <param name="Address">Where the other nodes reach its HTTP side; null where they can't.</param>
public sealed record ShardOwner(string NodeId, Uri? Address);

/// <summary>What a shard begins with.</summary>
/// <param name="Epoch">Its epoch from now on; above every earlier one.</param>
/// <param name="Offset">The offset of its last checkpoint: the state exactly before it. Null if it has none.</param>
/// <param name="Marks">What belongs to the checkpoint beside the entities, as it was written; empty if it has none.</param>
/// <param name="Quarantined">The records that must never be applied, by offset: all from the checkpoint's offset on, and before it the newest.</param>
public sealed record ShardSnapshot(long Epoch, long? Offset, ReadOnlyMemory<byte> Marks, IReadOnlyList<QuarantinedRecord> Quarantined)
{
    /// <summary>
    /// How many notes of quarantined records a store keeps of a shard; those from its checkpoint on it keeps whatever their
    /// number. A replay needs no older ones, but the repair of an entity does, whose last two versions may be of long ago.
    /// </summary>
    public const int MaxQuarantined = 10_000;
}

/// <summary>Entities as they are stored, and who may use them.</summary>
/// <param name="Epoch">The shard's epoch when they were read, or later; 0 for a shard that nobody took over. To the owner of another they say nothing: a later one may have changed or removed rows.</param>
/// <param name="Rows">Those of the entities that the store has.</param>
public sealed record EntityRows(long Epoch, IReadOnlyList<EntityRow> Rows);

/// <summary>An entity by its kind and key.</summary>
/// <param name="Kind">The entity's name in the feature set.</param>
/// <param name="Key">Its key, as the feature engine writes it.</param>
public readonly record struct EntityKey(string Kind, ReadOnlyMemory<byte> Key);

/// <summary>An entity as it is stored.</summary>
/// <param name="Kind">Its name in the feature set.</param>
/// <param name="Key">Its key.</param>
/// <param name="Offset">The offset of the checkpoint that wrote it: the state exactly before it.</param>
/// <param name="State">Its state, as the feature engine wrote it, checksum included.</param>
/// <param name="PreviousOffset">The same of the version before; null if there is none.</param>
/// <param name="PreviousState">The version before; empty if there is none.</param>
public sealed record EntityRow(
    string Kind,
    ReadOnlyMemory<byte> Key,
    long Offset,
    ReadOnlyMemory<byte> State,
    long? PreviousOffset,
    ReadOnlyMemory<byte> PreviousState);

/// <summary>An entity to write.</summary>
/// <param name="Kind">Its name in the feature set.</param>
/// <param name="Key">Its key.</param>
/// <param name="State">Its state, as the feature engine wrote it.</param>
/// <param name="NewestMicros">Its newest event time in microseconds since 1970, by which rows grow old; <see cref="long.MinValue"/> for none.</param>
/// <param name="Watched">Whether it waits for the watermark, so that the shard needs it in memory from its start.</param>
public readonly record struct EntityWrite(string Kind, ReadOnlyMemory<byte> Key, ReadOnlyMemory<byte> State, long NewestMicros, bool Watched);

/// <summary>Rows of a kind that may be removed.</summary>
/// <param name="Kind">The entity's name in the feature set.</param>
/// <param name="BeforeMicros">Rows whose newest event is older than this, in microseconds since 1970.</param>
public readonly record struct EntityPurge(string Kind, long BeforeMicros);

/// <summary>What changed of a shard since its last checkpoint.</summary>
public sealed record Checkpoint
{
    /// <summary>The shard.</summary>
    public required int Partition { get; init; }

    /// <summary>The epoch under which its owner took it over.</summary>
    public required long Epoch { get; init; }

    /// <summary>The offset that the state is exactly before. The group has committed at least this.</summary>
    public required long Offset { get; init; }

    /// <summary>What belongs to the checkpoint beside the entities.</summary>
    public required ReadOnlyMemory<byte> Marks { get; init; }

    /// <summary>The entities that changed.</summary>
    public required IReadOnlyList<EntityWrite> Entities { get; init; }

    /// <summary>What has grown so old that it may be removed; a bounded number of rows at a time is.</summary>
    public IReadOnlyList<EntityPurge> Purges { get; init; } = [];
}

/// <summary>A record that was set aside: it failed twice, or the moment refused it, which a later reader of the log could not do again.</summary>
/// <param name="Offset">Its offset in the input log.</param>
/// <param name="Reason">Why, as the pipeline writes and reads it. Without a NUL, which PostgreSQL does not take.</param>
public sealed record QuarantinedRecord(long Offset, string Reason);

/// <summary>How far a shard is, as its owner says.</summary>
public sealed record ShardReport
{
    /// <summary>The shard.</summary>
    public required int Partition { get; init; }

    /// <summary>The epoch under which its owner took it over.</summary>
    public required long Epoch { get; init; }

    /// <summary>What it does: recovering, live, stopping, down; with the reason where it is down.</summary>
    public required string Phase { get; init; }

    /// <summary>The offset that the group has committed.</summary>
    public long? CommittedOffset { get; init; }

    /// <summary>The offset behind the log's last record.</summary>
    public long? EndOffset { get; init; }

    /// <summary>The watermark in microseconds since 1970.</summary>
    public long? WatermarkMicros { get; init; }

    /// <summary>Entities in memory.</summary>
    public long Entities { get; init; }

    /// <summary>Bytes of the entities in memory.</summary>
    public long EntityBytes { get; init; }
}

/// <summary>A shard as the store knows it.</summary>
/// <param name="Report">What its owner said last; before it said anything, the epoch alone.</param>
/// <param name="Owner">Its owner.</param>
/// <param name="CheckpointOffset">The offset of its last checkpoint.</param>
/// <param name="CheckpointAge">How long ago the last checkpoint was written, by the store's clock.</param>
/// <param name="ReportAge">How long ago its owner reported, by the store's clock.</param>
/// <param name="StoredEntities">Rows of the shard that the checkpoints have added, less those removed.</param>
/// <param name="StoredBytes">Bytes of those rows' current states.</param>
public sealed record ShardRow(
    ShardReport Report,
    ShardOwner Owner,
    long? CheckpointOffset,
    TimeSpan? CheckpointAge,
    TimeSpan? ReportAge,
    long StoredEntities,
    long StoredBytes);
