using System.Numerics;

namespace Scoring.Producer.Collect;

/// <summary>
/// Counts latencies in log-linear buckets of 3 significant digits, as HdrHistogram does: exact below 2,048
/// microseconds, then 1,024 buckets for each doubling, so a value is known to within 0.1 %. Its memory is
/// fixed (200 KB). One thread records; others may read meanwhile and see counts a moment old.
/// </summary>
public sealed class LatencyHistogram
{
    /// <summary>The longest latency that is told apart, in microseconds (about 71 minutes); longer ones count as this.</summary>
    public const long MaxMicros = (1L << MaxBits) - 1;

    private const int MaxBits = 32;
    private const int LinearBits = 11;
    private const int Half = 1 << (LinearBits - 1);

    private readonly long[] counts = new long[((MaxBits - LinearBits) * Half) + (2 * Half)];
    private long max;
    private long total;

    /// <summary>How many latencies were recorded.</summary>
    public long Count => Volatile.Read(ref total);

    /// <summary>The longest latency recorded, in microseconds, exact; 0 if there is none.</summary>
    public long Max => Volatile.Read(ref max);

    /// <summary>Records a latency.</summary>
    /// <param name="micros">Microseconds; below 0 counts as 0.</param>
    public void Record(long micros)
    {
        micros = Math.Clamp(micros, 0, MaxMicros);
        counts[IndexOf(micros)]++;
        if (micros > max)
            Volatile.Write(ref max, micros);
        Volatile.Write(ref total, total + 1);
    }

    /// <summary>
    /// The latency that the given share of all do not exceed (nearest rank), in microseconds; the middle of
    /// its bucket, 0 if there is none.
    /// </summary>
    /// <param name="percentile">From 0 to 100.</param>
    public long Percentile(double percentile)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(percentile);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(percentile, 100);
        var count = Count;
        if (count == 0)
            return 0;
        var rank = Math.Max(1, (long)Math.Ceiling(percentile / 100 * count));
        if (rank >= count)
            return Max;
        long seen = 0;
        for (var i = 0; i < counts.Length; i++)
        {
            seen += counts[i];
            if (seen >= rank)
                return Math.Min(Max, LowOf(i) + (WidthOf(i) / 2));
        }

        return Max;
    }

    /// <summary>How many latencies are at most the given one, to within its bucket.</summary>
    /// <param name="micros">Microseconds.</param>
    public long CountUpTo(long micros)
    {
        if (micros < 0)
            return 0;
        long seen = 0;
        for (var i = IndexOf(Math.Min(micros, MaxMicros)); i >= 0; i--)
            seen += counts[i];
        return seen;
    }

    private static int IndexOf(long micros)
    {
        var bits = 64 - BitOperations.LeadingZeroCount((ulong)micros);
        var shift = Math.Max(0, bits - LinearBits);
        return (shift * Half) + (int)(micros >> shift);
    }

    private static long LowOf(int index)
    {
        var shift = ShiftOf(index);
        return (long)(index - (shift * Half)) << shift;
    }

    private static long WidthOf(int index) => 1L << ShiftOf(index);

    private static int ShiftOf(int index) => Math.Max(0, (index / Half) - 1);
}
