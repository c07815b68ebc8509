namespace Scoring.Models.Wire;

/// <summary>What to do with a transaction.</summary>
public enum Decision
{
    /// <summary>Let it pass.</summary>
    Approve,

    /// <summary>Have a person look at it.</summary>
    Review,

    /// <summary>Refuse it.</summary>
    Decline,
}

/// <summary>The names of <see cref="Decision"/> on the wire.</summary>
public static class Decisions
{
    /// <summary>The decision in lower case.</summary>
    /// <param name="decision">The decision.</param>
    public static string Name(this Decision decision) => decision switch
    {
        Decision.Approve => "approve",
        Decision.Review => "review",
        Decision.Decline => "decline",
        _ => throw new ArgumentOutOfRangeException(nameof(decision), decision, "not a decision"),
    };
}
