namespace Scoring.Actors.Telemetry;

/// <summary>The meter that every metric of the service belongs to.</summary>
public static class ScoringMeter
{
    /// <summary>Its name.</summary>
    public const string Name = "Scoring";
}
