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
    [InlineData("2026-03-01T24:00:01Z")]
    [InlineData("2026-03-01T24:00:00.000001Z")]
    [InlineData("2026-03-01T25:00:00Z")]
    [InlineData("2026-03-01T12:00:61Z")]
    [InlineData("2026-03-01T12:00:00Z[UTC]")]
    [InlineData("2026-03-01T12:00:00 +01:00")]
    [InlineData("2026-03-01T12:00:00\u221205:00")]
    [InlineData("20260301T120000Z")]
    [InlineData("03/01/2026 12:00 PM")]
    [InlineData("2026-3-1 9:05")]
    [InlineData("9999-12-31T23:59:60Z")]
    [InlineData("9999-12-31T23:59:59-00:01")]
    [InlineData("1970-01-01T00:00:00+00:01")]
    [InlineData("2026-03-01T12:60:00Z")]
    [InlineData("2026-03-01T12:00:00.Z")]
    [InlineData("2026-03-01T12:00:00Zx")]
    [InlineData("2026-03-01T12:00:00+25:00")]
    [InlineData("2026-03-01T12:00:00+01:5")]
    [InlineData("0000-03-01T12:00:00Z")]
    [InlineData("1969-12-31T23:59:59Z")]
    [InlineData("yesterday at noon, Z")]
    [InlineData("")]
    public void What_is_no_time_or_has_no_offset_is_refused(string text) => Assert.False(EventTime.TryParse(Encoding.UTF8.GetBytes(text), out _));

    [Theory]
    [InlineData("2016-12-31T23:59:60Z", "2017-01-01T00:00:00.000Z")]
    [InlineData("2016-12-31T23:59:60.5Z", "2017-01-01T00:00:00.500Z")]
    [InlineData("2017-01-01T05:29:60+05:30", "2017-01-01T00:00:00.000Z")]
    [InlineData("2026-02-28T24:00:00Z", "2026-03-01T00:00:00.000Z")]
    [InlineData("2026-12-31T24:00+01:00", "2026-12-31T23:00:00.000Z")]
    [InlineData("2026-03-01T12:00:00+05", "2026-03-01T07:00:00.000Z")]
    [InlineData("2026-03-01t12:00:00z", "2026-03-01T12:00:00.000Z")]
    [InlineData("2026-03-01T12:00:00,25Z", "2026-03-01T12:00:00.250Z")]
    [InlineData("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z")]
    public void A_leap_second_is_the_next_second_and_24_o_clock_midnight(string text, string same)
    {
        Assert.True(EventTime.TryParse(Encoding.ASCII.GetBytes(text), out var micros));
        Assert.Equal(same, EventTime.Format(micros));
    }

    [Theory]
    [InlineData("2026-03-01T12:00:00", "no offset")]
    [InlineData("2026-03-01", "no time of day")]
    [InlineData("2026-02-29T12:00:00Z", "a day that does not exist")]
    [InlineData("2026-03-01T24:00:01Z", "24:00:00")]
    [InlineData("2026-03-01T12:00:00\u221205:00", "an offset that is not")]
    [InlineData("1969-12-31T23:59:59Z", "1970 to 9999")]
    [InlineData("soon", "yyyy-MM-ddTHH:mm:ss")]
    public void What_is_refused_is_told_why(string text, string why) =>
        Assert.Contains(why, EventTime.Read(Encoding.UTF8.GetBytes(text), out _), StringComparison.Ordinal);

    [Fact]
    public void Every_day_is_counted_as_the_framework_counts_it()
    {
        for (var number = 0; number <= (DateTime.MaxValue - DateTime.MinValue).Days; number += 13)
        {
            var day = DateTime.MinValue.AddDays(number);
            Assert.Null(IsoTime.Read(Encoding.ASCII.GetBytes(day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)), out var time));
            Assert.Equal((day - DateTime.UnixEpoch).Ticks / 10, time.LocalMicros);
            Assert.False(time.HasTimeOfDay);
        }
    }

    [Theory]
    [InlineData(0L, long.MaxValue, EventTime.MaxMicros)]
    [InlineData(EventTime.MaxMicros, 1L, EventTime.MaxMicros)]
    [InlineData(long.MaxValue, long.MaxValue, EventTime.MaxMicros)]
    [InlineData(long.MinValue, long.MinValue, 0L)]
    [InlineData(5L, -60L, 0L)]
    [InlineData(5L, 60L, 11L)]
    public void Adding_to_a_time_stays_in_range(long micros, long ticks, long sum) => Assert.Equal(sum, EventTime.Add(micros, TimeSpan.FromTicks(ticks)));

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
