namespace Scoring.Models.Wire;

/// <summary>
/// What an ISO 8601 text says, before anybody decides about a zone: <c>yyyy-MM-dd</c>, then <c>T</c> or a space and
/// <c>HH:mm[:ss[.f…]]</c>, then <c>Z</c>, <c>±HH:mm</c>, <c>±HHmm</c> or <c>±HH</c>.
/// </summary>
/// <remarks>
/// <c>:60</c>, a leap second, is the next second, and <c>24:00:00</c> midnight of the next day, since POSIX time counts
/// neither. Digits finer than a microsecond are cut off.
/// </remarks>
/// <param name="LocalMicros">Microseconds since 1970-01-01T00:00 on the text's own clocks; negative before.</param>
/// <param name="OffsetMicros">How far those clocks are ahead of UTC, in microseconds; null where the text does not say.</param>
/// <param name="HasTimeOfDay">Whether it is more than a date.</param>
public readonly record struct IsoTime(long LocalMicros, long? OffsetMicros, bool HasTimeOfDay)
{
    private const int DateLength = 10;
    private const int MaxOffsetHours = 18;
    private const string NotIso = "is not written as yyyy-MM-ddTHH:mm:ss";
    private const string NoSuchDay = "names a day that does not exist";
    private const string NoSuchTime = "names a time of day that does not exist (hours go to 23, or are 24:00:00; minutes to 59; seconds to 60)";
    private const string WrongOffset = "has an offset that is not Z, +02:00, +0200 or +02";

    /// <summary>Reads a text of any year from 1 to 9999.</summary>
    /// <param name="text">ASCII text, nothing around it.</param>
    /// <param name="time">What it says.</param>
    /// <returns>Null if it was read; else what is wrong, to stand behind the field's name.</returns>
    public static string? Read(ReadOnlySpan<byte> text, out IsoTime time)
    {
        time = default;
        if (!TryReadDate(text, out var year, out var month, out var day))
            return NotIso;
        var rest = text[DateLength..];
        var (hasTime, hour, minute, second, fraction) = (!rest.IsEmpty, 0, 0, 0, 0L);
        if ((hasTime ? ReadTimeOfDay(ref rest, out hour, out minute, out second, out fraction) : null) is { } unreadable)
            return unreadable;
        if (Compose(year, month, day, hour, minute, second, fraction, out var local) is { } wrong)
            return wrong;
        long? offset = null;
        if (!rest.IsEmpty)
        {
            if (!TryReadOffset(rest, out var shift))
                return WrongOffset;
            offset = shift;
        }

        time = new IsoTime(local, offset, hasTime);
        return null;
    }

    /// <summary>Puts a date and a time of day together, as a text of ISO 8601 says them.</summary>
    /// <param name="year">1 to 9999.</param>
    /// <param name="month">1 to 12.</param>
    /// <param name="day">Of the month.</param>
    /// <param name="hour">0 to 23, or 24 where all behind it is 0.</param>
    /// <param name="minute">0 to 59.</param>
    /// <param name="second">0 to 60.</param>
    /// <param name="fraction">Microseconds of the second.</param>
    /// <param name="localMicros">Microseconds since 1970-01-01T00:00 on the same clocks.</param>
    /// <returns>Null if there is such a time; else what is wrong, to stand behind the field's name.</returns>
    internal static string? Compose(int year, int month, int day, int hour, int minute, int second, long fraction, out long localMicros)
    {
        localMicros = 0;
        if (year < 1 || month is < 1 or > 12 || day < 1 || day > DateTime.DaysInMonth(year, month))
            return NoSuchDay;
        var sinceMidnight = (((((hour * 60L) + minute) * 60) + second) * EventTime.MicrosPerSecond) + fraction;
        if (!((hour < 24 && minute < 60 && second <= 60) || (sinceMidnight == EventTime.MicrosPerDay && hour == 24)))
            return NoSuchTime;
        localMicros = (DaysSince1970(year, month, day) * EventTime.MicrosPerDay) + sinceMidnight;
        return null;
    }

    private static bool TryReadDate(ReadOnlySpan<byte> text, out int year, out int month, out int day)
    {
        month = day = year = 0;
        return text.Length >= DateLength && text[4] == '-' && text[7] == '-'
            && TryDigits(text[..4], out year) && TryDigits(text[5..7], out month) && TryDigits(text[8..10], out day);
    }

    private static string? ReadTimeOfDay(ref ReadOnlySpan<byte> rest, out int hour, out int minute, out int second, out long fraction)
    {
        (hour, minute, second, fraction) = (0, 0, 0, 0);
        if (rest.Length < 6 || rest[0] is not ((byte)'T' or (byte)'t' or (byte)' ') || rest[3] != ':'
            || !TryDigits(rest[1..3], out hour) || !TryDigits(rest[4..6], out minute))
            return NotIso;
        rest = rest[6..];
        if (rest.IsEmpty || rest[0] != ':')
            return null;
        if (rest.Length < 3 || !TryDigits(rest[1..3], out second))
            return NotIso;
        rest = rest[3..];
        return TryReadFraction(ref rest, out fraction) ? null : "has a fraction without digits";
    }

    private static bool TryReadFraction(ref ReadOnlySpan<byte> rest, out long micros)
    {
        micros = 0;
        if (rest.IsEmpty || rest[0] is not ((byte)'.' or (byte)','))
            return true;
        var end = 1;
        for (var unit = EventTime.MicrosPerSecond / 10; end < rest.Length && rest[end] is >= (byte)'0' and <= (byte)'9'; end++, unit /= 10)
            micros += (rest[end] - '0') * unit;
        rest = rest[end..];
        return end > 1;
    }

    private static bool TryReadOffset(ReadOnlySpan<byte> text, out long micros)
    {
        micros = 0;
        if (text is [(byte)'Z' or (byte)'z'])
            return true;
        if (text.Length is not (3 or 5 or 6) || text[0] is not ((byte)'+' or (byte)'-') || !TryDigits(text[1..3], out var hours))
            return false;
        var minutes = 0;
        if (text.Length > 3 && ((text.Length == 6 && text[3] != ':') || !TryDigits(text[^2..], out minutes)))
            return false;
        micros = ((hours * 60L) + minutes) * 60 * EventTime.MicrosPerSecond * (text[0] == '-' ? -1 : 1);
        return hours <= MaxOffsetHours && minutes < 60;
    }

    // "days_from_civil" (Hinnant, "chrono-Compatible Low-Level Date Algorithms", 2013): years begin in March, so that
    // the leap day is the last.
    private static long DaysSince1970(int year, int month, int day)
    {
        var marchYear = month <= 2 ? year - 1 : year;
        var era = marchYear / 400;
        var yearOfEra = marchYear - (era * 400);
        var dayOfYear = (((153 * ((month + 9) % 12)) + 2) / 5) + day - 1;
        var dayOfEra = (yearOfEra * 365) + (yearOfEra / 4) - (yearOfEra / 100) + dayOfYear;
        return (era * 146_097L) + dayOfEra - 719_468;
    }

    private static bool TryDigits(ReadOnlySpan<byte> text, out int value)
    {
        value = 0;
        foreach (var c in text)
        {
            if (c is < (byte)'0' or > (byte)'9')
                return false;
            value = (value * 10) + (c - '0');
        }

        return true;
    }
}
