namespace Scoring.Kafka.Consumers;

/// <summary>
/// An assignment has come to its end before its stream: the partition was assigned anew, or taken away. What the stream has
/// under way is not committed any more; the next owner reads it again.
/// </summary>
public sealed class AssignmentEndedException : Exception
{
    /// <summary>Makes the exception.</summary>
    /// <param name="message">Which, and why.</param>
    /// <param name="cause">What ended it; null for none.</param>
    public AssignmentEndedException(string message, Exception? cause = null)
        : base(message, cause)
    {
    }
}
