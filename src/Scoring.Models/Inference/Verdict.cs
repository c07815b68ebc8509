using Scoring.Models.Wire;

namespace Scoring.Models.Inference;

/// <summary>Why what a model made of a row is no score.</summary>
public enum ScoreFault
{
    /// <summary>It is one.</summary>
    None,

    /// <summary>It is not a number.</summary>
    NotANumber,

    /// <summary>It is below 0 or above 1, by more than rounding explains.</summary>
    OutOfRange,

    /// <summary>The model failed on the row, though not on others.</summary>
    ModelFailed,
}

/// <summary>The codes of <see cref="ScoreFault"/> on the wire.</summary>
public static class ScoreFaults
{
    /// <summary>The reason that a score record gives.</summary>
    /// <param name="fault">What is wrong.</param>
    public static string Code(this ScoreFault fault) => fault switch
    {
        ScoreFault.NotANumber => "score_not_a_number",
        ScoreFault.OutOfRange => "score_out_of_range",
        ScoreFault.ModelFailed => "model_failed",
        _ => throw new ArgumentOutOfRangeException(nameof(fault), fault, "not a fault"),
    };
}

/// <summary>What is to be done with a transaction, by its model's output.</summary>
/// <param name="Score">
/// From 0 to 1, the higher the likelier fraud; the threshold of a review where the output is no score, so that whoever reads
/// scores always finds a number in their range.
/// </param>
/// <param name="Decision">What follows from it.</param>
/// <param name="Fault">Why the output is no score.</param>
public readonly record struct Verdict(float Score, Decision Decision, ScoreFault Fault);
