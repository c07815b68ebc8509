namespace Scoring.Actors.Pipeline;

/// <summary>A shard can't go on: nothing more of it is committed, and its node stops.</summary>
public sealed class ShardException : Exception
{
    /// <summary>Makes the exception.</summary>
    /// <param name="message">Which shard, where, and why.</param>
    /// <param name="cause">What was thrown; null if nothing was.</param>
    public ShardException(string message, Exception? cause)
        : base(message, cause)
    {
    }
}
