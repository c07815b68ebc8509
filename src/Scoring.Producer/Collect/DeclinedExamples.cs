using System.Text;
using Scoring.Models.Wire;

namespace Scoring.Producer.Collect;

/// <summary>A transaction that was declined, as an example for people.</summary>
/// <param name="TransactionId">Its id.</param>
/// <param name="CardId">Its card.</param>
/// <param name="Score">From 0 to 1.</param>
/// <param name="Reasons">Why it was declined, as codes.</param>
public sealed record DeclinedExample(string TransactionId, string CardId, double Score, IReadOnlyList<string> Reasons);

/// <summary>Keeps the few declined transactions with the highest scores, of different cards. Owned by one thread until it is read.</summary>
internal sealed class DeclinedExamples
{
    private const int Most = 5;

    private readonly List<DeclinedExample> examples = [];

    public IReadOnlyList<DeclinedExample> Items => examples;

    public void Offer(in ScoreView score, ReadOnlySpan<byte> value)
    {
        if (score.Decision != Decision.Decline || (examples.Count == Most && !(score.Score > examples[^1].Score)))
            return;
        var card = Encoding.UTF8.GetString(score.Identity.CardId);
        var same = examples.FindIndex(e => e.CardId == card);
        if (same >= 0 && examples[same].Score >= score.Score)
            return;
        if (same >= 0)
            examples.RemoveAt(same);
        else if (examples.Count == Most)
            examples.RemoveAt(Most - 1);
        examples.Add(new DeclinedExample(Encoding.UTF8.GetString(score.Identity.TransactionId), card, score.Score, score.Reasons(value)));
        examples.Sort((a, b) => b.Score.CompareTo(a.Score));
    }
}
