namespace Scoring.Simulation.Runs;

/// <summary>What must always hold and did not.</summary>
/// <param name="Invariant">Its name.</param>
/// <param name="Detail">Where, and what was found instead.</param>
public sealed record Violation(string Invariant, string Detail);
