using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Scoring.Models.Durations;

/// <summary>
/// The one reader of durations, for files, settings and command lines: a number and a unit (<c>250ms</c>, <c>20s</c>, <c>5m</c>,
/// <c>1.5h</c>, <c>7d</c>), or hours, minutes and seconds (<c>24:00:00</c>, with days before a point: <c>1.00:00:00</c>). A day is
/// 86,400 s. A bare number is refused, since whoever wrote it and whoever reads it may think of different units.
/// </summary>
public static partial class DurationText
{
    /// <summary>The longest duration: a hundred years.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromDays(36_525);

    // Longer than any duration can be: what is longer still is not worth a look.
    private const int MaxChars = 32;

    private const long TicksPerDay = TimeSpan.TicksPerDay;

    private static readonly (string Unit, long Ticks)[] Units =
    [
        ("ms", TimeSpan.TicksPerMillisecond), ("s", TimeSpan.TicksPerSecond), ("m", TimeSpan.TicksPerMinute), ("h", TimeSpan.TicksPerHour), ("d", TicksPerDay),
    ];

    /// <summary>Reads a duration.</summary>
    /// <param name="text">The text; no sign, no blanks.</param>
    /// <param name="duration">The duration in whole microseconds, from 0 to <see cref="Longest"/>.</param>
    /// <param name="error">What is wrong and what would be right; null where it was read.</param>
    public static bool TryParse(string? text, out TimeSpan duration, [NotNullWhen(false)] out string? error)
    {
        text ??= "";
        duration = default;
        error = ErrorOf(text, out var ticks);
        if (error is not null)
            return false;
        duration = TimeSpan.FromTicks(ticks);
        return true;
    }

    /// <summary>Writes a duration in the largest unit that gives a whole number, so that <see cref="TryParse"/> reads the same.</summary>
    /// <param name="duration">The duration, 0 or more.</param>
    public static string Format(TimeSpan duration)
    {
        for (var i = Units.Length - 1; i >= 0; i--)
        {
            if (duration.Ticks >= Units[i].Ticks && duration.Ticks % Units[i].Ticks == 0)
                return string.Create(CultureInfo.InvariantCulture, $"{duration.Ticks / Units[i].Ticks}{Units[i].Unit}");
        }

        return duration == TimeSpan.Zero ? "0s" : string.Create(CultureInfo.InvariantCulture, $"{(decimal)duration.Ticks / TimeSpan.TicksPerMillisecond}ms");
    }

    /// <summary>Writes a duration as <see cref="Format(TimeSpan)"/> does.</summary>
    /// <param name="micros">The duration in microseconds.</param>
    public static string FormatMicros(long micros) => Format(TimeSpan.FromTicks(micros * TimeSpan.TicksPerMicrosecond));

    /// <summary>Writes a duration for people, in its two largest units, rounded up: <c>20763d 13h</c>, <c>5m 1s</c>.</summary>
    /// <param name="micros">The duration in microseconds, 0 or more.</param>
    public static string FormatRoughly(long micros)
    {
        var ticks = micros * TimeSpan.TicksPerMicrosecond;
        var i = Array.FindLastIndex(Units, u => ticks >= u.Ticks);
        if (i <= 0)
            return Format(TimeSpan.FromTicks(ticks));
        var (unit, unitTicks) = Units[i];
        var (smaller, smallerTicks) = Units[i - 1];
        var rest = ((ticks % unitTicks) + smallerTicks - 1) / smallerTicks;
        var whole = (ticks / unitTicks) + (rest / (unitTicks / smallerTicks));
        rest %= unitTicks / smallerTicks;
        return rest == 0 ? string.Create(CultureInfo.InvariantCulture, $"{whole}{unit}") : string.Create(CultureInfo.InvariantCulture, $"{whole}{unit} {rest}{smaller}");
    }

    private static string? ErrorOf(string text, out long ticks)
    {
        ticks = 0;
        if (text.Length == 0)
            return "a duration is missing; write 20s, 5m or 1h";
        if (text.Length <= MaxChars && ClockPattern().Match(text) is { Success: true } clock)
            return OfClock(text, clock, out ticks);
        var digits = text.TakeWhile(c => char.IsAsciiDigit(c) || c == '.').Count();
        if (digits == text.Length)
            return $"'{text}' has no unit; write {text}s for seconds, {text}m for minutes, {text}h for hours";
        var unit = Array.Find(Units, u => text.AsSpan(digits).SequenceEqual(u.Unit));
        if (text.Length > MaxChars || unit.Unit is null || !decimal.TryParse(text.AsSpan(0, digits), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number))
            return $"'{text}' is no duration; write a number and one of the units ms, s, m, h, d, such as 20s, or hours, minutes and seconds, such as 24:00:00";
        return OfNumber(text, number, unit.Ticks, out ticks);
    }

    private static string? OfNumber(string text, decimal number, long unitTicks, out long ticks)
    {
        ticks = 0;
        if (number > (decimal)Longest.Ticks / unitTicks)
            return TooLong(text);
        var micros = number * unitTicks / TimeSpan.TicksPerMicrosecond;
        if (micros != decimal.Truncate(micros))
            return TooFine(text);
        ticks = (long)micros * TimeSpan.TicksPerMicrosecond;
        return null;
    }

    private static string? OfClock(string text, Match clock, out long ticks)
    {
        ticks = 0;
        var days = Number(clock.Groups["days"].ValueSpan);
        var hours = Number(clock.Groups["hours"].ValueSpan);
        if (days > 0 && hours > 23)
            return $"'{text}' has {hours} hours beside its days; at most 23 are possible there";
        var fraction = clock.Groups["fraction"].Value.PadRight(7, '0');
        if (fraction[^1] != '0')
            return TooFine(text);
        var seconds = (Number(clock.Groups["minutes"].ValueSpan) * 60) + Number(clock.Groups["seconds"].ValueSpan);
        // Both have at most six digits, so nothing can overflow before it is found to be too long.
        var all = (days * TicksPerDay) + (hours * TimeSpan.TicksPerHour) + (seconds * TimeSpan.TicksPerSecond) + Number(fraction);
        if (all > Longest.Ticks)
            return TooLong(text);
        ticks = all;
        return null;
    }

    private static long Number(ReadOnlySpan<char> digits) => digits.IsEmpty ? 0 : long.Parse(digits, NumberStyles.None, CultureInfo.InvariantCulture);

    private static string TooLong(string text) => $"'{text}' is longer than {Longest.TotalDays.ToString("N0", CultureInfo.InvariantCulture)} days";

    private static string TooFine(string text) => $"'{text}' is finer than a microsecond";

    [GeneratedRegex(@"^(?:(?<days>[0-9]{1,6})\.)?(?<hours>[0-9]{1,6}):(?<minutes>[0-5][0-9]):(?<seconds>[0-5][0-9])(?:\.(?<fraction>[0-9]{1,7}))?\z", RegexOptions.CultureInvariant)]
    private static partial Regex ClockPattern();
}
