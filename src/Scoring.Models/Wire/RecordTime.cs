using System.Globalization;

namespace Scoring.Models.Wire;

/// <summary>
/// A record's own timestamp, as its log tells it: none, the producer's clock, the broker's clock as it appended the
/// record (<c>message.timestamp.type=LogAppendTime</c>), or a number that is no time, as of a producer that writes
/// microseconds. Making one never fails, whatever the number.
/// </summary>
public readonly record struct RecordTime
{
    private const long None = -1;
    private const long MicrosPerMilli = 1_000;

    private readonly long millis;
    private readonly State state;

    private RecordTime(long millis, State state)
    {
        this.millis = millis;
        this.state = state;
    }

    private enum State : byte
    {
        Absent,
        Created,
        Appended,
        Unreadable,
    }

    /// <summary>Whether the record has a timestamp that is a time.</summary>
    public bool IsKnown => state is State.Created or State.Appended;

    /// <summary>Whether it is the broker's clock: the same for every reader, and no producer's to set.</summary>
    public bool IsAppendTime => state == State.Appended;

    /// <summary>Microseconds since 1970-01-01T00:00:00Z, in the range of event times; 0 unless <see cref="IsKnown"/>.</summary>
    public long Micros => IsKnown ? millis * MicrosPerMilli : 0;

    /// <summary>Why the record can't be used; null unless its timestamp is a number that is no time.</summary>
    public Rejection? Problem => state != State.Unreadable
        ? null
        : new Rejection(
            RejectReason.UnreadableRecordTime,
            string.Create(CultureInfo.InvariantCulture, $"the record's own timestamp {millis} {(millis < 0 ? "lies before 1970" : "lies after the year 9999")} as milliseconds since 1970; a producer that sets it writes milliseconds, or -1 for none"));

    /// <summary>Takes a log's timestamp.</summary>
    /// <param name="millis">Milliseconds since 1970-01-01T00:00:00Z; -1 for none.</param>
    /// <param name="isAppendTime">Whether the broker set it as it appended the record.</param>
    public static RecordTime OfMillis(long millis, bool isAppendTime = false)
    {
        if (millis == None)
            return default;
        if (millis is < EventTime.MinMicros / MicrosPerMilli or > EventTime.MaxMicros / MicrosPerMilli)
            return new RecordTime(millis, State.Unreadable);
        return new RecordTime(millis, isAppendTime ? State.Appended : State.Created);
    }
}
