using System.ComponentModel.DataAnnotations;
using Scoring.Models.Durations;

namespace Scoring.Actors.Partitions;

/// <summary>The bounds of one shard.</summary>
public sealed record ShardOptions
{
    /// <summary>The most partitions of the input log that one node can own.</summary>
    public const int MaxShards = 1_024;

    /// <summary>Records that may wait in a shard's mailbox; at this many its partition is paused.</summary>
    [Range(1, 1_000_000)]
    public int MailboxRecords { get; init; } = 4_096;

    /// <summary>Records of one batch at most.</summary>
    [Range(1, 1_024)]
    public int MaxBatchRecords { get; init; } = 256;

    /// <summary>Batches of a shard that wait for look-ups or the model at once.</summary>
    [Range(1, 64)]
    public int MaxInFlightBatches { get; init; } = 4;

    /// <summary>Batches of a shard that have begun and whose outputs the log has not acknowledged yet.</summary>
    [Range(1, 4_096)]
    public int MaxUnacknowledgedBatches { get; init; } = 128;

    /// <summary>Questions from HTTP that may wait for a shard's loop.</summary>
    [Range(1, 100_000)]
    public int MaxWaitingQueries { get; init; } = 1_024;

    /// <summary>
    /// How long a shard may be quiet before a tick is appended to its partition, so that the watermark moves on and the
    /// sessions of idle users close.
    /// </summary>
    [DurationRange("100ms", "1d")]
    public TimeSpan TickInterval { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>How often a shard looks whether a checkpoint is due while no record wakes it.</summary>
    [DurationRange("10ms", "10m")]
    public TimeSpan NudgeInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Whether score records carry the feature vector.</summary>
    public bool RecordFeatures { get; init; }
}
