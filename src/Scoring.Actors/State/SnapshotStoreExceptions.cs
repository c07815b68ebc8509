namespace Scoring.Actors.State;

/// <summary>The store can't be reached or can't answer now; the same call may succeed later.</summary>
public sealed class SnapshotStoreUnavailableException : Exception
{
    /// <summary>Makes the exception.</summary>
    /// <param name="message">Which store, and what it said.</param>
    /// <param name="cause">What the client threw.</param>
    public SnapshotStoreUnavailableException(string message, Exception? cause)
        : base(message, cause)
    {
    }
}

/// <summary>The store holds state that is not of this input log or that this program can't read.</summary>
public sealed class SnapshotStoreMismatchException : Exception
{
    /// <summary>Makes the exception.</summary>
    /// <param name="message">What does not match, what was expected, and what to do.</param>
    public SnapshotStoreMismatchException(string message)
        : base(message)
    {
    }
}
