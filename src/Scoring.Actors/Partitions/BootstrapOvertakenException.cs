namespace Scoring.Actors.Partitions;

/// <summary>A node has taken a partition over while its bootstrap was under way: what was begun stays unfinished.</summary>
public sealed class BootstrapOvertakenException : Exception
{
    /// <summary>Makes the exception.</summary>
    /// <param name="message">Which partition, and what to do.</param>
    public BootstrapOvertakenException(string message)
        : base(message)
    {
    }
}
