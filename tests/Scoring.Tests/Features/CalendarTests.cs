using Scoring.Models.Features;
using static Scoring.Tests.Features.Events;

namespace Scoring.Tests.Features;

public sealed class CalendarTests
{
    private const string Flags = """
          - { name: hour, from: calendar, flag: hour }
          - { name: weekday, from: calendar, flag: weekday }
          - { name: weekend, from: calendar, flag: weekend }
          - { name: friday, from: calendar, flag: weekend, days: [fri] }
          - { name: night, from: calendar, flag: night, hours: [0, 6] }
          - { name: late, from: calendar, flag: night, hours: [22, 5] }
        """;

    [Theory]
    [InlineData("2018-04-01T00:00:00Z", "UTC", "0 7 1 0 1 1")]
    [InlineData("2018-04-01T06:59:59.999999Z", "UTC", "6 7 1 0 1 0")]
    [InlineData("2018-04-02T07:00:00Z", "UTC", "7 1 0 0 0 0")]
    [InlineData("2018-04-06T22:00:00Z", "UTC", "22 5 0 1 0 1")]
    [InlineData("1969-12-31T23:59:59Z", "UTC", "23 3 0 0 0 1")]
    [InlineData("2018-03-25T00:59:59Z", "Europe/Paris", "1 7 1 0 1 1")]
    [InlineData("2018-03-25T01:00:00Z", "Europe/Paris", "3 7 1 0 1 1")]
    [InlineData("2018-10-28T00:59:59Z", "Europe/Paris", "2 7 1 0 1 1")]
    [InlineData("2018-10-28T01:00:00Z", "Europe/Paris", "2 7 1 0 1 1")]
    [InlineData("2018-04-06T18:15:00Z", "Asia/Kathmandu", "0 6 1 0 1 1")]
    public void Flags_follow_the_clocks_of_the_sets_zone(string time, string zone, string expected)
    {
        var engine = new FeatureEngine(Set(Flags, zone: zone), new FeatureEngineOptions());
        var at = DateTimeOffset.Parse(time, System.Globalization.CultureInfo.InvariantCulture);

        var features = engine.Play(Transaction("t", (at - DateTimeOffset.UnixEpoch).TotalSeconds)).Features;

        Assert.Equal(expected, string.Join(' ', features));
    }
}
