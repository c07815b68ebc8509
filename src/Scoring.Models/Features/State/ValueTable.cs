namespace Scoring.Models.Features.State;

/// <summary>
/// The different values that one field has among an entity's held events, each with how many held events and
/// how many events of each window have it. Events refer to a value by its code, so a value's text is hashed
/// once and stored once. Few values are searched in a row, many by an index.
/// </summary>
internal sealed class ValueTable
{
    // Up to here a search in a row takes less than a cache miss, and an index would cost half as much again.
    private const int SearchedInARow = 64;

    private readonly int stride;
    private ulong[] words;
    private ushort[]? index;
    private int used;
    private int free;
    private int live;

    /// <param name="counters">Windows that count the values.</param>
    public ValueTable(int counters)
    {
        // A value: its hash, then 16 bits for its events and for each counter. A free one: 0, then the next free code.
        stride = 1 + ((1 + counters + 3) / 4);
        words = new ulong[stride];
    }

    /// <summary>Bytes on the heap, headers included.</summary>
    public int Bytes => 48 + 24 + (8 * words.Length) + (index is null ? 0 : 24 + (2 * index.Length));

    /// <summary>Whether so many values left that <see cref="Shrink"/> is worth its copy.</summary>
    public bool IsLoose => live + 1 <= words.Length / stride * 3 / 4 && Fitting < words.Length / stride;

    // Room for two more, so that a value which comes and goes does not make the table grow and shrink in turn.
    private int Fitting => (live + 2 + 3) / 4 * 4;

    /// <summary>Makes room for one more value, so that <see cref="Hold"/> does not allocate.</summary>
    /// <returns>Whether it grew.</returns>
    public bool Reserve()
    {
        var capacity = words.Length / stride;
        if (free != 0 || used < capacity)
            return false;
        Array.Resize(ref words, stride * Math.Min(ushort.MaxValue, capacity + Math.Max(Math.Min(capacity, 4), capacity / 8)));
        capacity = words.Length / stride;
        if (capacity > SearchedInARow && (index is null || index.Length < 2 * capacity))
            BuildIndex(3 * capacity);
        return true;
    }

    /// <summary>Gives the values the lowest codes and gives back the room of those that left.</summary>
    /// <param name="codes">The codes of all held events, to be replaced by the new ones; 0 stays 0.</param>
    public void Shrink(Span<ushort> codes)
    {
        var old = words;
        words = new ulong[stride * Fitting];
        var code = 0;
        for (var at = 0; at < used * stride; at += stride)
        {
            if (old[at] == 0)
                continue;
            old.AsSpan(at, stride).CopyTo(words.AsSpan(code * stride));

            // The old array now tells each old code's new one.
            old[at] = (ulong)++code;
        }

        foreach (ref var held in codes)
            held = held == 0 ? held : (ushort)old[(held - 1) * stride];
        used = code;
        free = 0;
        index = null;
        if (Fitting > SearchedInARow)
            BuildIndex(3 * Fitting);
    }

    /// <summary>The code of the value, 1 and up; 0 if no held event has it.</summary>
    public int Find(ulong hash)
    {
        if (index is not null)
            return index[Probe(hash)];
        for (var code = 1; code <= used; code++)
        {
            if (words[(code - 1) * stride] == hash)
                return code;
        }

        return 0;
    }

    /// <summary>Notes one more held event with the value and returns the value's code.</summary>
    public int Hold(ulong hash)
    {
        var code = Find(hash);
        if (code == 0)
        {
            Reserve();
            code = free;
            if (code != 0)
                free = (int)words[((code - 1) * stride) + 1];
            else
                code = ++used;
            words.AsSpan((code - 1) * stride, stride).Clear();
            words[(code - 1) * stride] = hash;
            live++;
            if (index is not null)
                index[Probe(hash)] = (ushort)code;
        }

        Counter(code, 0)++;
        return code;
    }

    /// <summary>Notes that an event with the value is no longer held.</summary>
    public void Release(int code)
    {
        if (--Counter(code, 0) != 0)
            return;
        live--;
        if (index is not null)
            RemoveFromIndex(words[(code - 1) * stride]);
        words[(code - 1) * stride] = 0;
        words[((code - 1) * stride) + 1] = (ulong)free;
        free = code;
    }

    public ulong HashOf(int code) => words[(code - 1) * stride];

    /// <summary>How many events of the window that owns the counter have the value.</summary>
    public int Count(int code, int counter) => Counter(code, counter + 1);

    /// <summary>Adds an event; true if it is the first with its value.</summary>
    public bool Increment(int code, int counter) => ++Counter(code, counter + 1) == 1;

    /// <summary>Removes an event; true if it was the last with its value.</summary>
    public bool Decrement(int code, int counter) => --Counter(code, counter + 1) == 0;

    private ref ushort Counter(int code, int counter) =>
        ref System.Runtime.InteropServices.MemoryMarshal.Cast<ulong, ushort>(words.AsSpan(((code - 1) * stride) + 1, stride - 1))[counter];

    private int Probe(ulong hash)
    {
        var mask = index!.Length - 1;
        var place = (int)hash & mask;
        while (index[place] != 0 && HashOf(index[place]) != hash)
            place = (place + 1) & mask;
        return place;
    }

    private void BuildIndex(int atLeast)
    {
        index = new ushort[(int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)atLeast)];
        for (var code = 1; code <= used; code++)
        {
            if (HashOf(code) != 0)
                index[Probe(HashOf(code))] = (ushort)code;
        }
    }

    // Linear probing without tombstones: whatever follows the gap and may move into it does (Knuth, 6.4, algorithm R).
    private void RemoveFromIndex(ulong hash)
    {
        var mask = index!.Length - 1;
        var gap = Probe(hash);
        for (var next = (gap + 1) & mask; index[next] != 0; next = (next + 1) & mask)
        {
            var home = (int)HashOf(index[next]) & mask;
            if (((next - home) & mask) < ((next - gap) & mask))
                continue;
            index[gap] = index[next];
            gap = next;
        }

        index[gap] = 0;
    }
}
