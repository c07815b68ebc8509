using System.Globalization;
using System.Text;
using Scoring.Models.Wire;

namespace Scoring.Tests.Files;

public sealed class EventTimeFormatTests
{
    [Theory]
    [InlineData("epoch_s", "12", "1970-01-01T00:00:12.000Z")]
    [InlineData("epoch_s", "1767261600.5", "2026-01-01T10:00:00.500Z")]
    [InlineData("epoch_s", "1.7672616e9", "2026-01-01T10:00:00.000Z")]
    [InlineData("epoch_s", "1e+05", "1970-01-02T03:46:40.000Z")]
    [InlineData("epoch_s", "0.0000019", "1970-01-01T00:00:00.000001Z")]
    [InlineData("epoch_ms", "1500", "1970-01-01T00:00:01.500Z")]
    [InlineData("epoch_us", "1767261600000001", "2026-01-01T10:00:00.000001Z")]
    [InlineData("epoch_ns", "1767261600000001999", "2026-01-01T10:00:00.000001Z")]
    [InlineData("iso8601", "1970-01-01T00:00:01.1234567Z", "1970-01-01T00:00:01.123456Z")]
    [InlineData("iso8601", "1970-01-01 01:00:00+01:00", "1970-01-01T00:00:00.000Z")]
    [InlineData("iso8601", "1970-01-01T00:00-0030", "1970-01-01T00:30:00.000Z")]
    [InlineData("iso8601", "2026-03-01T12:00:00+05", "2026-03-01T07:00:00.000Z")]
    [InlineData("iso8601", "1970-01-02", "1970-01-02T00:00:00.000Z")]
    [InlineData("iso8601", "2016-12-31T23:59:60Z", "2017-01-01T00:00:00.000Z")]
    [InlineData("iso8601", "2026-03-01T24:00:00Z", "2026-03-02T00:00:00.000Z")]
    [InlineData("dd/MM/yyyy HH.mm", "02/01/1970 00.01", "1970-01-02T00:01:00.000Z")]
    [InlineData("yyyyMMddHHmmssfff", "19700101000000250", "1970-01-01T00:00:00.250Z")]
    [InlineData("yyyy-MM-ddTHH:mm:ssZ", "2026-03-01T12:00:00Z", "2026-03-01T12:00:00.000Z")]
    [InlineData("yyyy-MM-dd HH:mm:ss", "2016-12-31 23:59:60", "2017-01-01T00:00:00.000Z")]
    [InlineData("yyyy-MM-dd HH:mm:ss", "2026-03-01 24:00:00", "2026-03-02T00:00:00.000Z")]
    [InlineData("yyyy M d HH:mm", "2019 9 1 06:21", "2019-09-01T06:21:00.000Z")]
    [InlineData("yyyy M d H:mm", "2019 10 12 6:21", "2019-10-12T06:21:00.000Z")]
    [InlineData("M/d/yyyy h:mm tt", "3/1/2026 12:05 AM", "2026-03-01T00:05:00.000Z")]
    [InlineData("M/d/yyyy h:mm tt", "03/01/2026 12:00 pm", "2026-03-01T12:00:00.000Z")]
    [InlineData("M/d/yyyy h:mm:sstt", "3/1/2026 1:02:03PM", "2026-03-01T13:02:03.000Z")]
    [InlineData("dd-MMM-yy", "01-MAR-26", "2026-03-01T00:00:00.000Z")]
    [InlineData("dd MMM yyyy HH:mm", "28 feb 2026 10:00", "2026-02-28T10:00:00.000Z")]
    [InlineData("yyMMdd", "691231", "2069-12-31T00:00:00.000Z")]
    [InlineData("yyMMdd", "700101", "1970-01-01T00:00:00.000Z")]
    public void Times_are_read_as_the_map_says(string format, string text, string time) => Assert.Equal(time, Read(format, "UTC", text));

    [Theory]
    [InlineData("1970-01-01T01:00:00", "Europe/Paris", "1970-01-01T00:00:00.000Z")]
    [InlineData("2018-07-01 12:00:00", "Europe/Paris", "2018-07-01T10:00:00.000Z")]
    [InlineData("2018-10-28 02:30:00", "Europe/Paris", "2018-10-28T01:30:00.000Z")]
    [InlineData("2026-03-29 01:59:59", "Europe/Paris", "2026-03-29T00:59:59.000Z")]
    [InlineData("2026-03-29 03:00:00", "Europe/Paris", "2026-03-29T01:00:00.000Z")]
    [InlineData("2026-04-05 01:45:00", "Australia/Lord_Howe", "2026-04-04T15:15:00.000Z")]
    [InlineData("2011-03-13 00:00:30", "America/St_Johns", "2011-03-13T03:30:30.000Z")]
    [InlineData("2011-03-13 01:02:00", "America/St_Johns", "2011-03-13T03:32:00.000Z")]
    [InlineData("2026-03-01T12:00:00Z", "Europe/Paris", "2026-03-01T12:00:00.000Z")]
    public void Times_without_an_offset_are_on_the_clocks_of_the_zone(string text, string zone, string time) => Assert.Equal(time, Read("iso8601", zone, text));

    [Theory]
    [InlineData("2026-03-29 02:00:00", "Europe/Paris")]
    [InlineData("2026-03-29 02:59:59", "Europe/Paris")]
    [InlineData("2026-10-04 02:15:00", "Australia/Lord_Howe")]
    [InlineData("2011-03-13 00:01:30", "America/St_Johns")]
    public void An_hour_that_the_clocks_skip_does_not_exist(string text, string zone) =>
        Assert.Equal($"does not exist in {zone}, whose clocks are put forward over it", Read("iso8601", zone, text));

    [Fact]
    public void What_was_read_before_does_not_change_a_time()
    {
        var format = EventFiles.Parse(Map("yyyy-MM-dd HH:mm:ss", "America/St_Johns")).TimeFormat;
        string Next(string text) => format.Read(Encoding.UTF8.GetBytes(text), out var micros) ?? EventTime.Format(micros);

        // Their clocks changed one minute past midnight, in the middle of a quarter of an hour.
        Assert.Equal("2011-03-13T03:30:00.000Z", Next("2011-03-13 00:00:00"));
        Assert.StartsWith("does not exist", Next("2011-03-13 00:05:00"), StringComparison.Ordinal);
        Assert.Equal("2011-03-13T03:31:00.000Z", Next("2011-03-13 01:01:00"));
        Assert.Equal("2011-03-13T03:30:00.000Z", Next("2011-03-13 00:00:00"));
    }

    [Theory]
    [InlineData("epoch_s", "", "is not a number (epoch_s)")]
    [InlineData("epoch_s", "1 ", "is not a number (epoch_s)")]
    [InlineData("epoch_s", "0x10", "is not a number (epoch_s)")]
    [InlineData("epoch_s", "1.2.3", "is not a number (epoch_s)")]
    [InlineData("epoch_s", "NaN", "is not a number (epoch_s)")]
    [InlineData("epoch_s", "1767261600000", "lies outside the years 1970 to 9999 (epoch_s); a number of 13 digits is epoch_ms")]
    [InlineData("epoch_s", "1767261600000000", "lies outside the years 1970 to 9999 (epoch_s); a number of 16 digits is epoch_us")]
    [InlineData("epoch_ms", "1767261600000000000", "lies outside the years 1970 to 9999 (epoch_ms); a number of 19 digits is epoch_ns")]
    [InlineData("epoch_s", "-1", "lies outside the years 1970 to 9999 (epoch_s)")]
    [InlineData("epoch_s", "1e400", "lies outside the years 1970 to 9999 (epoch_s)")]
    [InlineData("epoch_s", "9223372036854775807", "lies outside the years 1970 to 9999 (epoch_s); a number of 19 digits is epoch_ns")]
    [InlineData("epoch_s", "-99999999999999999999999999", "lies outside the years 1970 to 9999 (epoch_s)")]
    [InlineData("iso8601", "1970-02-30T00:00:00Z", "names a day that does not exist")]
    [InlineData("iso8601", "1970-01-01T00:00:00.Z", "has a fraction without digits")]
    [InlineData("iso8601", "0001-01-01T00:00:00+01:00", "lies outside the years 1970 to 9999")]
    [InlineData("iso8601", "9999-12-31T23:59:59-01:00", "lies outside the years 1970 to 9999")]
    [InlineData("iso8601", "9999-12-31T24:00:00", "lies outside the years 1970 to 9999")]
    [InlineData("yyyy-MM-dd HH:mm:ss", "1970-01-01T00:00:00", "is not written as yyyy-MM-dd HH:mm:ss")]
    [InlineData("yyyy-MM-dd HH:mm:ss", "1970-01-01 00:00", "is not written as yyyy-MM-dd HH:mm:ss")]
    [InlineData("yyyy-MM-dd HH:mm:ss", "1970-01-01 00:00:00 ", "is not written as yyyy-MM-dd HH:mm:ss")]
    [InlineData("yyyy-MM-dd HH:mm:ss", "1970-13-01 00:00:00", "names a day that does not exist")]
    [InlineData("yyyy-MM-dd HH:mm:ss", "1969-12-31 23:59:59", "lies outside the years 1970 to 9999")]
    [InlineData("yyyy-MM-dd HH:mm:ss", "0000-00-00 00:00:00", "names a day that does not exist")]
    [InlineData("M/d/yyyy h:mm tt", "3/1/2026 13:00 PM", "is not written as M/d/yyyy h:mm tt")]
    [InlineData("M/d/yyyy h:mm tt", "3/1/2026 0:00 AM", "is not written as M/d/yyyy h:mm tt")]
    public void Times_that_do_not_fit_are_refused_with_what_is_wrong(string format, string text, string wrong) => Assert.Equal(wrong, Read(format, "UTC", text));

    [Fact]
    public void The_ends_of_the_calendar_do_not_overflow_in_any_zone()
    {
        foreach (var zone in new[] { "Pacific/Kiritimati", "Etc/GMT+12", "Europe/Paris" })
        {
            foreach (var text in new[] { "0001-01-01T00:00:00", "1969-12-31T00:00:00", "1970-01-01T00:00:00", "9999-12-31T23:59:59.999999", "9999-12-31T24:00:00" })
                Assert.NotEmpty(Read("iso8601", zone, text));
        }
    }

    [Theory]
    [InlineData("yy/MM", "needs a year, a month and a day")]
    [InlineData("MM-dd HH:mm", "needs a year, a month and a day")]
    [InlineData("yyyy-MM-dd hh:mm", "needs tt")]
    [InlineData("yyyy-MM-dd HH:mm tt", "needs tt")]
    [InlineData("yyyy-MM-dd yyyy", "has 'y' twice")]
    [InlineData("yyyyMd", "has nothing between 'M'")]
    [InlineData("yyy-MM-dd", "has 'yyy', which is no field")]
    [InlineData("DD/MM/YYYY", "has 'DD', which is no field")]
    [InlineData("yyyy-MM-dd HH:mm:ss.ffffffffff", "has 'ffffffffff', which is no field")]
    public void Patterns_that_could_not_be_read_are_refused(string pattern, string why)
    {
        var error = Assert.Throws<Scoring.Models.Files.EventFileException>(() => EventFiles.Parse(Map(pattern, "UTC")));

        Assert.Contains($"timeFormat '{pattern}' {why}", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("1h", "2017-01-01T00:00:00Z", "25", "2017-01-02T01:00:00.000Z")]
    [InlineData("1s", "2017-12-01", "86400", "2017-12-02T00:00:00.000Z")]
    [InlineData("30m", "2017-12-01T12:00:00+01:00", "1.5", "2017-12-01T11:45:00.000Z")]
    [InlineData("1d", "2017-12-01", "1e2", "2018-03-11T00:00:00.000Z")]
    [InlineData("1d", "2017-12-01", "-1", "2017-11-30T00:00:00.000Z")]
    public void Steps_count_from_a_start(string step, string from, string text, string time) => Assert.Equal(time, Steps(step, from, text));

    [Theory]
    [InlineData("1h", "2017-01-01T00:00:00Z", "1e12", "lies outside the years 1970 to 9999 (steps of 1h from 2017-01-01T00:00:00Z)")]
    [InlineData("1h", "2017-01-01T00:00:00Z", "9223372036854775807", "lies outside the years 1970 to 9999 (steps of 1h from 2017-01-01T00:00:00Z); a number of 19 digits is epoch_ns")]
    [InlineData("1h", "2017-01-01T00:00:00Z", "x", "is not a number (steps of 1h from 2017-01-01T00:00:00Z)")]
    public void Steps_that_lead_out_of_the_calendar_are_refused(string step, string from, string text, string wrong) => Assert.Equal(wrong, Steps(step, from, text));

    [Fact]
    public void A_start_without_an_offset_is_on_the_clocks_of_the_zone()
    {
        var map = EventFiles.Parse(EventFiles.Map("timeFormat: { step: 1h, from: 2026-07-01T00:00:00 }\ntimeZone: Europe/Paris"));

        Assert.Null(map.TimeFormat.Read("1"u8, out var micros));
        Assert.Equal("2026-06-30T23:00:00.000Z", EventTime.Format(micros));
    }

    private static string Read(string format, string zone, string text) =>
        EventFiles.Parse(Map(format, zone)).TimeFormat.Read(Encoding.UTF8.GetBytes(text), out var micros) ?? EventTime.Format(micros);

    private static string Steps(string step, string from, string text) =>
        EventFiles.Parse(EventFiles.Map(string.Create(CultureInfo.InvariantCulture, $"timeFormat: {{ step: {step}, from: \"{from}\" }}"))).TimeFormat.Read(Encoding.UTF8.GetBytes(text), out var micros)
        ?? EventTime.Format(micros);

    private static string Map(string format, string zone) => EventFiles.Map($"timeFormat: \"{format}\"\ntimeZone: {zone}");
}
