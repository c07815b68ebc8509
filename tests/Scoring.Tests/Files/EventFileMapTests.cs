using System.Text;
using Scoring.Models.Files;

namespace Scoring.Tests.Files;

public sealed class EventFileMapTests
{
    [Fact]
    public void Every_error_of_a_map_is_told_at_once_with_its_line()
    {
        var error = Assert.Throws<EventFileException>(() => Parse("""
            columns:
              transactionId: A
              shoe: B
              amount: { column: C, type: euros }
            timeFormat: "yy/MM"
            timeZone: Mars/Base
            labelDelay: soon
            delimiter: ab
            colour: red
            """));

        string[] expected =
        [
            "map.yaml:2: columns: 'cardId' is missing", "map.yaml:2: columns: 'eventTime' is missing", "map.yaml:3: columns: field 'shoe' is unknown",
            "map.yaml:4: columns: amount: type 'euros' must be decimal or cents", "map.yaml:5: map: timeFormat 'yy/MM' needs yyyy", "map.yaml:6: map: time zone 'Mars/Base'",
            "map.yaml:7: map: labelDelay: 'soon'", "map.yaml:8: map: delimiter 'ab'", "map.yaml:9: map: unknown key 'colour'",
        ];
        var lines = error.Message.Split('\n');
        Assert.Equal(expected.Length, lines.Length);
        Assert.All(expected.Zip(lines), pair => Assert.StartsWith(pair.First, pair.Second, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("epoch_s", "UTC", "12", 12_000_000)]
    [InlineData("epoch_s", "UTC", "-1.5", -1_500_000)]
    [InlineData("epoch_ms", "UTC", "1500", 1_500_000)]
    [InlineData("iso8601", "UTC", "1970-01-01T00:00:01.1234567Z", 1_123_456)]
    [InlineData("iso8601", "UTC", "1970-01-01 01:00:00+01:00", 0)]
    [InlineData("iso8601", "UTC", "1970-01-01T00:00-0030", 1_800_000_000)]
    [InlineData("iso8601", "UTC", "1970-01-02", 86_400_000_000)]
    [InlineData("iso8601", "Europe/Paris", "1970-01-01T01:00:00", 0)]
    [InlineData("dd/MM/yyyy HH.mm", "UTC", "02/01/1970 00.01", 86_460_000_000)]
    [InlineData("yyyyMMddHHmmssfff", "UTC", "19700101000000250", 250_000)]
    [InlineData("yyyy-MM-dd HH:mm:ss", "Europe/Paris", "2018-07-01 12:00:00", 1_530_439_200_000_000)]
    [InlineData("yyyy-MM-dd HH:mm:ss", "Europe/Paris", "2018-10-28 02:30:00", 1_540_690_200_000_000)]
    public void Times_are_read_as_the_map_says(string format, string zone, string text, long micros)
    {
        Assert.True(Parse(Map(format, zone)).TimeFormat.TryRead(Encoding.UTF8.GetBytes(text), out var read));
        Assert.Equal(micros, read);
    }

    [Theory]
    [InlineData("epoch_s", "UTC", "1 ")]
    [InlineData("epoch_s", "UTC", "999999999999999")]
    [InlineData("iso8601", "UTC", "1970-02-30T00:00:00Z")]
    [InlineData("iso8601", "UTC", "1970-01-01T24:00:00Z")]
    [InlineData("iso8601", "UTC", "1970-01-01T00:00:00.Z")]
    [InlineData("yyyy-MM-dd HH:mm:ss", "UTC", "1970-01-01T00:00:00")]
    [InlineData("yyyy-MM-dd HH:mm:ss", "UTC", "1970-01-01 00:00")]
    [InlineData("yyyy-MM-dd HH:mm:ss", "Europe/Paris", "2018-03-25 02:30:00")]
    public void Times_that_do_not_fit_are_refused(string format, string zone, string text) =>
        Assert.False(Parse(Map(format, zone)).TimeFormat.TryRead(Encoding.UTF8.GetBytes(text), out _));

    private static string Map(string format, string zone) => $$"""
        columns: { transactionId: a, cardId: b, amount: c, eventTime: d }
        timeFormat: "{{format}}"
        timeZone: {{zone}}
        """;

    private static EventFileMap Parse(string yaml) => EventFileMap.Parse(new StringReader(yaml), "map.yaml");
}
