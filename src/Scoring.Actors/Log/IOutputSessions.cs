namespace Scoring.Actors.Log;

/// <summary>Opens the way by which the outputs of one shard reach the log.</summary>
public interface IOutputSessions
{
    /// <summary>Opens a session for a shard.</summary>
    /// <param name="partition">The shard's partition of the input log.</param>
    IOutputSession Open(int partition);
}

/// <summary>
/// The outputs of one shard, batch by batch. Where outputs and offsets are committed in transactions, a batch lies
/// within one, and its observers are told when that is committed. Owned by its shard; <see cref="Close"/> may be
/// called by any thread.
/// </summary>
public interface IOutputSession : IOutputLog
{
    /// <summary>Begins the outputs of a batch.</summary>
    /// <returns>False if a transaction is about to be committed: nothing was done, try again soon.</returns>
    bool TryBeginBatch();

    /// <summary>All outputs of the batch were handed over.</summary>
    /// <param name="nextOffset">The offset behind the batch's last record.</param>
    void EndBatch(long nextOffset);

    /// <summary>Nothing more is appended, and what was appended and not committed must not become visible to readers of committed records.</summary>
    void Close();
}

/// <summary>Commits offsets together with the outputs that they stand for.</summary>
public interface ITransactions
{
    /// <summary>Whether the transactions of this node are another's by now, or can't go on: every shard has to be dropped and recovered.</summary>
    bool IsLost { get; }

    /// <summary>Commits what the shards have ended since the last time. One thread calls at a time.</summary>
    /// <param name="owned">The partitions that this node owns; outputs of others are taken back.</param>
    /// <param name="patience">How long to wait for the brokers; what they have not answered by then goes on with the next call.</param>
    /// <param name="committed">The offsets that were committed, by partition.</param>
    /// <returns>False if it has to be called again soon to get there.</returns>
    bool TryCommit(IReadOnlyCollection<int> owned, TimeSpan patience, out IReadOnlyList<(int Partition, long Offset)> committed);

    /// <summary>Begins anew after they were lost: what was not committed is gone, and every session closed.</summary>
    void Restart();
}
