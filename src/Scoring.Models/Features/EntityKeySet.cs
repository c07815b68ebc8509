using System.Collections;
using Scoring.Models.Wire;

namespace Scoring.Models.Features;

/// <summary>
/// Entities by kind and key, each once, in the order in which they were added. Keeps its own copies of the keys and
/// its memory when cleared, so filling it again allocates nothing. The keys that it gives out are valid until
/// <see cref="Clear"/>.
/// </summary>
public sealed class EntityKeySet : IReadOnlyList<(string Kind, ReadOnlyMemory<byte> Key)>
{
    private readonly List<Entry> entries = [];
    private byte[] keys = [];
    private int[] index = [];
    private int used;

    /// <summary>How many entities.</summary>
    public int Count => entries.Count;

    /// <summary>The entity that was added at this place.</summary>
    /// <param name="index">The place, from 0.</param>
    public (string Kind, ReadOnlyMemory<byte> Key) this[int index] => (entries[index].Kind, entries[index].Key);

    /// <summary>Adds an entity.</summary>
    /// <param name="kind">Its name in the feature set.</param>
    /// <param name="key">Its key, which is copied.</param>
    /// <returns>False if it was there.</returns>
    public bool Add(string kind, ReadOnlySpan<byte> key)
    {
        ArgumentNullException.ThrowIfNull(kind);
        return Add(kind, key, Hash64.Of(key));
    }

    /// <summary>Removes all entities.</summary>
    public void Clear()
    {
        entries.Clear();
        Array.Clear(index);
        used = 0;
    }

    /// <inheritdoc/>
    public IEnumerator<(string Kind, ReadOnlyMemory<byte> Key)> GetEnumerator()
    {
        foreach (var entry in entries)
            yield return (entry.Kind, entry.Key);
    }

    /// <inheritdoc/>
    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    internal bool Add(string kind, ReadOnlySpan<byte> key, ulong hash)
    {
        if ((entries.Count + 1) * 2 > index.Length)
            Grow();
        var place = Probe(kind, key, hash);
        if (index[place] != 0)
            return false;
        entries.Add(new Entry(kind, Copy(key), hash));
        index[place] = entries.Count;
        return true;
    }

    private int Probe(string kind, ReadOnlySpan<byte> key, ulong hash)
    {
        var place = (int)hash & (index.Length - 1);
        while (index[place] is not 0 and var at && !entries[at - 1].Is(kind, key, hash))
            place = (place + 1) & (index.Length - 1);
        return place;
    }

    private void Grow()
    {
        index = new int[Math.Max(16, 2 * index.Length)];
        for (var i = 0; i < entries.Count; i++)
            index[Probe(entries[i].Kind, entries[i].Key.Span, entries[i].Hash)] = i + 1;
    }

    // A full array is left to the keys that lie in it; the next is longer.
    private ReadOnlyMemory<byte> Copy(ReadOnlySpan<byte> key)
    {
        if (used + key.Length > keys.Length)
        {
            keys = new byte[Math.Max(2 * keys.Length, Math.Max(1024, key.Length))];
            used = 0;
        }

        key.CopyTo(keys.AsSpan(used));
        used += key.Length;
        return keys.AsMemory(used - key.Length, key.Length);
    }

    private readonly record struct Entry(string Kind, ReadOnlyMemory<byte> Key, ulong Hash)
    {
        public bool Is(string kind, ReadOnlySpan<byte> key, ulong hash) => Hash == hash && Kind == kind && Key.Span.SequenceEqual(key);
    }
}
