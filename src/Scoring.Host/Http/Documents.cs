namespace Scoring.Host.Http;

/// <summary>A transaction as a caller sends it.</summary>
/// <param name="TransactionId">Its own among those of its user and card. Sent again with the same fields it gets the first score, with others it is refused.</param>
/// <param name="CardId">The card's token, never a card number.</param>
/// <param name="Amount">In the currency's unit, rounded half to even at 4 places; negative for a refund or a reversal.</param>
/// <param name="EventTime">ISO 8601 with an offset, or epoch milliseconds.</param>
/// <param name="UserId">The card's user; absent, the card is its own user.</param>
/// <param name="MerchantId">The merchant.</param>
/// <param name="TerminalId">The terminal.</param>
/// <param name="Currency">ISO 4217.</param>
/// <param name="Channel">How the card was presented.</param>
/// <param name="Country">ISO 3166.</param>
/// <param name="Mcc">The merchant's category code.</param>
/// <param name="DeviceId">The device.</param>
/// <param name="Ip">The client's address.</param>
internal sealed record TransactionDocument(
    string TransactionId,
    string CardId,
    decimal Amount,
    DateTimeOffset EventTime,
    string? UserId,
    string? MerchantId,
    string? TerminalId,
    string? Currency,
    string? Channel,
    string? Country,
    string? Mcc,
    string? DeviceId,
    string? Ip);

/// <summary>A model's name.</summary>
/// <param name="Name">The bundle's name.</param>
/// <param name="Version">The bundle's version.</param>
internal sealed record ModelDocument(string Name, int Version);

/// <summary>A feature set's name.</summary>
/// <param name="Name">The set's name.</param>
/// <param name="Version">The set's version.</param>
/// <param name="Fingerprint">The hash of what determines values.</param>
internal sealed record FeatureSetDocument(string Name, int Version, string Fingerprint);

/// <summary>A score.</summary>
/// <param name="TransactionId">What was scored.</param>
/// <param name="CardId">Its card.</param>
/// <param name="UserId">Its user.</param>
/// <param name="Score">From 0 to 1, the higher the likelier fraud; the threshold of a review where the model gave none, as the reason then says.</param>
/// <param name="Decision">approve, review or decline.</param>
/// <param name="Reasons">Why, at most 3 codes.</param>
/// <param name="Model">The model that scored it.</param>
/// <param name="FeatureSet">The features that it scored.</param>
/// <param name="Degraded">What was missing and why.</param>
/// <param name="Late">Whether it came after its allowed lateness.</param>
/// <param name="EventTime">When it happened.</param>
/// <param name="BodyHash">A hash of the transaction's fields beside its ids: another transaction under the same ids has another.</param>
/// <param name="Features">The feature vector, where recorded; null where missing.</param>
internal sealed record ScoreDocument(
    string TransactionId,
    string CardId,
    string UserId,
    float Score,
    string Decision,
    IReadOnlyList<string> Reasons,
    ModelDocument Model,
    FeatureSetDocument FeatureSet,
    IReadOnlyList<string> Degraded,
    bool Late,
    DateTimeOffset EventTime,
    string? BodyHash,
    IReadOnlyDictionary<string, double?>? Features);

/// <summary>A card's scores.</summary>
/// <param name="CardId">The card.</param>
/// <param name="Scores">Its scores, newest event first.</param>
/// <param name="Next">The path of the next page; null on the last.</param>
internal sealed record CardScoresDocument(string CardId, IReadOnlyList<ScoreDocument> Scores, string? Next);

/// <summary>The scores of the transactions that have an id.</summary>
/// <param name="TransactionId">The id.</param>
/// <param name="Scores">Their scores, by card and user.</param>
/// <param name="Next">The path of the next page; null on the last.</param>
internal sealed record TransactionScoresDocument(string TransactionId, IReadOnlyList<ScoreDocument> Scores, string? Next);

/// <summary>A card's features in one user's hands.</summary>
/// <param name="UserId">The user.</param>
/// <param name="Partition">The shard that keeps them.</param>
/// <param name="AsOf">The newest event of the card, as of which the features are.</param>
/// <param name="Features">The features that depend on history alone; null where missing.</param>
internal sealed record CardFeaturesEntry(string UserId, int Partition, string AsOf, IReadOnlyDictionary<string, double?> Features);

/// <summary>A card's features.</summary>
/// <param name="CardId">The card.</param>
/// <param name="Entries">One entry for each user.</param>
internal sealed record CardFeaturesDocument(string CardId, IReadOnlyList<CardFeaturesEntry> Entries);

/// <summary>What a shard holds of one kind of entity.</summary>
/// <param name="Name">The kind.</param>
/// <param name="Count">How many are in memory.</param>
/// <param name="Events">Events in their windows.</param>
/// <param name="Bytes">Bytes of their states, estimated.</param>
internal sealed record EntitiesDocument(string Name, long Count, long Events, long Bytes);

/// <summary>A shard, as its owner has it now, or as its owner last reported it.</summary>
/// <param name="Partition">The partition of the input log.</param>
/// <param name="Owner">The node that owns it; null if none ever did.</param>
/// <param name="Address">Where that node is reached.</param>
/// <param name="Epoch">The number of its ownership; each owner has a higher one.</param>
/// <param name="State">recovering, live, paused, stopping, why it is down; elsewhere if another member of the cluster owns it; unheard if its owner no longer reports, unowned if it has none.</param>
internal sealed record ShardDocument(int Partition, string? Owner, Uri? Address, long? Epoch, string State)
{
    /// <summary>The offset behind the last record that is finished; null before the first, and of another node's shard.</summary>
    public long? FinishedOffset { get; init; }

    /// <summary>The offset that the group has committed; null before the first.</summary>
    public long? CommittedOffset { get; init; }

    /// <summary>The offset behind the log's last record.</summary>
    public long? EndOffset { get; init; }

    /// <summary>Records of the log that are not committed yet.</summary>
    public long? Lag { get; init; }

    /// <summary>Records in the mailbox; null of another node's shard.</summary>
    public int? Waiting { get; init; }

    /// <summary>The watermark; null before the first event.</summary>
    public string? Watermark { get; init; }

    /// <summary>The offset of the last checkpoint: the state exactly before it.</summary>
    public long? CheckpointOffset { get; init; }

    /// <summary>How long ago that was written.</summary>
    public double? CheckpointAgeSeconds { get; init; }

    /// <summary>How long ago its owner reported; null of this node's own, whose figures are of now.</summary>
    public double? ReportAgeSeconds { get; init; }

    /// <summary>Entities in its owner's memory.</summary>
    public long EntitiesInMemory { get; init; }

    /// <summary>Their bytes.</summary>
    public long EntityBytes { get; init; }

    /// <summary>Entities in the store.</summary>
    public long? StoredEntities { get; init; }

    /// <summary>Their bytes.</summary>
    public long? StoredBytes { get; init; }

    /// <summary>What it holds in memory by kind; empty of another node's shard.</summary>
    public IReadOnlyList<EntitiesDocument> Entities { get; init; } = [];
}

/// <summary>How far the node that answers has copied a partition of the scores into the ledger.</summary>
/// <param name="Partition">The partition.</param>
/// <param name="NextOffset">The offset behind the last record that is in the ledger; null before the first.</param>
/// <param name="EndOffset">The offset behind the topic's last record; null before anything was read.</param>
/// <param name="Lag">Scores that are not in the ledger yet.</param>
/// <param name="Lost">Scores that left the topic before they were read, since the node started.</param>
internal sealed record LedgerPartitionDocument(int Partition, long? NextOffset, long? EndOffset, long? Lag, long Lost);

/// <summary>The ledger, as the node that answers fills it; of a shared one, the partitions that are this node's to copy.</summary>
/// <param name="Lost">Scores that left the topic before they were read, since the node started: queries do not find them.</param>
/// <param name="Partitions">By partition.</param>
internal sealed record LedgerDocument(long Lost, IReadOnlyList<LedgerPartitionDocument> Partitions);

/// <summary>The shards.</summary>
/// <param name="Shards">By partition.</param>
/// <param name="Ledger">The ledger.</param>
/// <param name="Problems">Why the node that answers is not ready, and what it lost, in words; empty if nothing is wrong.</param>
internal sealed record ShardsDocument(IReadOnlyList<ShardDocument> Shards, LedgerDocument Ledger, IReadOnlyList<string> Problems);
