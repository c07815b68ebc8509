using Scoring.Models.Features.Language;

namespace Scoring.Models.Features.State;

/// <summary>Calendar facts of an instant in one time zone. Keeps the zone's last offset, so one engine owns it.</summary>
internal sealed class Calendar(TimeZoneInfo zone)
{
    private const long Hour = 3_600_000_000;
    private const long Day = 24 * Hour;

    // Zones change their offset at quarter hours of UTC, so one look-up serves the quarter.
    private const long Quarter = Hour / 4;

    private readonly bool isUtc = zone == TimeZoneInfo.Utc;
    private long quarter = long.MinValue;
    private long offset;

    /// <summary>Microseconds since 1970-01-01T00:00 on the zone's clocks.</summary>
    public long Local(long micros)
    {
        if (isUtc)
            return micros;
        var current = Floor(micros, Quarter);
        if (current != quarter)
        {
            offset = zone.GetUtcOffset(DateTime.UnixEpoch.AddTicks(current * Quarter * 10)).Ticks / 10;
            quarter = current;
        }

        return micros + offset;
    }

    /// <summary>The flag's value: the hour 0 to 23, the weekday 1 (Monday) to 7, or 0 or 1.</summary>
    public static double Flag(CalendarFeature feature, long local)
    {
        var day = Floor(local, Day);
        var hour = (int)((local - (day * Day)) / Hour);
        // 1970-01-01 was a Thursday, the fourth day.
        var weekday = (int)((((day + 3) % 7) + 7) % 7);
        return feature.Flag switch
        {
            CalendarFlag.Hour => hour,
            CalendarFlag.Weekday => weekday + 1,
            CalendarFlag.Weekend => (feature.Days >> weekday) & 1,
            _ => IsWithin(hour, feature.FromHour, feature.ToHour) ? 1 : 0,
        };
    }

    private static bool IsWithin(int hour, int from, int to) => from <= to ? hour >= from && hour <= to : hour >= from || hour <= to;

    private static long Floor(long value, long unit) => (value >= 0 ? value : value - unit + 1) / unit;
}
