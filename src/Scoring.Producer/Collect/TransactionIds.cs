using System.Buffers.Text;

namespace Scoring.Producer.Collect;

/// <summary>Finds a sent transaction by its id. The caller serialises the calls.</summary>
public interface ITransactionIds
{
    /// <summary>Takes note of the id of the transaction with the given ordinal.</summary>
    /// <param name="id">The id in UTF-8.</param>
    /// <param name="ordinal">How many ids were added before it.</param>
    /// <returns>False if the id was added before; it keeps its first ordinal.</returns>
    bool TryAdd(ReadOnlySpan<byte> id, long ordinal);

    /// <summary>The ordinal of an id; -1 if it was never added.</summary>
    /// <param name="id">The id in UTF-8.</param>
    long Find(ReadOnlySpan<byte> id);
}

/// <summary>Ids that are a prefix and the ordinal: they need no memory, so a run may last for days.</summary>
/// <param name="prefix">What stands before the number, in UTF-8.</param>
public sealed class NumberedIds(byte[] prefix) : ITransactionIds
{
    private long count;

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The id is not the prefix and the ordinal.</exception>
    public bool TryAdd(ReadOnlySpan<byte> id, long ordinal)
    {
        if (ordinal < count)
            return false;
        if (!TryParse(id, out var number) || number != ordinal)
            throw new ArgumentException($"the id is not its prefix and {ordinal}", nameof(id));
        count = ordinal + 1;
        return true;
    }

    /// <inheritdoc/>
    public long Find(ReadOnlySpan<byte> id) => TryParse(id, out var number) && number < count ? number : -1;

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
/// Any ids, by a 64-bit hash: about 32 bytes an id. Among n ids two share a hash with a probability of
/// about n² / 2^65: one in a billion for 200,000 ids.
/// </summary>
public sealed class HashedIds : ITransactionIds
{
    private readonly Dictionary<ulong, long> ordinals = [];

    /// <inheritdoc/>
    public bool TryAdd(ReadOnlySpan<byte> id, long ordinal) => ordinals.TryAdd(Hash(id), ordinal);

    /// <inheritdoc/>
    public long Find(ReadOnlySpan<byte> id) => ordinals.TryGetValue(Hash(id), out var ordinal) ? ordinal : -1;

    // FNV-1a over 64 bits (Fowler, Noll and Vo), then MurmurHash3's finaliser, because FNV's high bits mix slowly.
    private static ulong Hash(ReadOnlySpan<byte> id)
    {
        var hash = 14_695_981_039_346_656_037UL;
        foreach (var b in id)
            hash = (hash ^ b) * 1_099_511_628_211UL;
        hash = (hash ^ (hash >> 33)) * 0xFF51AFD7ED558CCDUL;
        hash = (hash ^ (hash >> 33)) * 0xC4CEB9FE1A85EC53UL;
        return hash ^ (hash >> 33);
    }
}
