using Scoring.Models.Features;

namespace Scoring.Actors.Messages;

// Between an owner and whoever asks it, on its own node or another.

/// <summary>Asks an owner for a card's features in the hands of some users; answered by <see cref="CardRead"/>.</summary>
/// <param name="CardId">The card.</param>
/// <param name="UserIds">The users.</param>
public sealed record ReadCard(string CardId, IReadOnlyList<string> UserIds) : IRemoteMessage;

/// <summary>The features of a card in one user's hands.</summary>
/// <param name="UserId">The user.</param>
/// <param name="AsOfMicros">The newest event of the card or its user, in microseconds since 1970-01-01T00:00:00Z, as of which the features are.</param>
/// <param name="Features">The vector; NaN for what is missing and for what only a transaction has.</param>
public sealed record CardEntry(string UserId, long AsOfMicros, double[] Features);

/// <summary>What is known of a card.</summary>
/// <param name="Entries">An entry for each of the users who is known; null if the owner does not look, because it is not live or has too much to do.</param>
public sealed record CardRead(IReadOnlyList<CardEntry>? Entries) : IRemoteMessage;

/// <summary>Asks an owner what it holds of each kind of entity; answered by <see cref="StatisticsRead"/>.</summary>
public sealed record ReadStatistics : IRemoteMessage
{
    /// <summary>The message.</summary>
    public static ReadStatistics Instance { get; } = new();
}

/// <summary>What an owner holds.</summary>
/// <param name="Kinds">An entry for each kind of entity; null if the owner does not look, because it is not live or has too much to do.</param>
public sealed record StatisticsRead(IReadOnlyList<EntityStatistics>? Kinds) : IRemoteMessage;

/// <summary>Asks a partition how far it is; answered by <see cref="ShardRead"/>, in every phase.</summary>
public sealed record ReadShard : IRemoteMessage
{
    /// <summary>The message.</summary>
    public static ReadShard Instance { get; } = new();
}

/// <summary>How far a partition is.</summary>
public sealed record ShardRead : IRemoteMessage
{
    /// <summary>The name of the node that owns it.</summary>
    public required string Node { get; init; }

    /// <summary>Where that node answers over HTTP; empty where it does not say.</summary>
    public string Address { get; init; } = "";

    /// <summary>What it does, in words.</summary>
    public required string State { get; init; }

    /// <summary>Its fence, which each take-over raises; null before it has one.</summary>
    public long? Fence { get; init; }

    /// <summary>The offset that the group has committed; null before the first.</summary>
    public long? CommittedOffset { get; init; }

    /// <summary>The offset behind the log's last record, as of a few seconds ago.</summary>
    public long? EndOffset { get; init; }

    /// <summary>The watermark, in microseconds since 1970-01-01T00:00:00Z; null before the first event.</summary>
    public long? WatermarkMicros { get; init; }

    /// <summary>The offset of the last checkpoint: the state exactly before it.</summary>
    public long? CheckpointOffset { get; init; }

    /// <summary>How long ago this owner completed it, in microseconds; null if another one did.</summary>
    public long? CheckpointAgeMicros { get; init; }

    /// <summary>Cardholders in memory.</summary>
    public long Entities { get; init; }

    /// <summary>Their bytes.</summary>
    public long EntityBytes { get; init; }

    /// <summary>Their events.</summary>
    public long Events { get; init; }
}
