using Akka.Actor;
using Scoring.Models.Features;

namespace Scoring.Actors.Cardholders;

// Between an owner and its cardholders, who are its children: none of these ever leaves the process.

/// <summary>The first message to a cardholder: who it is.</summary>
/// <param name="Key">The user's id in UTF-8: the card's own where it is its own user.</param>
/// <param name="IsStored">Whether the store may hold a row of it, so that it has to be asked.</param>
public sealed record BeginCardholder(byte[] Key, bool IsStored) : INoSerializationVerificationNeeded
{
    /// <summary>Offsets below the place where it is read that were set aside from it: a row that does not say so is passed over.</summary>
    public IReadOnlyList<long> SetAside { get; init; } = [];

    /// <summary>The offset from which it begins anew, empty and incomplete; null where it does not.</summary>
    public long? SickFrom { get; init; }

    /// <summary>The watermark, for a cardholder that has lost its state, in microseconds since 1970-01-01T00:00:00Z.</summary>
    public long WatermarkMicros { get; init; }
}

/// <summary>
/// A checkpoint's barrier: a cardholder that gets it writes its state down as it is, which is exactly before the checkpoint's offset,
/// and sends the message back.
/// </summary>
/// <param name="Subject">What the owner knows the cardholder by.</param>
/// <param name="Checkpoint">The offset.</param>
/// <param name="ExpiryMicros">Up to when cards have grown old there, in microseconds since 1970-01-01T00:00:00Z; they are not written any more.</param>
/// <param name="SetAside">Offsets of records that were set aside from it.</param>
public sealed record CheckpointBarrier(object Subject, long Checkpoint, long ExpiryMicros, IReadOnlyList<long> SetAside) : INoSerializationVerificationNeeded
{
    /// <summary>The row that the cardholder has written.</summary>
    public byte[] Row { get; internal set; } = [];
}

/// <summary>
/// Tells a cardholder that a record, of whichever cardholder, has moved the watermark past the end of a session of its own. Stands in its
/// mailbox between the neighbours of that record.
/// </summary>
/// <param name="Batch">The batch of the record, which waits for the answer.</param>
/// <param name="Row">Which record of it.</param>
/// <param name="Offset">The record's offset.</param>
/// <param name="WatermarkMicros">The watermark after it, in microseconds since 1970-01-01T00:00:00Z.</param>
/// <param name="KeyHash">The hash of the cardholder's key: by it the reports of one record have an order.</param>
public sealed record CloseSessions(ICardholderBatch Batch, int Row, long Offset, long WatermarkMicros, ulong KeyHash) : INoSerializationVerificationNeeded
{
    /// <summary>When the first of the sessions ended, in microseconds since 1970-01-01T00:00:00Z.</summary>
    public long DueMicros { get; internal set; }

    /// <summary>The sessions that were closed; mostly none or one.</summary>
    public IReadOnlyList<SessionClosed> Sessions { get; internal set; } = [];

    /// <summary>Bytes of the cardholder in memory.</summary>
    public long Bytes { get; internal set; }

    /// <summary>Events that it holds.</summary>
    public int Events { get; internal set; }

    /// <summary>The time of its newest event, in microseconds since 1970-01-01T00:00:00Z; <see cref="long.MinValue"/> if it holds none.</summary>
    public long NewestMicros { get; internal set; } = long.MinValue;

    /// <summary>Why they could not be; null if they could.</summary>
    public Exception? Failure { get; internal set; }
}

/// <summary>Asks a cardholder for a card's features; answered by <see cref="CardholderRead"/> to the sender.</summary>
/// <param name="CardId">The card, in UTF-8.</param>
/// <param name="ExpiryMicros">Up to when entities have grown old, in microseconds since 1970-01-01T00:00:00Z.</param>
/// <param name="Asked">What the asker knows the question by.</param>
public sealed record ReadCardholder(byte[] CardId, long ExpiryMicros, object Asked) : INoSerializationVerificationNeeded;

/// <summary>A card's features.</summary>
/// <param name="Asked">What the asker knows the question by.</param>
/// <param name="Key">The cardholder.</param>
/// <param name="AsOfMicros">The newest event of the card or its user, in microseconds since 1970-01-01T00:00:00Z.</param>
/// <param name="Features">The vector; null if the card is not known.</param>
public sealed record CardholderRead(object Asked, byte[] Key, long AsOfMicros, double[]? Features) : INoSerializationVerificationNeeded;

/// <summary>Tells the owner that a cardholder's row could not be loaded, for now; the owner says when to try again by sending it back.</summary>
/// <param name="Why">Why.</param>
public sealed record LoadFailed(string Why) : INoSerializationVerificationNeeded;

/// <summary>
/// Tells the owner that the store has no row of a cardholder. A later owner may have deleted the one that this owner would have to
/// begin with, so it holds only if the owner still is one: the owner sends it back once it knows that.
/// </summary>
public sealed record NothingStored : INoSerializationVerificationNeeded
{
    /// <summary>The message.</summary>
    public static NothingStored Instance { get; } = new();
}

/// <summary>Tells the owner that a cardholder can't go on though no record is to blame.</summary>
/// <param name="Key">Its key.</param>
/// <param name="Cause">Why.</param>
public sealed record CardholderFailed(byte[] Key, Exception Cause) : INoSerializationVerificationNeeded;

/// <summary>Tells the owner that its partition can't go on.</summary>
/// <param name="Code">What is wrong, as <see cref="Messages.WentDown"/> has it.</param>
/// <param name="Why">The same for a person.</param>
public sealed record StateUnreadable(string Code, string Why) : INoSerializationVerificationNeeded;

/// <summary>Tells the owner that a cardholder has lost its state, which was damaged, and began anew.</summary>
/// <param name="Number">The number of the damaged row.</param>
/// <param name="Why">What is wrong with it.</param>
public sealed record StateLost(long Number, string Why) : INoSerializationVerificationNeeded;
