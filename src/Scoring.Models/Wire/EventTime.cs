using System.Text;

namespace Scoring.Models.Wire;

/// <summary>Event times: microseconds since 1970-01-01T00:00:00Z, read from and written as ISO 8601.</summary>
public static class EventTime
{
    /// <summary>Microseconds in a second.</summary>
    public const long MicrosPerSecond = 1_000_000;

    /// <summary>Microseconds in a day of 86,400 s.</summary>
    public const long MicrosPerDay = 86_400 * MicrosPerSecond;

    /// <summary>The first time that an event may have, 1970-01-01T00:00:00Z.</summary>
    public const long MinMicros = 0;

    /// <summary>The last time that an event may have, the end of the year 9999.</summary>
    public const long MaxMicros = 253_402_300_800 * MicrosPerSecond - 1;

    /// <summary>The most bytes that a formatted time takes.</summary>
    public const int MaxFormattedBytes = 27;

    /// <summary>What is said of a time before <see cref="MinMicros"/> or after <see cref="MaxMicros"/>.</summary>
    internal const string OutOfRange = "lies outside the years 1970 to 9999";

    private const string Wanted = "ISO 8601 with an offset (2026-03-01T12:00:00.123Z)";
    private const long MicrosPerMilli = 1_000;

    /// <summary>What a time on the wire has to be, for messages.</summary>
    internal static string WantedOnTheWire => $"{Wanted} or epoch milliseconds";

    /// <summary>Whether an event may have this time.</summary>
    /// <param name="micros">Microseconds since 1970-01-01T00:00:00Z.</param>
    public static bool IsInRange(long micros) => micros is >= MinMicros and <= MaxMicros;

    /// <summary>
    /// Reads a date and time with its offset (<c>2026-03-01T12:00:00.123Z</c>, <c>…+02:00</c>), as
    /// <see cref="IsoTime.Read"/> does. A text without an offset is refused: taken in the wrong zone it would shift
    /// every window without a trace.
    /// </summary>
    /// <param name="text">ASCII text.</param>
    /// <param name="micros">Microseconds since 1970-01-01T00:00:00Z; 0 where the text is refused.</param>
    public static bool TryParse(ReadOnlySpan<byte> text, out long micros) => Read(text, out micros) is null;

    /// <summary>Reads a date and time with its offset and says what is wrong with one that it refuses.</summary>
    /// <param name="text">ASCII text.</param>
    /// <param name="micros">Microseconds since 1970-01-01T00:00:00Z; 0 where the text is refused.</param>
    /// <returns>Null if it was read; else what is wrong, to stand behind the field's name.</returns>
    public static string? Read(ReadOnlySpan<byte> text, out long micros)
    {
        micros = 0;
        if (IsoTime.Read(text, out var time) is { } wrong)
            return wrong;
        if (!time.HasTimeOfDay)
            return "has no time of day";
        if (time.OffsetMicros is not { } offset)
            return "has no offset from UTC (Z or +02:00)";
        if (!IsInRange(time.LocalMicros - offset))
            return OutOfRange;
        micros = time.LocalMicros - offset;
        return null;
    }

    /// <summary>Reads epoch milliseconds and says what is wrong with a number that it refuses.</summary>
    /// <param name="millis">Milliseconds since 1970-01-01T00:00:00Z.</param>
    /// <param name="micros">The same in microseconds; 0 where the number is refused.</param>
    /// <returns>Null if it is a time; else what is wrong, to stand behind the field's name.</returns>
    public static string? ReadMillis(long millis, out long micros)
    {
        micros = 0;
        if (millis < MinMicros / MicrosPerMilli)
            return "lies before 1970";
        if (millis > MaxMicros / MicrosPerMilli)
            return "lies after the year 9999 as milliseconds (are they microseconds?)";
        micros = millis * MicrosPerMilli;
        return null;
    }

    /// <summary>A time so much later, or earlier, and never outside <see cref="MinMicros"/> to <see cref="MaxMicros"/>.</summary>
    /// <param name="micros">The time; a value outside the range counts as the range's nearer end.</param>
    /// <param name="by">How much later; negative for earlier.</param>
    public static long Add(long micros, TimeSpan by)
    {
        // Both are at most 63 bits divided by ten and the range's end: their sum fits.
        var sum = Math.Clamp(micros, MinMicros, MaxMicros) + (by.Ticks / TimeSpan.TicksPerMicrosecond);
        return Math.Clamp(sum, MinMicros, MaxMicros);
    }

    /// <summary>A clock's time as events tell theirs.</summary>
    /// <param name="clock">The clock's time.</param>
    /// <returns>Microseconds since 1970-01-01T00:00:00Z; negative before.</returns>
    public static long Of(DateTimeOffset clock) => (clock.UtcTicks - DateTime.UnixEpoch.Ticks) / TimeSpan.TicksPerMicrosecond;

    /// <summary>Writes a time as ISO 8601 in UTC, with milliseconds, or microseconds where it has them.</summary>
    /// <param name="micros">Microseconds since 1970-01-01T00:00:00Z, in <see cref="MinMicros"/> to <see cref="MaxMicros"/>.</param>
    /// <param name="destination">At least <see cref="MaxFormattedBytes"/> bytes.</param>
    /// <returns>The bytes written.</returns>
    public static int Format(long micros, Span<byte> destination)
    {
        var time = DateTime.UnixEpoch.AddTicks(micros * TimeSpan.TicksPerMicrosecond);
        var format = micros % 1000 == 0 ? "yyyy-MM-ddTHH:mm:ss.fffZ" : "yyyy-MM-ddTHH:mm:ss.ffffffZ";
        if (!time.TryFormat(destination, out var written, format))
            throw new ArgumentException($"{destination.Length} bytes are too few for a time; {MaxFormattedBytes} are enough", nameof(destination));
        return written;
    }

    /// <summary>Writes a time as ISO 8601 in UTC.</summary>
    /// <param name="micros">Microseconds since 1970-01-01T00:00:00Z, in <see cref="MinMicros"/> to <see cref="MaxMicros"/>.</param>
    public static string Format(long micros)
    {
        Span<byte> buffer = stackalloc byte[MaxFormattedBytes];
        return Encoding.ASCII.GetString(buffer[..Format(micros, buffer)]);
    }
}
