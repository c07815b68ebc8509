using Akka.Actor;
using Scoring.Actors.Entities;
using Scoring.Models.Features;

namespace Scoring.Actors.Cardholders;

/// <summary>The batch that a row belongs to.</summary>
public interface ICardholderBatch
{
    /// <summary>Room for the features of a row; only the row's cardholder writes there.</summary>
    /// <param name="vector">The place that the owner gave it.</param>
    Span<double> Vector(int vector);

    /// <summary>A row, or the close of sessions, is answered. Any thread.</summary>
    void Answered();
}

/// <summary>
/// One record on its way to its cardholder and back: the message and the place of the answer at once, so that a record needs neither
/// for itself. The owner fills it in and sends it; from then on it is the cardholder's, until its batch hears that it is answered.
/// </summary>
/// <param name="batch">The batch that it belongs to for good.</param>
public sealed class CardholderRow(ICardholderBatch batch) : INoSerializationVerificationNeeded
{
    private DecodedRecord decoded;
    private RecordMarks marks;

    /// <summary>The record.</summary>
    public ref DecodedRecord Decoded => ref decoded;

    /// <summary>Where it lies, and the log's marks as of it.</summary>
    public ref RecordMarks Marks => ref marks;

    /// <summary>The place of its features in the batch; -1 where nobody wants them, as in a replay.</summary>
    public int Vector { get; set; } = -1;

    /// <summary>Whether what it causes is emitted.</summary>
    public bool IsLive { get; set; }

    /// <summary>What became of it.</summary>
    public EntityOutcome Outcome { get; set; }

    /// <summary>Whether an entity refused to insert it.</summary>
    public bool IsLate { get; set; }

    /// <summary>What was missing and why, as codes.</summary>
    public IReadOnlyList<string> Degraded { get; set; } = [];

    /// <summary>Sessions that it corrected by itself.</summary>
    public IReadOnlyList<SessionClosed> Sessions { get; set; } = [];

    /// <summary>Why it could not be applied; null if it was.</summary>
    public Exception? Failure { get; set; }

    /// <summary>Bytes of the cardholder in memory, after it.</summary>
    public long Bytes { get; set; }

    /// <summary>Events that the cardholder holds, after it.</summary>
    public int Events { get; set; }

    /// <summary>The time of the cardholder's newest event after it, in microseconds since 1970-01-01T00:00:00Z.</summary>
    public long NewestMicros { get; set; }

    /// <summary>When the first of the cardholder's open sessions ends, after it, in microseconds since 1970-01-01T00:00:00Z; <see cref="long.MaxValue"/> if none is open.</summary>
    public long NextDueMicros { get; set; }

    /// <summary>When all of its open sessions end, if they are several; else empty.</summary>
    public IReadOnlyList<long> Dues { get; set; } = [];

    /// <summary>Makes it empty for another record.</summary>
    public void Clear()
    {
        decoded = default;
        marks = default;
        Vector = -1;
        Outcome = EntityOutcome.Ignored;
        IsLate = false;
        Degraded = [];
        Sessions = [];
        Dues = [];
        Failure = null;
    }

    internal Span<double> Features(CardholderDesk desk) => Vector < 0 ? desk.Unread : batch.Vector(Vector);

    internal void Answered() => batch.Answered();
}
