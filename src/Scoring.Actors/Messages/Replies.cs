using Scoring.Models.Wire;

namespace Scoring.Actors.Messages;

// From the owner of a partition to the node on which a call waits for its score.

/// <summary>A call's transaction was scored, and its score is in the log and committed.</summary>
/// <param name="Call">The call.</param>
/// <param name="Score">The score record's value; null if the transaction had been scored before.</param>
public sealed record CallScored(UInt128 Call, byte[]? Score) : IRemoteMessage;

/// <summary>A call's transaction was refused.</summary>
/// <param name="Call">The call.</param>
/// <param name="Rejection">Why.</param>
public sealed record CallRejected(UInt128 Call, Rejection Rejection) : IRemoteMessage;
