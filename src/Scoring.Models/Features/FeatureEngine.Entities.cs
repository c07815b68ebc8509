using Scoring.Models.Features.State;
using Scoring.Models.Wire;

namespace Scoring.Models.Features;

public sealed partial class FeatureEngine
{
    /// <summary>How many kinds of entities the engine keeps: the most that one record touches.</summary>
    public int Kinds => tables.Count(t => t is not null);

    /// <summary>Whether an entity is in memory.</summary>
    /// <param name="kind">The entity's name in the feature set.</param>
    /// <param name="key">Its key.</param>
    /// <exception cref="ArgumentException">The engine keeps no such kind.</exception>
    public bool Holds(string kind, ReadOnlySpan<byte> key) => TableOf(kind).Find(key, Hash64.Of(key)) is not null;

    /// <summary>Whether an entity of a kind knows a repeated transaction by itself, as the first one of the set does for all.</summary>
    /// <param name="kind">The entity's name in the feature set.</param>
    public bool KnowsRepeats(string kind) => plan.Entities[0].Name == kind;

    /// <summary>Whether a transaction's card, as it is in memory, took it in, or one of the same id and another time.</summary>
    /// <param name="transaction">The transaction.</param>
    /// <returns>True if it took in this one, false if another; null if the card can't tell, because it holds neither or no longer holds what is as old.</returns>
    public bool? HasTaken(in Transaction transaction)
    {
        var time = transaction.EventTimeMicros;
        if (Find(0, transaction) is not { Count: > 0 } card || time <= Math.Max(card.LostThrough, card.IncompleteThrough))
            return null;
        var id = Hash64.Of(transaction.TransactionId);
        var view = new EntityView(plan.Entities[0], card);
        if (time < view.Times[card.Start])
            return null;
        bool? taken = null;
        for (var place = card.Start; place < card.End && taken != true; place++)
        {
            if (view.Ids[place] == id)
                taken = view.Times[place] == time;
        }

        foreach (var refused in card.Refused ?? [])
        {
            if (refused.Id == id)
                taken = taken == true || refused.Time == time;
        }

        return taken;
    }

    /// <summary>The time of an entity's newest event.</summary>
    /// <param name="kind">The entity's name in the feature set.</param>
    /// <param name="key">Its key.</param>
    /// <returns>Microseconds since 1970-01-01T00:00:00Z; <see cref="long.MinValue"/> if it is not in memory or has seen none.</returns>
    /// <exception cref="ArgumentException">The engine keeps no such kind.</exception>
    public long NewestMicros(string kind, ReadOnlySpan<byte> key) => TableOf(kind).Find(key, Hash64.Of(key))?.Newest ?? long.MinValue;
}
