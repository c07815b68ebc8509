namespace Scoring.Actors.Partitions;

/// <summary>A node, as its answers over HTTP name it.</summary>
/// <param name="NodeId">Its name.</param>
/// <param name="Address">Where it answers HTTP; null if that is nobody else's to know.</param>
public sealed record ShardOwner(string NodeId, Uri? Address);
