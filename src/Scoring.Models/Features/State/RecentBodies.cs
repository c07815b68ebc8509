using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Scoring.Models.Features.State;

/// <summary>
/// The hashes of the bodies of an entity's newest events, in the order of their places. Only as far back as repeats are
/// told, so an entity of a month holds those of a day; what is older goes when room is wanted.
/// </summary>
internal struct RecentBodies
{
    private ulong[]? hashes;

    // Its length, which stands here so that an event that comes last touches nothing of the array but its own place.
    private int capacity;

    // The place of the first; the place after the last event while there is none.
    private int start;

    /// <summary>Bytes on the heap, the object's header included.</summary>
    public readonly int Bytes => capacity == 0 ? 0 : 24 + (8 * capacity);

    /// <summary>The body of the event at the place; 0 if it is not known.</summary>
    public readonly ulong At(int place) => place < start ? 0 : hashes![place - start];

    /// <summary>Whether one more may be inserted.</summary>
    /// <param name="end">The place after the last event.</param>
    public readonly bool HasRoom(int end) => end - start < capacity;

    /// <summary>Lets those before a place go, and fits the room to the rest and one more.</summary>
    /// <param name="first">The place.</param>
    /// <param name="end">The place after the last event.</param>
    public void Fit(int first, int end)
    {
        first = Math.Max(first, start);
        var count = end - first;
        var fittingCapacity = CapacityFor(count);
        var fitting = fittingCapacity == capacity ? hashes! : new ulong[fittingCapacity];
        if (count > 0)
            Array.Copy(hashes!, first - start, fitting, 0, count);
        (hashes, capacity, start) = (fitting, fittingCapacity, first);
    }

    /// <summary>Takes over what was saved of the newest events.</summary>
    /// <param name="saved">Their hashes, 8 bytes each, little-endian, that of the last event last.</param>
    /// <param name="end">The place after the last event.</param>
    public void Restore(ReadOnlySpan<byte> saved, int end)
    {
        var count = saved.Length / 8;
        var room = count == 0 ? null : new ulong[CapacityFor(count)];
        for (var i = 0; i < count; i++)
            room![i] = BinaryPrimitives.ReadUInt64LittleEndian(saved[(8 * i)..]);
        // Together, since an insertion trusts the capacity.
        (hashes, capacity, start) = (room, room?.Length ?? 0, end - count);
    }

    /// <summary>Puts in the body of an event that comes to stand at a place; without room for any it stays unknown.</summary>
    /// <param name="place">The place.</param>
    /// <param name="end">The place after the last event before it came.</param>
    /// <param name="body">The body.</param>
    public void Insert(int place, int end, ulong body)
    {
        if (hashes is null || place < start)
        {
            start++;
            return;
        }

        var at = place - start;
        if (place < end)
            Array.Copy(hashes, at, hashes, at + 1, end - place);
        // The check is against the length that stands here: the array's own would have to be fetched first.
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)at, (uint)capacity, nameof(place));
        Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(hashes), at) = body;
    }

    /// <summary>Takes out the body of the event at a place.</summary>
    /// <param name="place">The place.</param>
    /// <param name="end">The place after the last event before it goes.</param>
    public void Delete(int place, int end)
    {
        if (place < start)
        {
            start--;
            return;
        }

        var at = place - start;
        Array.Copy(hashes!, at + 1, hashes!, at, end - place - 1);
    }

    /// <summary>All events come to stand further in front.</summary>
    /// <param name="by">By how many places; none of those has a body.</param>
    public void Shift(int by) => start -= by;

    // As for events: one that gains as many as it loses must not be copied each time, nor one of few after every other.
    private static int CapacityFor(int count) => Entity.CapacityFor(count + Math.Max(4, count / 16));
}
