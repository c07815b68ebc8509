using System.Buffers.Text;

namespace Scoring.Producer.Simulation;

/// <summary>How the simulation's values are written: the same in JSON and in CSV.</summary>
internal static class EventText
{
    /// <summary>Bytes that any value below needs at most.</summary>
    public const int MaxBytes = 64;

    /// <summary>A time in ISO 8601 with milliseconds, in UTC.</summary>
    /// <returns>The bytes written.</returns>
    public static int WriteTime(long micros, Span<byte> target)
    {
        var time = DateTime.UnixEpoch.AddTicks(micros * TimeSpan.TicksPerMicrosecond);
        return time.TryFormat(target, out var written, "yyyy-MM-dd'T'HH:mm:ss.fff'Z'") ? written : throw TooShort(target.Length);
    }

    /// <summary>An amount with 2 decimals.</summary>
    /// <returns>The bytes written.</returns>
    public static int WriteCents(long cents, Span<byte> target)
    {
        var whole = Math.DivRem(cents, 100, out var rest);
        if (target.Length < MaxBytes || !Utf8Formatter.TryFormat(whole, target, out var written))
            throw TooShort(target.Length);
        target[written] = (byte)'.';
        target[written + 1] = (byte)('0' + (rest / 10));
        target[written + 2] = (byte)('0' + (rest % 10));
        return written + 3;
    }

    /// <summary>An IPv4 address in dotted decimals.</summary>
    /// <returns>The bytes written.</returns>
    public static int WriteAddress(uint address, Span<byte> target)
    {
        var length = 0;
        for (var shift = 24; shift >= 0; shift -= 8)
        {
            if (!Utf8Formatter.TryFormat((byte)(address >> shift), target[length..], out var written))
                throw TooShort(target.Length);
            length += written;
            if (shift > 0)
                target[length++] = (byte)'.';
        }

        return length;
    }

    private static ArgumentException TooShort(int length) => new($"a buffer of {length} bytes is too short; {MaxBytes} are enough");
}
