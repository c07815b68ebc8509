using System.Buffers.Text;
using System.Text;

namespace Scoring.Models.Files;

/// <summary>
/// Reads event times from text: epoch seconds or milliseconds, ISO 8601, or a fixed pattern. A text without an
/// offset is on the clocks of the format's zone; an hour that those clocks show twice is the later one. Keeps
/// what it looked up last, so one reader owns it.
/// </summary>
public sealed class EventTimeFormat
{
    private const string Iso = "iso8601";
    private const string EpochSeconds = "epoch_s";
    private const string EpochMilliseconds = "epoch_ms";
    private const string Tokens = "yMdHmsf";
    private const long MicrosPerSecond = 1_000_000;
    private const long MicrosPerDay = 86_400 * MicrosPerSecond;
    private const long LargestEpochSeconds = 253_402_300_799;
    private const long MicrosPerQuarter = 900 * MicrosPerSecond;

    private readonly string pattern;
    private readonly TimeZoneInfo zone;
    private readonly byte[] literal;
    private long quarter = long.MinValue;
    private long offset;
    private long day;
    private int dayKey = -1;

    private EventTimeFormat(string pattern, TimeZoneInfo zone)
    {
        this.pattern = pattern;
        this.zone = zone;
        literal = Encoding.UTF8.GetBytes(pattern);
    }

    /// <summary>Reads a format's name or pattern.</summary>
    /// <param name="pattern">iso8601, epoch_s, epoch_ms or a pattern of yyyy, MM, dd, HH, mm, ss, f and literal characters.</param>
    /// <param name="zone">The zone of texts without an offset.</param>
    /// <param name="format">The format.</param>
    /// <param name="why">What is wrong with the pattern.</param>
    public static bool TryParse(string pattern, TimeZoneInfo zone, out EventTimeFormat? format, out string why)
    {
        ArgumentNullException.ThrowIfNull(pattern);
        format = null;
        why = "";
        if (pattern is not (Iso or EpochSeconds or EpochMilliseconds))
        {
            if (pattern.FirstOrDefault(c => !char.IsAscii(c) || (char.IsAsciiLetter(c) && !Tokens.Contains(c) && c != 'T' && c != 'Z')) is not '\0' and var bad)
                why = $"has the unknown letter '{bad}'";
            else if (Width(pattern, 'y') != 4 || Width(pattern, 'M') != 2 || Width(pattern, 'd') != 2)
                why = "needs yyyy, MM and dd";
            else if (Width(pattern, 'H') is not (0 or 2) || Width(pattern, 'm') is not (0 or 2) || Width(pattern, 's') is not (0 or 2) || Width(pattern, 'f') > 7)
                why = "may have HH, mm, ss and up to 7 f, each once";
            if (why.Length > 0)
                return false;
        }

        format = new EventTimeFormat(pattern, zone);
        return true;
    }

    /// <summary>Reads a time.</summary>
    /// <param name="text">Its text, in UTF-8, nothing around it.</param>
    /// <param name="micros">Microseconds since 1970-01-01T00:00:00Z; finer digits are cut off.</param>
    /// <returns>False if the text does not fit the format or names a time that the zone's clocks skip.</returns>
    public bool TryRead(ReadOnlySpan<byte> text, out long micros) => pattern switch
    {
        EpochSeconds => TryReadEpoch(text, MicrosPerSecond, out micros),
        EpochMilliseconds => TryReadEpoch(text, 1000, out micros),
        Iso => TryReadIso(text, out micros),
        _ => TryReadPattern(text, out micros),
    };

    /// <summary>The same format for another reader.</summary>
    internal EventTimeFormat Clone() => new(pattern, zone);

    /// <summary>How it is named in a map.</summary>
    internal string Pattern => pattern;

    private static int Width(string pattern, char token)
    {
        var first = pattern.IndexOf(token);
        if (first < 0)
            return 0;
        var width = pattern.LastIndexOf(token) - first + 1;
        return pattern.AsSpan(first, width).ContainsAnyExcept(token) ? int.MaxValue : width;
    }

    private static bool TryReadEpoch(ReadOnlySpan<byte> text, long unit, out long micros)
    {
        micros = 0;
        var point = text.IndexOf((byte)'.');
        var whole = point < 0 ? text : text[..point];
        if (!Utf8Parser.TryParse(whole, out long value, out var used) || used != whole.Length || Math.Abs(value) > LargestEpochSeconds * MicrosPerSecond / unit)
            return false;
        micros = value * unit;
        if (point < 0)
            return true;
        var fraction = text[(point + 1)..];
        if (fraction.IsEmpty || !TryDigits(fraction, out _))
            return false;
        long part = 0;
        for (var (i, place) = (0, unit / 10); i < fraction.Length && place > 0; i++, place /= 10)
            part += (fraction[i] - '0') * place;
        micros += whole[0] == (byte)'-' ? -part : part;
        return true;
    }

    private bool TryReadPattern(ReadOnlySpan<byte> text, out long micros)
    {
        micros = 0;
        if (text.Length != literal.Length)
            return false;
        int year = 0, month = 0, date = 0, hour = 0, minute = 0, second = 0, fraction = 0, scale = 1_000_000;
        for (var i = 0; i < text.Length; i++)
        {
            var digit = text[i] - '0';
            var token = literal[i];
            var isToken = token is (byte)'y' or (byte)'M' or (byte)'d' or (byte)'H' or (byte)'m' or (byte)'s' or (byte)'f';
            if (isToken ? digit is < 0 or > 9 : text[i] != token)
                return false;
            switch (token)
            {
                case (byte)'y': year = (year * 10) + digit; break;
                case (byte)'M': month = (month * 10) + digit; break;
                case (byte)'d': date = (date * 10) + digit; break;
                case (byte)'H': hour = (hour * 10) + digit; break;
                case (byte)'m': minute = (minute * 10) + digit; break;
                case (byte)'s': second = (second * 10) + digit; break;
                case (byte)'f': fraction += digit * (scale /= 10); break;
            }
        }

        if (!TryCompose(year, month, date, hour, minute, second, out var local))
            return false;
        local += fraction;
        micros = local;
        return literal[^1] == (byte)'Z' || TryToUtc(local, out micros);
    }

    // yyyy-MM-dd, then optionally T or a space and HH:mm[:ss[.f…]], then optionally Z, ±HH:mm, ±HHmm or ±HH.
    private bool TryReadIso(ReadOnlySpan<byte> text, out long micros)
    {
        micros = 0;
        if (text.Length < 10 || text[4] != '-' || text[7] != '-'
            || !TryDigits(text[..4], out var year) || !TryDigits(text[5..7], out var month) || !TryDigits(text[8..10], out var date))
        {
            return false;
        }

        int hour = 0, minute = 0, second = 0;
        long fraction = 0;
        var rest = text[10..];
        if (!rest.IsEmpty && rest[0] is (byte)'T' or (byte)'t' or (byte)' ')
        {
            if (rest.Length < 6 || rest[3] != ':' || !TryDigits(rest[1..3], out hour) || !TryDigits(rest[4..6], out minute))
                return false;
            rest = rest[6..];
            if (!rest.IsEmpty && rest[0] == ':' && !TryReadSeconds(ref rest, out second, out fraction))
                return false;
        }
        else if (!rest.IsEmpty)
        {
            return false;
        }

        if (!TryCompose(year, month, date, hour, minute, second, out var local))
            return false;
        local += fraction;
        if (rest.IsEmpty)
            return TryToUtc(local, out micros);
        if (!TryReadOffset(rest, out var shift))
            return false;
        micros = local - shift;
        return true;
    }

    private static bool TryReadSeconds(ref ReadOnlySpan<byte> rest, out int second, out long fraction)
    {
        second = 0;
        fraction = 0;
        if (rest.Length < 3 || !TryDigits(rest[1..3], out second))
            return false;
        rest = rest[3..];
        if (rest.IsEmpty || rest[0] is not ((byte)'.' or (byte)','))
            return true;
        var end = 1;
        for (var scale = MicrosPerSecond / 10; end < rest.Length && rest[end] is >= (byte)'0' and <= (byte)'9'; end++, scale /= 10)
            fraction += (rest[end] - '0') * scale;
        rest = rest[end..];
        return end > 1;
    }

    private static bool TryReadOffset(ReadOnlySpan<byte> text, out long shift)
    {
        shift = 0;
        if (text is [(byte)'Z' or (byte)'z'])
            return true;
        if (text.Length is not (3 or 5 or 6) || text[0] is not ((byte)'+' or (byte)'-') || !TryDigits(text[1..3], out var hours))
            return false;
        var minutes = 0;
        if (text.Length > 3 && ((text.Length == 6 && text[3] != ':') || !TryDigits(text[^2..], out minutes)))
            return false;
        shift = ((hours * 60L) + minutes) * 60 * MicrosPerSecond;
        if (text[0] == (byte)'-')
            shift = -shift;
        return hours <= 18 && minutes <= 59;
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

    private bool TryCompose(int year, int month, int date, int hour, int minute, int second, out long local)
    {
        local = 0;
        if (hour > 23 || minute > 59 || second > 59)
            return false;
        var key = (((year * 16) + month) * 64) + date;
        if (key != dayKey)
        {
            if (year is < 1 or > 9999 || month is < 1 or > 12 || date < 1 || date > DateTime.DaysInMonth(year, month))
                return false;
            day = (new DateTime(year, month, date, 0, 0, 0, DateTimeKind.Utc) - DateTime.UnixEpoch).Days * MicrosPerDay;
            dayKey = key;
        }

        local = day + (((((hour * 60L) + minute) * 60) + second) * MicrosPerSecond);
        return true;
    }

    private bool TryToUtc(long local, out long micros)
    {
        micros = local;
        if (zone == TimeZoneInfo.Utc)
            return true;
        var current = local - (((local % MicrosPerQuarter) + MicrosPerQuarter) % MicrosPerQuarter);
        if (current != quarter)
        {
            var time = new DateTime(DateTime.UnixEpoch.Ticks + (current * 10), DateTimeKind.Unspecified);
            if (zone.IsInvalidTime(time))
                return false;
            offset = zone.GetUtcOffset(time).Ticks / 10;
            quarter = current;
        }

        micros = local - offset;
        return true;
    }
}
