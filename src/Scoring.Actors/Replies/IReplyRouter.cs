using Scoring.Actors.Messages;
using Scoring.Models.Wire;

namespace Scoring.Actors.Replies;

/// <summary>
/// Tells whoever waits for a transaction, on whichever node, what became of it. An owner calls it once the offset behind the record is
/// committed; it never waits, and whoever is not there any more is not told.
/// </summary>
public interface IReplyRouter
{
    /// <summary>A transaction was scored, and its score is committed.</summary>
    /// <param name="replyTo">Who waits.</param>
    /// <param name="score">The score record's value; null if the transaction had been scored before.</param>
    void Scored(in ReplyTo replyTo, byte[]? score);

    /// <summary>A transaction was refused.</summary>
    /// <param name="replyTo">Who waits.</param>
    /// <param name="rejection">Why.</param>
    void Rejected(in ReplyTo replyTo, Rejection rejection);
}
