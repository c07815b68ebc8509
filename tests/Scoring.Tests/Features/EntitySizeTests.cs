using Scoring.Models.Features;

namespace Scoring.Tests.Features;

/// <summary>An entity that was busier once ends as small, and computes the same, as one that never was.</summary>
public sealed class EntitySizeTests
{
    private const int Held = 50;

    // 50 events lie within the 30 days and 1 hour for which they are held.
    private const double QuietStepSeconds = 14.5 * 3_600;

    private const string Features = """
          - { name: n, from: card, agg: count, window: 30d, where: { channel: ecom } }
          - { name: s, from: card, agg: stddev, of: amount, window: 30d }
          - { name: l, from: card, agg: last, of: amount, window: 30d, where: { channel: ecom }, thisEvent: exclude }
          - { name: x, from: card, agg: max, of: amount, window: 7d }
          - { name: d, from: user, agg: distinct, of: country, window: 30d }
          - { name: f, from: user, agg: frequency, of: country, window: 7d }
          - { name: m, from: user, agg: distinct, of: merchantId, window: 30d }
          - { name: r, from: user, agg: frequency, of: merchantId, window: 30d }
        """;

    [Theory]
    [InlineData(60)]
    [InlineData(200)]
    [InlineData(900)]
    public void An_entity_that_was_busier_once_is_as_small_and_as_right_as_one_that_never_was(int busyEvents)
    {
        var engine = new FeatureEngine(Events.Set(Features), new FeatureEngineOptions());
        for (var i = 0; i < busyEvents; i++)
            Play(engine, i, (i - busyEvents) * 600);
        var busyBytes = engine.Statistics().ToDictionary(s => s.Name, s => s.Bytes);

        for (var i = 0; i < 3 * Held; i++)
        {
            var features = Play(engine, busyEvents + i, i * QuietStepSeconds);
            if (i < 2 * Held)
                continue;
            var fresh = new FeatureEngine(Events.Set(Features), new FeatureEngineOptions());
            double[] expected = [];
            for (var j = i - Held + 1; j <= i; j++)
                expected = Play(fresh, busyEvents + j, j * QuietStepSeconds);

            Assert.Equal(expected, features);
            foreach (var (small, once) in fresh.Statistics().Zip(engine.Statistics()).Where(p => p.First.Entities > 0))
            {
                Assert.Equal(Held, once.Events);
                Assert.InRange(once.Bytes, 1, small.Bytes * 1.15);
                Assert.InRange(once.Bytes, 1, busyBytes[once.Name]);
            }
        }
    }

    // Merchants recur after some time, so codes stand for other values than before.
    private static double[] Play(FeatureEngine engine, int i, double seconds) => engine.Play(Events.Transaction(
        $"t{i}", seconds, user: "u", units: 10_000 + (i * 7_919 % 50_000), merchant: $"m{i * 31 % 400 / (seconds < 0 ? 1 : 20)}",
        channel: i % 3 == 0 ? "ecom" : "pos", country: $"{(char)('A' + (i % 5))}{(char)('A' + (i / 40 % 7))}")).Features;
}
