namespace Scoring.Actors.Snapshots;

/// <summary>
/// The cause of a failure that passes: the store is away, full, stopping or in conflict with another. The same request may be
/// repeated with the same bytes; whether a save was done all the same is not known, and does no harm.
/// </summary>
public sealed class SnapshotUnavailableException : Exception
{
    /// <summary>Makes the exception.</summary>
    /// <param name="message">Which store, and what it said.</param>
    /// <param name="cause">What the client threw, if it did.</param>
    public SnapshotUnavailableException(string message, Exception? cause = null)
        : base(message, cause)
    {
    }
}
