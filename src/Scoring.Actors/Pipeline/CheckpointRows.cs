using System.Buffers;
using System.Collections;
using Scoring.Actors.State;

namespace Scoring.Actors.Pipeline;

/// <summary>
/// The entities of a checkpoint, written out one behind the other. They lie in blocks of memory that never grow or
/// move, so that a shard that writes them out between its batches is never held up by a copy of all that it has
/// written so far. The blocks are lent by the process's pool.
/// </summary>
internal sealed class CheckpointRows : IReadOnlyList<EntityWrite>
{
    private const int BlockBytes = 1 << 20;
    private const int BlockRows = 1 << 10;

    private readonly List<byte[]> bytes = [];
    private readonly List<EntityWrite[]> rows = [];
    private int bytesUsed;

    /// <inheritdoc/>
    public int Count { get; private set; }

    /// <inheritdoc/>
    public EntityWrite this[int index]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)Count);
            return rows[index / BlockRows][index % BlockRows];
        }
    }

    /// <inheritdoc/>
    public IEnumerator<EntityWrite> GetEnumerator()
    {
        for (var i = 0; i < Count; i++)
            yield return rows[i / BlockRows][i % BlockRows];
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>Adds an entity, as a <see cref="Scoring.Models.Features.FrozenEntityVisitor"/>.</summary>
    internal void Add(string kind, ReadOnlySpan<byte> key, ReadOnlySpan<byte> state, long newestMicros, bool watched)
    {
        if (Count == rows.Count * BlockRows)
            rows.Add(ArrayPool<EntityWrite>.Shared.Rent(BlockRows));
        rows[Count / BlockRows][Count % BlockRows] = new EntityWrite(kind, Copy(key), Copy(state), newestMicros, watched);
        Count++;
    }

    /// <summary>Gives the memory back. Nobody may hold any of it any more, a call of the store's that was given up included.</summary>
    internal void Return()
    {
        foreach (var block in bytes)
            ArrayPool<byte>.Shared.Return(block);
        foreach (var block in rows)
            ArrayPool<EntityWrite>.Shared.Return(block, clearArray: true);
        bytes.Clear();
        rows.Clear();
        Count = 0;
    }

    private ReadOnlyMemory<byte> Copy(ReadOnlySpan<byte> source)
    {
        if (bytes.Count == 0 || bytes[^1].Length - bytesUsed < source.Length)
        {
            bytes.Add(ArrayPool<byte>.Shared.Rent(Math.Max(BlockBytes, source.Length)));
            bytesUsed = 0;
        }

        var copy = bytes[^1].AsMemory(bytesUsed, source.Length);
        source.CopyTo(copy.Span);
        bytesUsed += source.Length;
        return copy;
    }
}
