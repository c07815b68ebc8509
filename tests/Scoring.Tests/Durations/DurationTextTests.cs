using Scoring.Models.Durations;

namespace Scoring.Tests.Durations;

public sealed class DurationTextTests
{
    [Theory]
    [InlineData("250ms", 0.25)]
    [InlineData("20s", 20)]
    [InlineData("5m", 300)]
    [InlineData("1.5h", 5_400)]
    [InlineData("48h", 172_800)]
    [InlineData("7d", 604_800)]
    [InlineData("0s", 0)]
    [InlineData("0.001ms", 0.000001)]
    [InlineData("36525d", 36_525 * 86_400d)]
    public void A_number_and_a_unit_are_a_duration(string text, double seconds) => Reads(text, seconds);

    [Theory]
    [InlineData("24:00:00", 86_400)]
    [InlineData("00:00:02", 2)]
    [InlineData("1.00:00:00", 86_400)]
    [InlineData("60.00:00:00", 60 * 86_400)]
    [InlineData("100:30:00", (100 * 3_600) + 1_800)]
    [InlineData("00:00:00.5000000", 0.5)]
    [InlineData("0:00:00.002", 0.002)]
    public void Hours_minutes_and_seconds_are_a_duration(string text, double seconds) => Reads(text, seconds);

    [Theory]
    [InlineData(null, "missing")]
    [InlineData("", "missing")]
    [InlineData("20", "20s for seconds")]
    [InlineData("0", "0s for seconds")]
    [InlineData("20 s", "ms, s, m, h, d")]
    [InlineData("s", "ms, s, m, h, d")]
    [InlineData("1.2.3s", "ms, s, m, h, d")]
    [InlineData("-5s", "ms, s, m, h, d")]
    [InlineData("-00:00:05", "ms, s, m, h, d")]
    [InlineData("20sec", "ms, s, m, h, d")]
    [InlineData("5M", "ms, s, m, h, d")]
    [InlineData("10:00", "24:00:00")]
    [InlineData("00:60:00", "24:00:00")]
    [InlineData("00:00:00\n", "24:00:00")]
    [InlineData("1.24:00:00", "at most 23")]
    [InlineData("0.0001ms", "finer than a microsecond")]
    [InlineData("00:00:00.0000001", "finer than a microsecond")]
    [InlineData("99999d", "longer than 36,525 days")]
    [InlineData("999999:00:00", "longer than 36,525 days")]
    [InlineData("999999.23:59:59", "longer than 36,525 days")]
    [InlineData("79228162514264337593543950335d", "longer than 36,525 days")]
    [InlineData("99999999999999999999999999999999999999999d", "ms, s, m, h, d")]
    public void Anything_else_is_refused_with_what_would_be_right(string? text, string wanted)
    {
        Assert.False(DurationText.TryParse(text, out _, out var error));
        Assert.Contains(wanted, error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("0s")]
    [InlineData("0.25ms")]
    [InlineData("250ms")]
    [InlineData("1500ms")]
    [InlineData("90s")]
    [InlineData("36h")]
    [InlineData("30d")]
    public void What_is_written_is_read_as_the_same(string text)
    {
        Assert.True(DurationText.TryParse(text, out var duration, out _));
        Assert.Equal(text, DurationText.Format(duration));
    }

    private static void Reads(string text, double seconds)
    {
        Assert.True(DurationText.TryParse(text, out var duration, out var error), error);
        Assert.Equal(TimeSpan.FromSeconds(seconds), duration);
    }

    [Theory]
    [InlineData(0, "0s")]
    [InlineData(999, "0.999ms")]
    [InlineData(1_500, "1.5ms")]
    [InlineData(300_000_001, "5m 1s")]
    [InlineData(1_000_000, "1s")]
    [InlineData(86_399_999_999, "24h")]
    [InlineData(86_400_000_000, "1d")]
    [InlineData(1_793_926_596_476_431, "20763d 1h")]
    public void A_rough_duration_has_two_units_and_is_never_less(long micros, string text) =>
        Assert.Equal(text, DurationText.FormatRoughly(micros));
}
