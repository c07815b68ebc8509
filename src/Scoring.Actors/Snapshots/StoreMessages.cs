using Akka.Actor;

namespace Scoring.Actors.Snapshots;

/// <summary>A row of the store.</summary>
/// <param name="PersistenceId">Whose snapshot it is.</param>
/// <param name="SequenceNr">Its number.</param>
public readonly record struct SnapshotKey(string PersistenceId, long SequenceNr);

/// <summary>The rows of one persistence id that a newer one stands for.</summary>
public readonly record struct OlderSnapshots
{
    /// <summary>Names the rows.</summary>
    /// <param name="persistenceId">Whose they are.</param>
    /// <param name="through">The number up to which rows go.</param>
    /// <param name="newest">Of the rows up to this number the newest stays.</param>
    /// <exception cref="ArgumentOutOfRangeException">Rows above <paramref name="newest"/> would go, which nothing stands for.</exception>
    public OlderSnapshots(string persistenceId, long through, long newest)
    {
        ArgumentNullException.ThrowIfNull(persistenceId);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(through, newest);
        PersistenceId = persistenceId;
        Through = through;
        Newest = newest;
    }

    /// <summary>Whose they are.</summary>
    public string PersistenceId { get; }

    /// <summary>The number up to which rows go.</summary>
    public long Through { get; }

    /// <summary>Of the rows up to this number the newest stays.</summary>
    public long Newest { get; }
}

/// <summary>Asks a <see cref="GroupCommitSnapshotStore"/> to delete rows of many persistence ids; answered by <see cref="SnapshotRowsDeleted"/> or <see cref="DeleteSnapshotRowsFailed"/>.</summary>
public abstract record SnapshotDeletion : INoSerializationVerificationNeeded;

/// <summary>Deletes the rows of a list. A repetition deletes what is left of it.</summary>
/// <param name="Rows">The rows; of those that are not there nothing is said.</param>
public sealed record DeleteSnapshotRows(IReadOnlyList<SnapshotKey> Rows) : SnapshotDeletion;

/// <summary>Deletes of each persistence id what a newer row stands for, by one statement of bounded size.</summary>
/// <param name="Rows">The rows.</param>
public sealed record DeleteOlderSnapshots(IReadOnlyList<OlderSnapshots> Rows) : SnapshotDeletion;

/// <summary>Rows are deleted, durably.</summary>
/// <param name="Request">What was asked.</param>
/// <param name="Count">How many were there.</param>
/// <param name="IsComplete">False where as many went as one statement may delete: the same request deletes more.</param>
public sealed record SnapshotRowsDeleted(SnapshotDeletion Request, int Count, bool IsComplete) : INoSerializationVerificationNeeded;

/// <summary>
/// Asks a <see cref="GroupCommitSnapshotStore"/> to delete all rows whose persistence ids begin with one of some texts, by one statement of
/// bounded size; answered by <see cref="SnapshotsDeletedByPrefix"/> or <see cref="DeleteSnapshotsByPrefixFailed"/>.
/// </summary>
/// <param name="Prefixes">The texts, none of which is empty.</param>
/// <param name="After">Where the statement before ended, as its answer said; null for the first.</param>
public sealed record DeleteSnapshotsByPrefix(IReadOnlyList<string> Prefixes, SnapshotKey? After = null) : INoSerializationVerificationNeeded;

/// <summary>Rows are deleted, durably.</summary>
/// <param name="Request">What was asked.</param>
/// <param name="Count">How many went.</param>
/// <param name="Next">Where the next request goes on; null once no row is left.</param>
public sealed record SnapshotsDeletedByPrefix(DeleteSnapshotsByPrefix Request, int Count, SnapshotKey? Next) : INoSerializationVerificationNeeded;

/// <summary>Rows could not be deleted; the request may be repeated where the cause passes.</summary>
/// <param name="Request">What was asked.</param>
/// <param name="Cause">Why; a <see cref="SnapshotUnavailableException"/> passes.</param>
public sealed record DeleteSnapshotsByPrefixFailed(DeleteSnapshotsByPrefix Request, Exception Cause) : INoSerializationVerificationNeeded;

/// <summary>Rows could not be deleted; some of them may be.</summary>
/// <param name="Request">What was asked.</param>
/// <param name="Cause">Why; a <see cref="SnapshotUnavailableException"/> passes.</param>
public sealed record DeleteSnapshotRowsFailed(SnapshotDeletion Request, Exception Cause) : INoSerializationVerificationNeeded;

/// <summary>What a generation of owners writes to tell itself from all others. Ordered by counter, then node, then chance.</summary>
/// <param name="Counter">One above the counter that was read.</param>
/// <param name="Node">The owner's node.</param>
/// <param name="Random">Tells two generations of one node apart.</param>
public sealed record FenceToken(long Counter, string Node, long Random);

/// <summary>Asks for a partition's fence; answered by <see cref="FenceStands"/> or <see cref="FenceFailed"/>.</summary>
/// <param name="Topic">The topic.</param>
/// <param name="Partition">The partition.</param>
/// <param name="Asked">What the asker knows the question by.</param>
public sealed record ReadFence(string Topic, int Partition, long Asked = 0) : INoSerializationVerificationNeeded;

/// <summary>
/// Writes a partition's fence unless a greater token stands there, in one statement; answered as <see cref="ReadFence"/> is,
/// with the token that stands there afterwards: who finds another than its own has lost. May be repeated.
/// </summary>
/// <param name="Topic">The topic.</param>
/// <param name="Partition">The partition.</param>
/// <param name="Token">The writer's token.</param>
/// <param name="Asked">What the asker knows the question by.</param>
public sealed record WriteFence(string Topic, int Partition, FenceToken Token, long Asked = 0) : INoSerializationVerificationNeeded;

/// <summary>A partition's fence, durable.</summary>
/// <param name="Topic">The topic.</param>
/// <param name="Partition">The partition.</param>
/// <param name="Token">The token that stands there; null before the first.</param>
/// <param name="Asked">What the asker knows the question by.</param>
public sealed record FenceStands(string Topic, int Partition, FenceToken? Token, long Asked = 0) : INoSerializationVerificationNeeded;

/// <summary>A partition's fence could not be read, or written: it may have been.</summary>
/// <param name="Topic">The topic.</param>
/// <param name="Partition">The partition.</param>
/// <param name="Cause">Why; a <see cref="SnapshotUnavailableException"/> passes.</param>
/// <param name="Asked">What the asker knows the question by.</param>
public sealed record FenceFailed(string Topic, int Partition, Exception Cause, long Asked = 0) : INoSerializationVerificationNeeded;
