namespace Scoring.Models.Inference;

/// <summary>What to do with a transaction, in rising severity.</summary>
public enum Decision
{
    /// <summary>Let it pass.</summary>
    Approve,

    /// <summary>Let an analyst look at it.</summary>
    Review,

    /// <summary>Refuse it.</summary>
    Decline,
}

/// <summary>The names under which decisions travel in score records and over HTTP.</summary>
public static class DecisionNames
{
    /// <summary>The decision's name on the wire: approve, review or decline.</summary>
    /// <param name="decision">The decision.</param>
    /// <exception cref="ArgumentOutOfRangeException">The value is no decision.</exception>
    public static string WireName(this Decision decision) => decision switch
    {
        Decision.Approve => "approve",
        Decision.Review => "review",
        Decision.Decline => "decline",
        _ => throw new ArgumentOutOfRangeException(nameof(decision), decision, "a decision is approve, review or decline"),
    };

    /// <summary>Reads a decision's name on the wire.</summary>
    /// <param name="name">The name; case matters.</param>
    /// <param name="decision">The decision.</param>
    /// <returns>False if no decision has the name.</returns>
    public static bool TryParse(ReadOnlySpan<char> name, out Decision decision)
    {
        decision = name switch
        {
            "review" => Decision.Review,
            "decline" => Decision.Decline,
            _ => Decision.Approve,
        };
        return decision != Decision.Approve || name is "approve";
    }
}
