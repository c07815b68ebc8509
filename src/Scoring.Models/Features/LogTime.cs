namespace Scoring.Models.Features;

/// <summary>How far event time has come in one log. It moves only by the log's records.</summary>
/// <param name="WatermarkMicros">The newest event time of any record, in microseconds since 1970-01-01T00:00:00Z; <see cref="long.MinValue"/> before the first.</param>
/// <param name="PreviousMicros">That of the last record, in microseconds.</param>
/// <param name="ExpiryMicros">Up to when entities grow old, in microseconds.</param>
public readonly record struct LogTime(long WatermarkMicros, long PreviousMicros, long ExpiryMicros)
{
    // Low enough to be before every event, high enough that subtracting a duration cannot overflow.
    private const long BeforeAllTime = long.MinValue / 2;

    /// <summary>Before the first record.</summary>
    public static LogTime Start { get; } = new(long.MinValue, BeforeAllTime, BeforeAllTime);

    /// <summary>After an event.</summary>
    /// <param name="micros">Its time, in microseconds.</param>
    public LogTime After(long micros) => new(
        Math.Max(WatermarkMicros, micros),
        micros,
        // One record with a wrong time must not expire everything: what two records in a row agree on counts.
        Math.Max(ExpiryMicros, Math.Min(micros, PreviousMicros)));

    /// <summary>After a tick, which stands for an event that agrees with it.</summary>
    /// <param name="micros">The tick's time, in microseconds.</param>
    public LogTime AfterTick(long micros) => (this with { PreviousMicros = Math.Max(PreviousMicros, micros) }).After(micros);
}
