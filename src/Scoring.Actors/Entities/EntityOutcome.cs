namespace Scoring.Actors.Entities;

/// <summary>What became of a record of the input log.</summary>
public enum EntityOutcome
{
    /// <summary>A transaction whose features were computed.</summary>
    Scored,

    /// <summary>A transaction seen before within the horizon: nothing changed.</summary>
    Repeated,

    /// <summary>Another transaction was seen within the horizon under the same user, card and id: nothing changed.</summary>
    Conflicting,

    /// <summary>Not valid.</summary>
    Rejected,

    /// <summary>A label that marked its transaction.</summary>
    LabelApplied,

    /// <summary>A label whose transaction no entity holds.</summary>
    LabelUnmatched,

    /// <summary>A tick, which moved the watermark.</summary>
    Ticked,

    /// <summary>A record that a relay has appended before: nothing changed.</summary>
    RelayedBefore,

    /// <summary>A record that no feature uses.</summary>
    Ignored,
}
