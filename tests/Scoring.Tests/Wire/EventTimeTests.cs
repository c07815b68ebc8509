using System.Globalization;
using System.Text;
using Scoring.Models.Wire;

namespace Scoring.Tests.Wire;

public class EventTimeTests
{
    [Theory]
    [InlineData("2026-03-01T12:00:00.123Z")]
    [InlineData("2026-03-01T12:00:00Z")]
    [InlineData("2026-03-01T12:00Z")]
    [InlineData("2024-02-29T23:59:59.999999Z")]
    [InlineData("2026-03-01T00:30:00+02:00")]
    [InlineData("2026-03-01T00:30:00.5-0530")]
    [InlineData("1970-01-01T00:00:00Z")]
    public void A_time_with_an_offset_is_read_as_the_framework_reads_it(string text)
    {
        Assert.True(EventTime.TryParse(Encoding.ASCII.GetBytes(text), out var micros));
        var expected = DateTimeOffset.Parse(text, CultureInfo.InvariantCulture);
        Assert.Equal((expected - DateTimeOffset.UnixEpoch).Ticks / 10, micros);
    }

    [Theory]
    [InlineData("2026-03-01T12:00:00")]
    [InlineData("2026-03-01")]
    [InlineData("2026-02-29T12:00:00Z")]
    [InlineData("2026-13-01T12:00:00Z")]
    [InlineData("2026-03-01T24:00:00Z")]
    [InlineData("2026-03-01T12:60:00Z")]
    [InlineData("2026-03-01T12:00:00.Z")]
    [InlineData("2026-03-01T12:00:00Zx")]
    [InlineData("2026-03-01T12:00:00+25:00")]
    [InlineData("2026-03-01T12:00:00+01:5")]
    [InlineData("0000-03-01T12:00:00Z")]
    [InlineData("1969-12-31T23:59:59Z")]
    [InlineData("yesterday at noon, Z")]
    [InlineData("")]
    public void What_is_no_time_or_has_no_offset_is_refused(string text) => Assert.False(EventTime.TryParse(Encoding.ASCII.GetBytes(text), out _));

    [Fact]
    public void Digits_finer_than_a_microsecond_are_cut_off()
    {
        Assert.True(EventTime.TryParse("2026-03-01T12:00:00.1234569Z"u8, out var micros));
        Assert.Equal(123_456, micros % EventTime.MicrosPerSecond);
    }

    [Fact]
    public void A_written_time_is_read_back_as_it_was()
    {
        var random = new Random(7);
        for (var i = 0; i < 10_000; i++)
        {
            var micros = random.NextInt64(0, EventTime.MaxMicros) / (i % 2 == 0 ? 1 : 1000) * (i % 2 == 0 ? 1 : 1000);
            Assert.True(EventTime.TryParse(Encoding.ASCII.GetBytes(EventTime.Format(micros)), out var back));
            Assert.Equal(micros, back);
        }
    }
}
