namespace Scoring.Actors.Pipeline;

/// <summary>Those on this node who wait for the score of a transaction that they appended to the input log.</summary>
public interface IReplies
{
    /// <summary>A waiter's transaction was scored, and its score is in the log.</summary>
    /// <param name="waiter">The waiter's number.</param>
    /// <param name="score">The score record's value; null if the transaction had been scored before.</param>
    void Scored(long waiter, byte[]? score);

    /// <summary>A waiter's transaction was refused.</summary>
    /// <param name="waiter">The waiter's number.</param>
    /// <param name="rejection">Why.</param>
    void Rejected(long waiter, Scoring.Models.Wire.Rejection rejection);
}
