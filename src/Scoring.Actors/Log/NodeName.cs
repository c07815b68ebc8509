namespace Scoring.Actors.Log;

/// <summary>The name of this node among the nodes of its group.</summary>
/// <param name="Value">The name.</param>
public sealed record NodeName(string Value);
