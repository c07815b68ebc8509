using System.Diagnostics.CodeAnalysis;
using Scoring.Actors.State;
using Scoring.Models.Wire;

namespace Scoring.Actors.Pipeline;

/// <summary>
/// The records of a shard's log that must never be applied: all from its checkpoint on, and so many of the older ones as
/// the store keeps. Owned by the shard's loop.
/// </summary>
internal sealed class QuarantineNotes
{
    private const int MaxReasonChars = 500;

    private readonly SortedDictionary<long, Rejection> rejections = [];

    /// <summary>From which offset on every record that was set aside is known.</summary>
    internal long KnownFrom { get; private set; }

    /// <summary>The note of a record, as the store keeps it: the reason's code, then the detail.</summary>
    /// <param name="offset">The record's offset.</param>
    /// <param name="rejection">Why it was set aside.</param>
    internal static QuarantinedRecord Note(long offset, Rejection rejection)
    {
        var text = $"{rejection.Reason.Code()} {rejection.Detail}".Replace('\0', ' ');
        return new QuarantinedRecord(offset, text.Length <= MaxReasonChars ? text : text[..MaxReasonChars]);
    }

    /// <summary>Takes over what the store has noted.</summary>
    /// <param name="records">The notes, by offset.</param>
    internal void Begin(IReadOnlyList<QuarantinedRecord> records)
    {
        rejections.Clear();
        foreach (var record in records)
            rejections[record.Offset] = Read(record.Reason);
        KnownFrom = records.Count < ShardSnapshot.MaxQuarantined ? 0 : records[0].Offset;
    }

    /// <summary>Adds a record; beyond as many as the store keeps, the oldest before the checkpoint goes.</summary>
    /// <param name="offset">Its offset.</param>
    /// <param name="rejection">Why it was set aside.</param>
    /// <param name="checkpoint">The offset of the shard's last durable checkpoint.</param>
    internal void Add(long offset, Rejection rejection, long checkpoint)
    {
        rejections[offset] = rejection;
        var oldest = rejections.First().Key;
        if (rejections.Count <= ShardSnapshot.MaxQuarantined || oldest >= checkpoint)
            return;
        rejections.Remove(oldest);
        KnownFrom = oldest + 1;
    }

    internal bool TryGet(long offset, [NotNullWhen(true)] out Rejection? rejection) => rejections.TryGetValue(offset, out rejection);

    internal bool Contains(long offset) => rejections.ContainsKey(offset);

    /// <summary>Whether a record before an offset was set aside.</summary>
    internal bool HasBefore(long offset) => KnownFrom > 0 || (rejections.Count > 0 && rejections.First().Key < offset);

    private static Rejection Read(string note)
    {
        var space = note.IndexOf(' ');
        return space > 0 && RejectReasons.TryParse(note[..space], out var reason)
            ? new Rejection(reason, note[(space + 1)..])
            : new Rejection(RejectReason.Poison, note);
    }
}
