using System.Text;
using Scoring.Actors.Messages;
using Scoring.Models.Wire;

namespace Scoring.Actors.Log;

/// <summary>What a record of the input log is.</summary>
public enum RecordKind : byte
{
    /// <summary>A card transaction.</summary>
    Transaction,

    /// <summary>A label.</summary>
    Label,

    /// <summary>An interaction of a user.</summary>
    Interaction,

    /// <summary>A tick, which moves a quiet shard's watermark.</summary>
    Tick,

    /// <summary>None of them: goes to the dead letters.</summary>
    Unknown,

    /// <summary>Relayed, but from where can't be read: goes to the dead letters.</summary>
    UnreadableOrigin,
}

/// <summary>How the log tells the kinds apart.</summary>
public static class RecordKindHeaders
{
    private static readonly byte[] Label = Encoding.ASCII.GetBytes(RecordKinds.Label);
    private static readonly byte[] Interaction = Encoding.ASCII.GetBytes(RecordKinds.Interaction);
    private static readonly byte[] Tick = Encoding.ASCII.GetBytes(RecordKinds.Tick);

    /// <summary>The value of the header <see cref="RecordHeaders.Kind"/>; null for a record that needs none.</summary>
    /// <param name="kind">The kind.</param>
    public static byte[]? Header(this RecordKind kind) => kind switch
    {
        RecordKind.Label => Label,
        RecordKind.Interaction => Interaction,
        RecordKind.Tick => Tick,
        _ => null,
    };
}

/// <summary>One record of the input log, as it came.</summary>
/// <param name="Offset">Its offset in its partition.</param>
/// <param name="Time">The log's own timestamp.</param>
/// <param name="Key">Its key; null is possible and wrong.</param>
/// <param name="Value">Its value; null is possible and wrong.</param>
/// <param name="Kind">What it is, from its header.</param>
/// <param name="TraceParent">Its W3C trace context; null where it has none.</param>
/// <param name="ReplyTo">Who waits for this record's score.</param>
/// <param name="ReceivedAt">When this process took it from the client, in the time provider's timestamp units.</param>
/// <param name="Origin">The record that a relay copied it from; null where its producer wrote it here.</param>
public readonly record struct InputRecord(
    long Offset,
    RecordTime Time,
    byte[]? Key,
    byte[]? Value,
    RecordKind Kind,
    byte[]? TraceParent,
    ReplyTo ReplyTo,
    long ReceivedAt,
    RecordOrigin? Origin = null);
