namespace Scoring.Actors.Partitions;

/// <summary>The features of a card in one user's hands.</summary>
/// <param name="UserId">The user.</param>
/// <param name="AsOfMicros">The newest event of the card or its user, in microseconds since 1970, as of which the features are.</param>
/// <param name="Features">The vector; NaN for what is missing and for what only a transaction has.</param>
public sealed record CardFeatures(string UserId, long AsOfMicros, double[] Features);
