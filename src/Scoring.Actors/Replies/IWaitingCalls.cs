using Scoring.Models.Wire;

namespace Scoring.Actors.Replies;

/// <summary>The calls of this node that wait for a score.</summary>
public interface IWaitingCalls
{
    /// <summary>A call's transaction was scored.</summary>
    /// <param name="call">The call.</param>
    /// <param name="score">The score record's value; null if the transaction had been scored before.</param>
    /// <returns>False if no such call waits.</returns>
    bool TryScored(UInt128 call, byte[]? score);

    /// <summary>A call's transaction was refused.</summary>
    /// <param name="call">The call.</param>
    /// <param name="rejection">Why.</param>
    /// <returns>False if no such call waits.</returns>
    bool TryRejected(UInt128 call, Rejection rejection);
}
