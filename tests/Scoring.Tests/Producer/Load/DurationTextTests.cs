using Scoring.Producer.Load;

namespace Scoring.Tests.Producer.Load;

public sealed class DurationTextTests
{
    [Theory]
    [InlineData("250ms", 0.25)]
    [InlineData("20s", 20)]
    [InlineData("5m", 300)]
    [InlineData("1.5h", 5_400)]
    [InlineData("7d", 604_800)]
    [InlineData("0s", 0)]
    public void A_number_and_a_unit_are_a_duration(string text, double seconds)
    {
        Assert.True(DurationText.TryParse(text, out var duration, out _));
        Assert.Equal(seconds, duration.TotalSeconds);
    }

    [Theory]
    [InlineData(null, "missing")]
    [InlineData("", "missing")]
    [InlineData("20", "20s for seconds")]
    [InlineData("20 s", "ms, s, m, h, d")]
    [InlineData("s", "ms, s, m, h, d")]
    [InlineData("1.2.3s", "ms, s, m, h, d")]
    [InlineData("-5s", "ms, s, m, h, d")]
    [InlineData("20sec", "ms, s, m, h, d")]
    [InlineData("99999d", "longer than 3,650 days")]
    public void Anything_else_is_refused_with_what_would_be_right(string? text, string wanted)
    {
        Assert.False(DurationText.TryParse(text, out _, out var error));
        Assert.Contains(wanted, error, StringComparison.Ordinal);
    }
}
