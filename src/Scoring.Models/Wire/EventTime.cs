namespace Scoring.Models.Wire;

/// <summary>Event times: microseconds since 1970-01-01T00:00:00Z, read from and written as ISO 8601.</summary>
public static class EventTime
{
    /// <summary>Microseconds in a second.</summary>
    public const long MicrosPerSecond = 1_000_000;

    /// <summary>Microseconds in a day of 86,400 s.</summary>
    public const long MicrosPerDay = 86_400 * MicrosPerSecond;

    /// <summary>The last time that is readable, the end of the year 9999.</summary>
    public const long MaxMicros = 253_402_300_800 * MicrosPerSecond - 1;

    /// <summary>The most bytes that a formatted time takes.</summary>
    public const int MaxFormattedBytes = 27;

    /// <summary>
    /// Reads a date and time with its offset (<c>2026-03-01T12:00:00.123Z</c>, <c>…+02:00</c>). A text without
    /// an offset is not readable: taken in the wrong zone it would shift every window without a trace.
    /// Seconds and their fraction may be left out; digits finer than a microsecond are cut off.
    /// </summary>
    /// <param name="text">ASCII text.</param>
    /// <param name="micros">Microseconds since 1970-01-01T00:00:00Z.</param>
    public static bool TryParse(ReadOnlySpan<byte> text, out long micros)
    {
        micros = 0;
        if (text.Length < 17
            || !TryDigits(text, 0, 4, out var year) || text[4] != '-'
            || !TryDigits(text, 5, 2, out var month) || text[7] != '-'
            || !TryDigits(text, 8, 2, out var day) || text[10] is not ((byte)'T' or (byte)'t' or (byte)' ')
            || !TryDigits(text, 11, 2, out var hour) || text[13] != ':'
            || !TryDigits(text, 14, 2, out var minute))
            return false;

        var at = 16;
        var second = 0;
        if (text[at] == ':')
        {
            if (!TryDigits(text, at + 1, 2, out second))
                return false;
            at += 3;
        }

        if (!TryFraction(text, ref at, out var fraction) || !TryOffset(text[at..], out var offsetMinutes))
            return false;
        if (year < 1 || month is < 1 or > 12 || day < 1 || day > DateTime.DaysInMonth(year, month) || hour > 23 || minute > 59 || second > 59)
            return false;

        var days = (new DateTime(year, month, day, 0, 0, 0, DateTimeKind.Utc) - DateTime.UnixEpoch).Days;
        micros = (days * MicrosPerDay) + ((((hour * 60L) + minute - offsetMinutes) * 60) + second) * MicrosPerSecond + fraction;
        return micros is >= 0 and <= MaxMicros;
    }

    /// <summary>Writes a time as ISO 8601 in UTC, with milliseconds, or microseconds where it has them.</summary>
    /// <param name="micros">Microseconds since 1970-01-01T00:00:00Z, not negative.</param>
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
    /// <param name="micros">Microseconds since 1970-01-01T00:00:00Z, not negative.</param>
    public static string Format(long micros)
    {
        Span<byte> buffer = stackalloc byte[MaxFormattedBytes];
        return System.Text.Encoding.ASCII.GetString(buffer[..Format(micros, buffer)]);
    }

    private static bool TryDigits(ReadOnlySpan<byte> text, int at, int count, out int value)
    {
        value = 0;
        if (at + count > text.Length)
            return false;
        for (var i = at; i < at + count; i++)
        {
            if (text[i] is < (byte)'0' or > (byte)'9')
                return false;
            value = (value * 10) + (text[i] - '0');
        }

        return true;
    }

    private static bool TryFraction(ReadOnlySpan<byte> text, ref int at, out int micros)
    {
        micros = 0;
        if (at >= text.Length || text[at] is not ((byte)'.' or (byte)','))
            return true;
        var digits = 0;
        for (at++; at < text.Length && text[at] is >= (byte)'0' and <= (byte)'9'; at++, digits++)
        {
            if (digits < 6)
                micros = (micros * 10) + (text[at] - '0');
        }

        for (var i = digits; i < 6; i++)
            micros *= 10;
        return digits > 0;
    }

    private static bool TryOffset(ReadOnlySpan<byte> text, out int minutes)
    {
        minutes = 0;
        if (text.Length == 1)
            return text[0] is (byte)'Z' or (byte)'z';
        if (text.Length < 3 || text[0] is not ((byte)'+' or (byte)'-') || !TryDigits(text, 1, 2, out var hours))
            return false;
        var rest = text[3..];
        if (rest.Length > 0 && rest[0] == ':')
            rest = rest[1..];
        var offsetMinutes = 0;
        if (rest.Length == 2 ? !TryDigits(rest, 0, 2, out offsetMinutes) : rest.Length != 0 || text.Length != 3)
            return false;
        if (hours > 18 || offsetMinutes > 59)
            return false;
        minutes = ((hours * 60) + offsetMinutes) * (text[0] == '-' ? -1 : 1);
        return true;
    }
}
