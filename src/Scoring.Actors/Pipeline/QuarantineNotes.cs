using System.Diagnostics.CodeAnalysis;
using Scoring.Actors.State;

namespace Scoring.Actors.Pipeline;

/// <summary>
/// The records of a shard's log that must never be applied: all from its checkpoint on, and so many of the older ones as
/// the store keeps. Owned by the shard's loop.
/// </summary>
internal sealed class QuarantineNotes
{
    private readonly SortedDictionary<long, string> reasons = [];

    /// <summary>From which offset on every record that was set aside is known.</summary>
    internal long KnownFrom { get; private set; }

    /// <summary>Takes over what the store has noted.</summary>
    /// <param name="offsets">The records' offsets, in order.</param>
    internal void Begin(IReadOnlyList<long> offsets)
    {
        reasons.Clear();
        foreach (var offset in offsets)
            reasons[offset] = "quarantined by an earlier owner of the shard, whose note says why";
        KnownFrom = offsets.Count < ShardSnapshot.MaxQuarantined ? 0 : offsets[0];
    }

    /// <summary>Adds a record; beyond as many as the store keeps, the oldest before the checkpoint goes.</summary>
    /// <param name="offset">Its offset.</param>
    /// <param name="reason">Why it was set aside.</param>
    /// <param name="checkpoint">The offset of the shard's last durable checkpoint.</param>
    internal void Add(long offset, string reason, long checkpoint)
    {
        reasons[offset] = reason;
        var oldest = reasons.First().Key;
        if (reasons.Count <= ShardSnapshot.MaxQuarantined || oldest >= checkpoint)
            return;
        reasons.Remove(oldest);
        KnownFrom = oldest + 1;
    }

    internal bool TryGet(long offset, [NotNullWhen(true)] out string? reason) => reasons.TryGetValue(offset, out reason);

    internal bool Contains(long offset) => reasons.ContainsKey(offset);

    /// <summary>Whether a record before an offset was set aside.</summary>
    internal bool HasBefore(long offset) => KnownFrom > 0 || (reasons.Count > 0 && reasons.First().Key < offset);
}
