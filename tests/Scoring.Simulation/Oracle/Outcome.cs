namespace Scoring.Simulation.Oracle;

/// <summary>What must become of an input record.</summary>
public enum OutcomeKind
{
    /// <summary>It is scored.</summary>
    Scored,

    /// <summary>It goes to the dead letters.</summary>
    Dead,

    /// <summary>It leaves no trace in the outputs: a repeat, a label, a tick.</summary>
    Silent,
}

/// <summary>What must become of an input record.</summary>
/// <param name="Kind">What.</param>
/// <param name="Reason">Why it is dead.</param>
/// <param name="Features">Its features where it is scored; NaN is missing.</param>
/// <param name="Late">Whether an entity refuses to insert it.</param>
/// <param name="User">Its user.</param>
/// <param name="Identity">Its transaction's user, card and id.</param>
public sealed record Outcome(OutcomeKind Kind, string? Reason, double[] Features, bool Late, string User, string Identity)
{
    internal static Outcome Silent { get; } = new(OutcomeKind.Silent, null, [], false, "", "");

    internal static Outcome Dead(string reason) => new(OutcomeKind.Dead, reason, [], false, "", "");
}
