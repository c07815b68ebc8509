namespace Scoring.Models.Files;

/// <summary>
/// What the clocks of a zone show, as times in UTC. A time that they show twice is the later one. Keeps the quarter of an hour that
/// it looked up last, so one reader owns it.
/// </summary>
internal sealed class LocalClock(TimeZoneInfo zone)
{
    private const long MicrosPerQuarter = 900_000_000;

    private long quarter = long.MinValue;
    private long offset;

    public string ZoneName => zone.Id;

    /// <summary>Makes a time of UTC of what the clocks show.</summary>
    /// <param name="local">Microseconds since 1970-01-01T00:00 on these clocks, of the years 1 to 9999.</param>
    /// <param name="micros">Microseconds since 1970-01-01T00:00:00Z.</param>
    /// <returns>False if the clocks never show it: they are put forward over it.</returns>
    public bool TryToUtc(long local, out long micros)
    {
        micros = local;
        if (zone == TimeZoneInfo.Utc)
            return true;
        var current = local - (((local % MicrosPerQuarter) + MicrosPerQuarter) % MicrosPerQuarter);
        if (current != quarter && !IsEven(current))
            return TryExact(local, out micros);
        micros = local - offset;
        return true;
    }

    // Clocks change within a quarter too (St. John's did at 00:01 until 2011): only one that ends as it begins is kept.
    private bool IsEven(long start)
    {
        if (!TryOffset(start, out var first) || !TryOffset(start + MicrosPerQuarter - 1, out var last) || first != last)
            return false;
        (quarter, offset) = (start, first);
        return true;
    }

    private bool TryExact(long local, out long micros)
    {
        var exists = TryOffset(local, out var shift);
        micros = local - shift;
        return exists;
    }

    private bool TryOffset(long local, out long shift)
    {
        var time = new DateTime(DateTime.UnixEpoch.Ticks + (local * TimeSpan.TicksPerMicrosecond), DateTimeKind.Unspecified);
        shift = 0;
        if (zone.IsInvalidTime(time))
            return false;
        shift = zone.GetUtcOffset(time).Ticks / TimeSpan.TicksPerMicrosecond;
        return true;
    }
}
