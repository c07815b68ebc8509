using Scoring.Models.Durations;
using Scoring.Models.Wire;

namespace Scoring.Models.Files;

/// <summary>
/// Reads event times from text: ISO 8601, a pattern, or a number of steps (of a second from 1970 on, or of any unit from any start).
/// A text without an offset is on the clocks of the format's zone; an hour that those clocks show twice is the later one. Keeps what
/// it looked up last, so one reader owns it.
/// </summary>
public sealed class EventTimeFormat
{
    private const string Iso = "iso8601";
    private const long DayMicros = EventTime.MicrosPerDay;

    private static readonly (string Name, long UnitNanos, int Digits)[] Epochs =
        [("epoch_s", 1_000_000_000, 10), ("epoch_ms", 1_000_000, 13), ("epoch_us", 1_000, 16), ("epoch_ns", 1, 19)];

    private readonly string name;
    private readonly TimeZoneInfo zone;
    private readonly LocalClock clock;
    private readonly TimePattern? pattern;
    private readonly (long UnitNanos, long StartMicros)? steps;

    private EventTimeFormat(string name, TimeZoneInfo zone, TimePattern? pattern, (long UnitNanos, long StartMicros)? steps)
    {
        this.name = name;
        this.zone = zone;
        this.pattern = pattern;
        this.steps = steps;
        clock = new LocalClock(zone);
    }

    /// <summary>The names of formats that are no pattern.</summary>
    internal static string Names => $"{Iso}, {string.Join(", ", Epochs.Select(e => e.Name))}";

    /// <summary>Reads a format's name or pattern.</summary>
    /// <param name="text">iso8601, epoch_s, epoch_ms, epoch_us, epoch_ns or a pattern of yyyy, MM, dd, HH, mm, ss, f, … and signs.</param>
    /// <param name="zone">The zone of texts without an offset.</param>
    /// <param name="format">The format.</param>
    /// <param name="why">What is wrong with the pattern.</param>
    public static bool TryParse(string text, TimeZoneInfo zone, out EventTimeFormat? format, out string why)
    {
        ArgumentNullException.ThrowIfNull(text);
        (format, why) = (null, "");
        if (text == Iso)
            format = new EventTimeFormat(text, zone, null, null);
        else if (Epochs.FirstOrDefault(e => e.Name == text) is { Name: not null } epoch)
            format = new EventTimeFormat(text, zone, null, (epoch.UnitNanos, 0));
        else if (TimePattern.TryParse(text, out var pattern, out why))
            format = new EventTimeFormat(text, zone, pattern, null);
        return format is not null;
    }

    /// <summary>A format of numbers that count steps.</summary>
    /// <param name="unit">How long a step is, at most <see cref="DurationText.Longest"/>.</param>
    /// <param name="start">When step 0 was: ISO 8601, without an offset on the zone's clocks.</param>
    /// <param name="zone">The zone.</param>
    /// <param name="format">The format.</param>
    /// <returns>Null if it could be made; else what is wrong with the start, to stand behind its name.</returns>
    public static string? OfSteps(TimeSpan unit, string start, TimeZoneInfo zone, out EventTimeFormat? format)
    {
        format = null;
        var wrong = new EventTimeFormat(Iso, zone, null, null).Read(System.Text.Encoding.UTF8.GetBytes(start), out var micros);
        if (wrong is null)
            format = new EventTimeFormat($"steps of {DurationText.Format(unit)} from {start}", zone, null, (unit.Ticks * TimeSpan.NanosecondsPerTick, micros));
        return wrong;
    }

    /// <summary>Reads a time and says what is wrong with one that it refuses.</summary>
    /// <param name="text">Its text, in UTF-8, nothing around it.</param>
    /// <param name="micros">Microseconds since 1970-01-01T00:00:00Z; finer digits are cut off. 0 where the text is refused.</param>
    /// <returns>Null if it was read; else what is wrong, to stand behind the field's name.</returns>
    public string? Read(ReadOnlySpan<byte> text, out long micros)
    {
        micros = 0;
        if (steps is { } counted)
            return ReadSteps(text, counted, out micros);
        var wrong = pattern is null ? ReadIso(text, out var local, out var offset) : ReadPattern(text, pattern, out local, out offset);
        if (wrong is not null)
            return wrong;
        if (offset is { } known)
            return Checked(local - known, out micros);
        // Beyond these the zone's offset can't bring it back, and a calendar has no such day.
        if (local is < EventTime.MinMicros - DayMicros or > EventTime.MaxMicros)
            return EventTime.OutOfRange;
        return clock.TryToUtc(local, out var utc) ? Checked(utc, out micros) : $"does not exist in {clock.ZoneName}, whose clocks are put forward over it";
    }

    /// <summary>The same format for another reader.</summary>
    internal EventTimeFormat Clone() => new(name, zone, pattern, steps);

    private static string? Checked(long time, out long micros)
    {
        var isTime = EventTime.IsInRange(time);
        micros = isTime ? time : 0;
        return isTime ? null : EventTime.OutOfRange;
    }

    private static string? ReadIso(ReadOnlySpan<byte> text, out long local, out long? offset)
    {
        var wrong = IsoTime.Read(text, out var time);
        (local, offset) = (time.LocalMicros, time.OffsetMicros);
        return wrong;
    }

    private string? ReadPattern(ReadOnlySpan<byte> text, TimePattern compiled, out long local, out long? offset)
    {
        (local, offset) = (0, compiled.IsUtc ? 0 : null);
        return compiled.TryRead(text, out var fields)
            ? IsoTime.Compose(fields.Year, fields.Month, fields.Day, fields.Hour, fields.Minute, fields.Second, fields.Micros, out local)
            : $"is not written as {name}";
    }

    private string? ReadSteps(ReadOnlySpan<byte> text, (long UnitNanos, long StartMicros) counted, out long micros)
    {
        micros = 0;
        if (!ExactNumber.TryReadMultiple(text, counted.UnitNanos, out var nanos, out var isNumber))
            return isNumber ? Beyond(text) : $"is not a number ({name})";
        var wrong = Checked(counted.StartMicros + (long)Int128.Clamp(nanos / 1_000, -2 * EventTime.MaxMicros, 2 * EventTime.MaxMicros), out micros);
        return wrong is null ? null : Beyond(text);
    }

    private string Beyond(ReadOnlySpan<byte> text)
    {
        var digits = text.IndexOfAnyExceptInRange((byte)'0', (byte)'9');
        digits = digits < 0 ? text.Length : digits;
        var meant = Epochs.FirstOrDefault(e => e.Digits == digits && e.Name != name);
        return $"{EventTime.OutOfRange} ({name}){(meant.Name is null ? "" : $"; a number of {digits} digits is {meant.Name}")}";
    }
}
