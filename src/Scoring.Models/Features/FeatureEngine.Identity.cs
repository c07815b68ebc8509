using System.Runtime.InteropServices;
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
        if (Find(0, transaction) is not { Count: > 0 } card || time <= Math.Max(card.LostThrough, card.IncompleteThrough))
            return null;
        var (id, body) = (IdentityOf(transaction.UserId, transaction.CardId, transaction.TransactionId), BodyHash.Of(transaction));
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

    private ulong IdentityOf(ReadOnlySpan<byte> user, ReadOnlySpan<byte> card, ReadOnlySpan<byte> id) =>
        Hash64.Of(Hash64.Of(CardKey(user, card)), Hash64.Of(id));

    /// <summary>Takes note of the transaction's identity and body, and finds its card, whose key is hashed for both at once.</summary>
    private void Identify(in Transaction transaction)
    {
        var cardKey = CardKey(transaction.UserId, transaction.CardId);
        var cardHash = Hash64.Of(cardKey);
        facts.Id = Hash64.Of(cardHash, Hash64.Of(transaction.TransactionId));
        facts.Body = BodyHash.Of(transaction);
        found[0] = Live(tables[0]!, cardKey, cardHash);
    }

    /// <summary>Whether the card has seen the transaction's identity, and whether with another body than this one.</summary>
    private (bool Seen, bool Conflict) Recall(Entity card)
    {
        var from = Math.Max(card.Newest, facts.Time) - horizonMicros;
        var view = new EntityView(plan.Entities[0], card);
        var first = view.UpperBound(from);
        if (view.Ids[first..card.End].IndexOf(facts.Id) is >= 0 and var place)
            return (true, !IsBody(card.Bodies.At(first + place)));
        // No lambda: it would allocate for every transaction.
        foreach (var refused in CollectionsMarshal.AsSpan(card.Refused))
        {
            if (refused.Id == facts.Id && refused.Time > from)
                return (true, !IsBody(refused.Body));
        }

        return default;
    }

    // An unknown body, of before a horizon that was shorter, is taken for the same: refusing a repeat would lose more.
    private bool IsBody(ulong known) => known == 0 || known == facts.Body;

    private void RememberRefused(Entity card)
    {
        var from = card.Newest - horizonMicros;
        if (facts.Time <= from)
            return;
        var refused = card.Refused ??= [];
        refused.RemoveAll(r => r.Time <= from);
        if (refused.Count >= plan.Entities[0].MaxEvents)
            refused.RemoveAt(0);
        refused.Add(new RefusedEvent(facts.Time, facts.Id, facts.Body));
    }
}
