using Scoring.Models.Features;
using static Scoring.Tests.Features.Events;

namespace Scoring.Tests.Features;

public sealed class EventAndArithmeticTests
{
    private const string Features = """
          - { name: amount, from: event, field: amount }
          - { name: ecom, from: event, field: channel, is: [ecom, moto] }
          - { name: home, from: event, field: country, is: FR, empty: 1 }
          - { name: mean, from: card, agg: mean, of: amount, window: 1d, thisEvent: exclude }
          - { name: deviation, from: card, agg: stddev, of: amount, window: 1d, thisEvent: exclude }
          - { name: ratio, from: arithmetic, ratio: [amount, mean] }
          - { name: ratio_or_one, from: arithmetic, ratio: [amount, mean], empty: 1 }
          - { name: difference, from: arithmetic, difference: [amount, mean], empty: -1 }
          - { name: z, from: arithmetic, zscore: [amount, mean, deviation], empty: 0 }
        """;

    [Fact]
    public void Arithmetic_over_missing_features_is_missing_or_the_declared_value()
    {
        var engine = new FeatureEngine(Set(Features), new FeatureEngineOptions());

        Assert.Equal([2.5, double.NaN, 1, double.NaN, double.NaN, double.NaN, 1, -1, 0], engine.Play(Transaction("a", 0, units: 25_000)).Features);
    }

    [Fact]
    public void Arithmetic_computes_over_the_features_before_it()
    {
        var engine = new FeatureEngine(Set(Features), new FeatureEngineOptions());
        engine.Play(Transaction("a", 0, units: 20_000));
        engine.Play(Transaction("b", 1, units: 40_000));

        var features = engine.Play(Transaction("c", 2, units: 60_000, channel: "moto", country: "DE")).Features;

        Assert.Equal([6, 1, 0, 3, Math.Sqrt(2), 2, 2, 3, 3 / Math.Sqrt(2)], features);
    }

    [Fact]
    public void Division_by_zero_is_missing_or_the_declared_value()
    {
        var engine = new FeatureEngine(Set(Features), new FeatureEngineOptions());
        engine.Play(Transaction("a", 0, units: 0));
        engine.Play(Transaction("b", 0, units: 0));

        var features = engine.Play(Transaction("c", 1, units: 10_000)).Features;

        Assert.Equal([1, double.NaN, 1, 0, 0, double.NaN, 1, 1, 0], features);
    }

    [Fact]
    public void A_result_that_no_float32_holds_is_missing_or_the_declared_value()
    {
        var engine = new FeatureEngine(
            Set("""
                  - { name: amount, from: event, field: amount }
                  - { name: tiny, from: card, agg: mean, of: amount, window: 1d, thisEvent: exclude, empty: 1e-37 }
                  - { name: huge, from: arithmetic, ratio: [amount, tiny] }
                  - { name: huge_or_two, from: arithmetic, ratio: [amount, tiny], empty: 2 }
                """),
            new FeatureEngineOptions());

        Assert.Equal([100, 1e-37, double.NaN, 2], engine.Play(Transaction("a", 0, units: 1_000_000)).Features);
    }
}
