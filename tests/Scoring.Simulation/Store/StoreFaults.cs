namespace Scoring.Simulation.Store;

/// <summary>How the simulated database and the way to it misbehave. Times are drawn up to the values given.</summary>
public sealed record StoreFaults
{
    /// <summary>The usual delay at most, one way.</summary>
    public TimeSpan Latency { get; init; } = TimeSpan.FromMilliseconds(3);

    /// <summary>One call in so many is slow. 0 for none.</summary>
    public int SlowOneIn { get; init; }

    /// <summary>How slow at most.</summary>
    public TimeSpan Slow { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>One call in so many never reaches the database. 0 for none.</summary>
    public int RefusedOneIn { get; init; }

    /// <summary>One call in so many is carried out and its answer is lost. 0 for none.</summary>
    public int LostAnswerOneIn { get; init; }
}
