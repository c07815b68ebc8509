using Scoring.Models.Wire;

namespace Scoring.Models.Inference;

/// <summary>
/// The scores from which a transaction is reviewed and declined. Thresholds are float32 as scores are: in
/// their shortest text form, which is how both are written, a score then compares with a threshold as its
/// digits do.
/// </summary>
/// <param name="Review">A score at or above it is at least reviewed.</param>
/// <param name="Decline">A score at or above it is declined; not below <paramref name="Review"/>.</param>
public readonly record struct DecisionThresholds(float Review, float Decline)
{
    /// <summary>
    /// How far a model's output may lie outside 0 to 1 and still be the score at that end: float32 averages of probabilities,
    /// as of a random forest whose trees all agree, miss 1 by a few last digits.
    /// </summary>
    public const float RangeTolerance = 1e-5f;

    /// <summary>Decides from a score.</summary>
    /// <param name="score">From 0 to 1.</param>
    public Decision Decide(float score)
    {
        if (score >= Decline)
            return Decision.Decline;
        return score >= Review ? Decision.Review : Decision.Approve;
    }

    /// <summary>Takes a model's output for what it is: a score to decide from, or none, which <see cref="WithoutScore"/> decides.</summary>
    /// <param name="output">Any float32.</param>
    public Verdict Judge(float output)
    {
        if (float.IsNaN(output))
            return WithoutScore(ScoreFault.NotANumber);
        if (output is < -RangeTolerance or > 1 + RangeTolerance)
            return WithoutScore(ScoreFault.OutOfRange);
        var score = Math.Clamp(output, 0, 1);
        return new Verdict(score, Decide(score), ScoreFault.None);
    }

    /// <summary>The verdict on what the model could not judge: it must neither pass unseen nor be refused, so a person looks at it.</summary>
    /// <param name="fault">Why there is no score.</param>
    public Verdict WithoutScore(ScoreFault fault) => new(Review, Decision.Review, fault);
}
