using System.Globalization;
using System.Text;
using Scoring.Models.Wire;

namespace Scoring.Tests.Hostile;

/// <summary>
/// Values at and beyond every edge, mixed with harmless ones: what a property is held against that must hold whatever comes
/// in. The same seed gives the same values. <see cref="Count"/> says how many inputs a property is tried on.
/// </summary>
internal sealed class HostileValues(int seed)
{
    /// <summary>Sets <see cref="Count"/>; for a long run by hand.</summary>
    public const string CountVariable = "SCORING_HOSTILE_INPUTS";

    private const int DefaultCount = 20_000;
    private const long Noon = 1_772_366_400_000; // 2026-03-01T12:00:00Z, in milliseconds

    private static readonly long[] Edges =
    [
        long.MinValue, long.MinValue + 1, long.MaxValue, long.MaxValue - 1, int.MinValue, int.MaxValue, uint.MaxValue, -2, -1, 0, 1,
        EventTime.MaxMicros, EventTime.MaxMicros + 1, EventTime.MaxMicros / 1_000, (EventTime.MaxMicros / 1_000) + 1,
        DateTime.MinValue.Ticks, DateTime.MaxValue.Ticks, -62_135_596_800_000, -62_135_596_800_001, TimeSpan.MaxValue.Ticks / 10,
        Noon / 1_000, Noon, Noon * 1_000, Noon * 1_000_000, long.MaxValue / 1_000, long.MinValue / 1_000, Money.MaxUnits, Money.MaxUnits + 1,
    ];

    private static readonly double[] DoubleEdges =
    [
        double.NaN, double.PositiveInfinity, double.NegativeInfinity, double.MaxValue, double.MinValue, double.Epsilon, -0.0, 0, 1, -1, 0.1, 1e15, 1e-15, float.MaxValue,
        BitConverter.Int64BitsToDouble(0x7FF0000000000001), 9007199254740993,
    ];

    private static readonly string[] NumberTexts =
    [
        "0", "-0", "1e400", "-1e400", "1e-400", "1E+5", "1e2147483648", "1e-2147483649", "0.00005", "-0.00005", "100000000000", "100000000000.00005", "12345678901.12345678901234567890",
        "9223372036854775807", "9223372036854775808", "-9223372036854775808", "1.7976931348623157e308", "NaN", "Infinity", "-Infinity", "01", "1.", ".5", "+1", "0x10", "1_000", "1,5",
    ];

    private static readonly string[] TimeTexts =
    [
        "0001-01-01T00:00:00+01:00", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59-01:00", "9999-12-31T23:59:59.999999999Z", "9999-12-31T24:00:00Z", "9999-12-31T23:59:60Z",
        "2016-12-31T23:59:60Z", "2026-03-01T24:00:00Z", "2026-03-01T24:00:01Z", "2026-03-01", "2026-03-01T12:00:00", "2026-03-01T12:00:00+05", "2026-03-01T12:00:00+18:00",
        "2026-03-01T12:00:00+18:01", "2026-03-01T12:00:00+99:99", "2026-02-29T12:00:00Z", "0000-00-00T00:00:00Z", "2026-03-01T12:00:00Z[UTC]", "20260301T120000Z", "soon", "",
        "1970-01-01T00:00:00Z", "1970-01-01T00:00:00+00:01", "1969-12-31T23:59:60Z", "2026-03-01T12:00:00−05:00", "\uFEFF2026-03-01T12:00:00Z",
    ];

    private static readonly string[] Texts =
    [
        "", ".", "..", "...", " ", "a/b%2Fc?d#e;f+g 100%", "карта/💳", "4111111111111111", "4111 1111 1111 1111", "4111-1111-1111-1111", "4111\u00A01111\u20111111\u20121111", "5555555555554444",
        "\0", "a\0b", "\uFEFF", "é", "\u202E", "'; DROP TABLE scores; --", "null", "{}", "\"", "\\", "../../etc/passwd", "%2e%2e", "c-1", "u-1", "c-2", "t-1",
    ];

    private readonly Random random = new(seed);

    /// <summary>How many inputs a property is tried on.</summary>
    public static int Count { get; } =
        Environment.GetEnvironmentVariable(CountVariable) is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture) : DefaultCount;

    /// <summary>A whole number in [0, <paramref name="below"/>).</summary>
    public int Next(int below) => random.Next(below);

    /// <summary>True once in so many times.</summary>
    public bool OneIn(int times) => random.Next(times) == 0;

    /// <summary>Some element.</summary>
    public T OneOf<T>(params ReadOnlySpan<T> choices) => choices[random.Next(choices.Length)];

    /// <summary>A whole number: an edge of 64 bits or of event times, one beside it, a time of these days, or any.</summary>
    public long Number() => random.Next(6) switch
    {
        0 => OneOf(Edges),
        1 => unchecked(OneOf(Edges) + random.Next(-3, 4)),
        2 => Noon + random.Next(-600_000, 600_000),
        3 => unchecked((1L << random.Next(64)) + random.Next(-1, 2)),
        4 => random.Next(-1_000, 1_000),
        _ => random.NextInt64(long.MinValue, long.MaxValue),
    };

    /// <summary>A double: not a number, an infinity, an edge, or any bits.</summary>
    public double Double() => random.Next(3) switch
    {
        0 => OneOf(DoubleEdges),
        1 => random.NextDouble(),
        _ => BitConverter.Int64BitsToDouble(random.NextInt64(long.MinValue, long.MaxValue)),
    };

    /// <summary>A clock's time: of these days, or one of the ends of what a clock can show.</summary>
    public DateTimeOffset Clock() => random.Next(8) switch
    {
        0 => DateTimeOffset.MinValue,
        1 => DateTimeOffset.MaxValue,
        2 => DateTimeOffset.UnixEpoch,
        _ => DateTimeOffset.FromUnixTimeMilliseconds(Noon + random.Next(-600_000, 600_000)),
    };

    /// <summary>A record's time: none, a producer's or the broker's, of any number.</summary>
    public RecordTime Stamp() => OneIn(3) ? RecordTime.OfMillis(Noon) : RecordTime.OfMillis(Number(), OneIn(3));

    /// <summary>What may stand where JSON has a number; not always one.</summary>
    public string NumberText() => random.Next(4) switch
    {
        0 => OneOf(NumberTexts),
        1 => Number().ToString(CultureInfo.InvariantCulture),
        2 => (Number() / 10_000m).ToString(CultureInfo.InvariantCulture),
        _ => $"{random.Next(-99, 1_000)}.{random.Next(100)}",
    };

    /// <summary>A time's text, or something like one.</summary>
    public string TimeText() => random.Next(4) switch
    {
        0 => OneOf(TimeTexts),
        1 => Mutated(OneOf(TimeTexts)),
        2 => $"{random.Next(10_000):D4}-{random.Next(14):D2}-{random.Next(33):D2}T{random.Next(26):D2}:{random.Next(62):D2}:{random.Next(62):D2}{OneOf("", ".5", ",999999999", ".")}{OneOf("Z", "", "+02:00", "-18:00", "+0530", "-05", "+19:00")}",
        _ => DateTimeOffset.FromUnixTimeMilliseconds(Noon + random.Next(-600_000, 600_000)).ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture),
    };

    /// <summary>An id or another text: odd, long, a card number, or harmless.</summary>
    public string Text() => random.Next(8) switch
    {
        0 => OneOf(Texts),
        1 => Mutated(OneOf(Texts)),
        2 => new string((char)random.Next(1, 0xD800), random.Next(300)),
        3 => Digits(random.Next(11, 22)),
        _ => $"{OneOf("c", "u", "t", "m")}-{random.Next(20)}",
    };

    /// <summary>Bytes without any meaning.</summary>
    public byte[] Noise(int most)
    {
        var bytes = new byte[random.Next(most + 1)];
        random.NextBytes(bytes);
        return bytes;
    }

    /// <summary>A text with some characters changed, left out or doubled.</summary>
    public string Mutated(string text)
    {
        var changed = new StringBuilder(text);
        for (var i = random.Next(3); i >= 0 && changed.Length > 0; i--)
        {
            var at = random.Next(changed.Length);
            _ = random.Next(3) switch
            {
                0 => changed.Remove(at, 1),
                1 => changed.Insert(at, changed[at]),
                _ => changed.Replace(changed[at], (char)random.Next(0x80), at, 1),
            };
        }

        return changed.ToString();
    }

    /// <summary>Bytes with some of them changed, or cut off.</summary>
    public byte[] Mutated(byte[] bytes)
    {
        var changed = (byte[])bytes.Clone();
        for (var i = random.Next(3); i >= 0 && changed.Length > 0; i--)
            changed[random.Next(changed.Length)] = (byte)random.Next(256);
        return OneIn(4) ? changed[..random.Next(changed.Length + 1)] : changed;
    }

    private string Digits(int count)
    {
        var digits = new StringBuilder(count);
        for (var i = 0; i < count; i++)
            digits.Append((char)('0' + random.Next(10)));
        return digits.ToString();
    }
}
