using System.Buffers.Text;

namespace Scoring.Producer.Collect;

/// <summary>What tells a transaction from all others: its id is its own among those of its user and card only.</summary>
/// <param name="userId">The user, else the card, in UTF-8.</param>
/// <param name="cardId">The card, in UTF-8.</param>
/// <param name="transactionId">The id, in UTF-8.</param>
public readonly ref struct TransactionIdentity(ReadOnlySpan<byte> userId, ReadOnlySpan<byte> cardId, ReadOnlySpan<byte> transactionId)
{
    /// <summary>The user, else the card, in UTF-8.</summary>
    public ReadOnlySpan<byte> UserId { get; } = userId;

    /// <summary>The card, in UTF-8.</summary>
    public ReadOnlySpan<byte> CardId { get; } = cardId;

    /// <summary>The id, in UTF-8.</summary>
    public ReadOnlySpan<byte> TransactionId { get; } = transactionId;
}

/// <summary>Finds a sent transaction by its identity. The caller serialises the calls.</summary>
public interface ITransactionIds
{
    /// <summary>Takes note of the identity of the transaction with the given ordinal.</summary>
    /// <param name="identity">The identity.</param>
    /// <param name="ordinal">How many were added before it.</param>
    /// <returns>False if it was added before; it keeps its first ordinal.</returns>
    bool TryAdd(in TransactionIdentity identity, long ordinal);

    /// <summary>The ordinal of an identity; -1 if it was never added.</summary>
    /// <param name="identity">The identity.</param>
    long Find(in TransactionIdentity identity);
}

/// <summary>
/// Ids that are a prefix and the ordinal, whoever's they are: they need no memory, so a run may last for days.
/// </summary>
/// <param name="prefix">What stands before the number, in UTF-8.</param>
public sealed class NumberedIds(byte[] prefix) : ITransactionIds
{
    private long count;

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The id is not the prefix and the ordinal.</exception>
    public bool TryAdd(in TransactionIdentity identity, long ordinal)
    {
        if (ordinal < count)
            return false;
        if (!TryParse(identity.TransactionId, out var number) || number != ordinal)
            throw new ArgumentException($"the id is not its prefix and {ordinal}", nameof(identity));
        count = ordinal + 1;
        return true;
    }

    /// <inheritdoc/>
    public long Find(in TransactionIdentity identity) => TryParse(identity.TransactionId, out var number) && number < count ? number : -1;

    private bool TryParse(ReadOnlySpan<byte> id, out long number)
    {
        number = 0;
        if (!id.StartsWith(prefix))
            return false;
        var digits = id[prefix.Length..];
        // A leading zero would give two texts one number.
        return digits.Length > 0 && (digits[0] != (byte)'0' || digits.Length == 1) && digits[0] != (byte)'-' && digits[0] != (byte)'+'
            && Utf8Parser.TryParse(digits, out number, out var read) && read == digits.Length;
    }
}

/// <summary>
/// Any ids, by a 64-bit hash of the whole identity: about 32 bytes each. Among n of them two share a hash with a
/// probability of about n² / 2^65: one in a billion for 200,000.
/// </summary>
public sealed class HashedIds : ITransactionIds
{
    private readonly Dictionary<ulong, long> ordinals = [];

    /// <inheritdoc/>
    public bool TryAdd(in TransactionIdentity identity, long ordinal) => ordinals.TryAdd(Hash(identity), ordinal);

    /// <inheritdoc/>
    public long Find(in TransactionIdentity identity) => ordinals.TryGetValue(Hash(identity), out var ordinal) ? ordinal : -1;

    // FNV-1a over 64 bits (Fowler, Noll and Vo), then MurmurHash3's finaliser, because FNV's high bits mix slowly.
    private static ulong Hash(in TransactionIdentity identity)
    {
        var hash = Append(14_695_981_039_346_656_037UL, identity.UserId);
        hash = Append(hash, identity.CardId);
        hash = Append(hash, identity.TransactionId);
        hash = (hash ^ (hash >> 33)) * 0xFF51AFD7ED558CCDUL;
        hash = (hash ^ (hash >> 33)) * 0xC4CEB9FE1A85EC53UL;
        return hash ^ (hash >> 33);
    }

    // Each text ends with a byte that stands in no UTF-8, so that no two identities are the same bytes.
    private static ulong Append(ulong hash, ReadOnlySpan<byte> text)
    {
        foreach (var b in text)
            hash = (hash ^ b) * 1_099_511_628_211UL;
        return (hash ^ 0xFF) * 1_099_511_628_211UL;
    }
}
