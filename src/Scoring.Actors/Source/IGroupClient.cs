using Scoring.Actors.Log;

namespace Scoring.Actors.Source;

/// <summary>
/// A member of a consumer group that reads one topic. One thread polls, and the listener is called on it, inside
/// <see cref="Poll"/> and <see cref="Close"/> alone; commits may come from another thread.
/// </summary>
public interface IGroupClient : IDisposable
{
    /// <summary>Joins the group.</summary>
    /// <param name="listener">Is told which partitions come and go.</param>
    void Join(IGroupListener listener);

    /// <summary>Takes the next record, and lets the listener know of what changed meanwhile.</summary>
    /// <param name="timeout">How long to wait for one.</param>
    /// <param name="partition">The record's partition.</param>
    /// <param name="record">The record.</param>
    /// <returns>Whether there was one.</returns>
    /// <exception cref="LogGapException">The position of a partition lies outside the log; the others go on.</exception>
    bool Poll(TimeSpan timeout, out int partition, out InputRecord record);

    /// <summary>Reads the offsets that the group has committed.</summary>
    /// <param name="partitions">The partitions.</param>
    /// <returns>The offset of each; null where there is none.</returns>
    /// <exception cref="GroupException">The group does not answer.</exception>
    IReadOnlyList<long?> Committed(IReadOnlyList<int> partitions);

    /// <summary>Reads where a group that is new on a partition starts.</summary>
    /// <param name="partition">The partition.</param>
    /// <returns>The offset of the log's oldest record, or the one behind its newest, as configured.</returns>
    /// <exception cref="GroupException">The log does not answer.</exception>
    long FirstStartOf(int partition);

    /// <summary>Commits offsets, and returns when the group has acknowledged them.</summary>
    /// <param name="offsets">The offset of the next record to read, by partition.</param>
    /// <exception cref="GroupException">The group refused, or its answer was lost.</exception>
    void Commit(IReadOnlyList<(int Partition, long Offset)> offsets);

    /// <summary>Stops handing out records of a partition.</summary>
    /// <param name="partition">The partition.</param>
    void Pause(int partition);

    /// <summary>Hands out records of a paused partition again, from where it stopped.</summary>
    /// <param name="partition">The partition.</param>
    void Resume(int partition);

    /// <summary>Goes on reading a partition from another offset. Called on the thread that polls.</summary>
    /// <param name="partition">The partition.</param>
    /// <param name="offset">The offset of the next record to hand out.</param>
    /// <exception cref="GroupException">The client is not reading the partition yet.</exception>
    void Seek(int partition, long offset);

    /// <summary>The offset behind a partition's last record, as of the last fetch; null before it.</summary>
    /// <param name="partition">The partition.</param>
    long? EndOffset(int partition);

    /// <summary>
    /// Leaves the group; the listener hears of all partitions as revoked. Of an assignment that comes meanwhile it hears at most
    /// the revocation.
    /// </summary>
    void Close();
}

/// <summary>Is told which partitions a member of a group owns.</summary>
public interface IGroupListener
{
    /// <summary>Partitions have come.</summary>
    /// <param name="partitions">The partitions.</param>
    /// <returns>Where to start to read each; null gives them all up.</returns>
    IReadOnlyList<long>? Assigned(IReadOnlyList<int> partitions);

    /// <summary>Partitions leave once this returns; until then they may be committed.</summary>
    /// <param name="partitions">The partitions.</param>
    void Revoked(IReadOnlyList<int> partitions);

    /// <summary>Partitions have left: another member may own them already.</summary>
    /// <param name="partitions">The partitions.</param>
    void Lost(IReadOnlyList<int> partitions);
}

/// <summary>The group refused a request or did not answer it.</summary>
public sealed class GroupException : Exception
{
    /// <summary>Makes the exception.</summary>
    /// <param name="message">What it said.</param>
    /// <param name="isRetriable">Whether the same request may succeed later.</param>
    /// <param name="cause">What the client threw.</param>
    public GroupException(string message, bool isRetriable, Exception? cause)
        : base(message, cause) => IsRetriable = isRetriable;

    /// <summary>Whether the same request may succeed later.</summary>
    public bool IsRetriable { get; }
}
