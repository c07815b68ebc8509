using Scoring.Models.Features.Plan;
using Scoring.Models.Wire;

namespace Scoring.Models.Features.State;

/// <summary>
/// The keys of a record's entities. A card is keyed by its user and itself; 0xFF stands in no UTF-8 text, so no two pairs
/// share a key. What a method returns is valid until the next call.
/// </summary>
internal sealed class EntityKeys
{
    private byte[] buffer = new byte[256];

    /// <summary>A card's key.</summary>
    public ReadOnlySpan<byte> Card(ReadOnlySpan<byte> user, ReadOnlySpan<byte> card)
    {
        var length = user.Length + 1 + card.Length;
        if (buffer.Length < length)
            buffer = new byte[2 * length];
        user.CopyTo(buffer);
        buffer[user.Length] = 0xFF;
        card.CopyTo(buffer.AsSpan(user.Length + 1));
        return buffer.AsSpan(0, length);
    }

    /// <summary>The key of a transaction's entity; empty where it has none.</summary>
    public ReadOnlySpan<byte> Of(EntityPlan plan, in Transaction transaction) => plan.Key switch
    {
        TransactionField.CardId => Card(transaction.UserId, transaction.CardId),
        TransactionField.UserId => transaction.UserId,
        var field => transaction.Field(field),
    };

    /// <summary>The key of a card or user.</summary>
    public ReadOnlySpan<byte> Local(EntityPlan plan, ReadOnlySpan<byte> user, ReadOnlySpan<byte> card) => plan.IsCard ? Card(user, card) : user;
}
