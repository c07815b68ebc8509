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
    /// Decides from a score. A score that is not a number is reviewed: it is below no threshold, and what
    /// the model could not judge must neither pass unseen nor be refused.
    /// </summary>
    /// <param name="score">The model's score.</param>
    public Decision Decide(float score)
    {
        if (score >= Decline)
            return Decision.Decline;
        return score < Review ? Decision.Approve : Decision.Review;
    }
}
