using Scoring.Models.Features.State;
using Scoring.Models.Wire;

namespace Scoring.Models.Features;

/// <summary>
/// Which transactions were seen. One is known by its user, card and id together, in every entity: other cards, and the
/// same card in other hands, may have the same id. Its body tells a repeat from another payment that came under it.
/// </summary>
public sealed partial class FeatureEngine
{
    /// <summary>Whether an entity of a kind knows a repeated transaction by itself, as the first one of the set does for all.</summary>
    /// <param name="kind">The entity's name in the feature set.</param>
    public bool KnowsRepeats(string kind) => plan.Entities[0].Name == kind;

    /// <summary>Whether a transaction's card, as it is in memory, took it in, or another one of the same id.</summary>
    /// <param name="transaction">The transaction.</param>
    /// <returns>True if it took in this one, false if another; null if the card can't tell, because it holds neither or no longer holds what is as old.</returns>
    public bool? HasTaken(in Transaction transaction)
    {
        var time = transaction.EventTimeMicros;
        var cardKey = assembly.Keys.Card(transaction.UserId, transaction.CardId);
        var source = new TableSource(tables, sessions, marks.Time.ExpiryMicros);
        if (source.Find(0, cardKey, Hash64.Of(cardKey)) is not { Count: > 0 } card || time <= Math.Max(card.LostThrough, card.IncompleteThrough))
            return null;
        var (id, body) = (assembly.IdentityOf(transaction.UserId, transaction.CardId, transaction.TransactionId), BodyHash.Of(transaction));
        var view = new EntityView(plan.Entities[0], card);
        if (time < view.Times[card.Start])
            return null;
        bool? taken = null;
        for (var place = card.Start; place < card.End && taken != true; place++)
        {
            if (view.Ids[place] == id)
                taken = card.Bodies.At(place) is not 0 and var known ? known == body : view.Times[place] == time;
        }

        foreach (var refused in card.Refused ?? [])
        {
            if (refused.Id == id)
                taken = taken == true || refused.Body == body;
        }

        return taken;
    }
}
