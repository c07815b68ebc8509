using Scoring.Models.Features;
using Xunit.Abstractions;
using static Scoring.Tests.Features.Events;

namespace Scoring.Tests.Features;

/// <summary>States outlive the feature set that wrote them.</summary>
public sealed class StateMigrationTests(ITestOutputHelper output)
{
    private const double Day = 86_400;

    [Fact]
    public void A_feature_that_is_not_cold_is_as_if_its_set_had_always_run()
    {
        var (warm, cold, switches) = (0L, 0L, 0L);
        for (var seed = 0; seed < 3_000; seed++)
        {
            var (stream, random) = (new RandomStream(seed), new Random(seed));
            var sets = Enumerable.Range(1, 2).Select(i => new RandomStream(seed + (i * 10_000_000)))
                .Select(o => (Set: RandomStream.Declare(o.Features, o.Retain, stream.Lateness, 0), o.Features, o.Retain))
                .Append((stream.Set, stream.Features, stream.Retain)).ToArray();
            var hold = sets.Min(s => s.Retain) + stream.Lateness;
            var rows = new Dictionary<string, byte[]>();
            var engine = new FeatureEngine(sets[^1].Set, stream.Options);
            var plain = new FeatureEngine(sets[^1].Set, stream.Options);
            var current = sets[^1];
            for (var i = 0; i < stream.Events.Count; i++)
            {
                // The one limit: an event that lags all others by more than entities are held.
                if (stream.Events.Take(i + 1).Max(e => e.Time) - stream.Events[i].Time > hold)
                    break;
                if (random.Next(12) == 0)
                {
                    current = sets[random.Next(sets.Length)];
                    engine = Switch(engine, current.Set, stream.Options, rows);
                    plain = new FeatureEngine(current.Set, stream.Options);
                    for (var j = 0; j < i; j++)
                        Play(plain, stream, j);
                    switches++;
                }

                Load(engine, stream, i, rows);
                var (expected, actual) = (Play(plain, stream, i), Play(engine, stream, i));
                Assert.True(expected.Result.Duplicate == actual.Result.Duplicate && expected.Result.Conflict == actual.Result.Conflict, $"seed {seed} event {i}: duplicate\n{stream}");
                for (var f = 0; f < current.Features.Count; f++)
                {
                    var isWarm = engine.WarmSinceMicros(f) is not { } since || stream.Events[i].Time * Second >= since;
                    if (isWarm && !expected.Features[f].Equals(actual.Features[f]))
                        Assert.Fail($"seed {seed} event {i}: {current.Features[f].Yaml()} is {actual.Features[f]:R}, expected {expected.Features[f]:R}\n{stream}");
                    Assert.True(isWarm || actual.Result.Duplicate || actual.Result.Degraded.Contains("cold_window"), $"seed {seed} event {i}: cold but not said");
                    warm += isWarm && switches > 0 ? 1 : 0;
                    cold += isWarm ? 0 : 1;
                }
            }
        }

        output.WriteLine($"{switches} switches, {warm} warm values, {cold} cold ones");
        Assert.True(switches > 3_000 && warm > 50_000 && cold > 10_000, "sets must have been switched");
    }

    [Fact]
    public void A_set_that_keeps_the_same_of_its_events_is_warm_at_once()
    {
        var options = new FeatureEngineOptions();
        var engine = new FeatureEngine(Set("  - { name: sum, from: card, agg: sum, of: amount, window: 1d }"), options);
        engine.Play(Transaction("a", 0));

        var next = Carry(engine, Set("""
              - { name: mean, from: card, agg: mean, of: amount, window: 7d }
              - { name: n, from: card, agg: count, window: 1h }
            """));

        Assert.Null(next.WarmSinceMicros(0));
        var (features, result) = next.Play(Transaction("b", 60, units: 30_000));
        Assert.Equal([2.0, 2.0], features);
        Assert.Empty(result.Degraded);
    }

    [Fact]
    public void What_was_not_kept_is_cold_from_the_watermark_on_through_later_changes()
    {
        var engine = new FeatureEngine(Set("  - { name: n, from: card, agg: count, window: 1d }"), new FeatureEngineOptions());
        engine.Play(Transaction("a", 1_000, country: "FR", channel: "ecom"));
        const string added = """
              - { name: n, from: card, agg: count, window: 1d }
              - { name: d, from: card, agg: distinct, of: country, window: 2h }
              - { name: e, from: card, agg: count, window: 1h, offset: 1h, where: { channel: ecom } }
              - { name: s, from: card, agg: sum, of: amount, window: 3h }
              - { name: u, from: user, agg: count, window: 1h }
            """;

        var next = Carry(engine, Set(added));
        Assert.Equal(["cold_window"], next.Play(Transaction("b", 2_000, country: "DE")).Result.Degraded);
        next = Carry(next, Set(added + "\n  - { name: x, from: user, agg: distinct, of: mcc, window: 1h }\n"));

        long?[] expected = [null, 1_000 + 7_200, 1_000 + 7_200, 1_000 + 10_800, 1_000 + 3_600, 2_000 + 3_600];
        Assert.Equal(expected.Select(s => s * Second), Enumerable.Range(0, 6).Select(next.WarmSinceMicros));
        Assert.Equal(["cold_window"], next.Play(Transaction("c", 1_000 + 10_799)).Result.Degraded);
        Assert.Empty(next.Play(Transaction("d", 1_000 + 10_800)).Result.Degraded);
    }

    [Fact]
    public void Repeats_and_other_payments_under_an_id_are_told_apart_over_a_change_of_the_set()
    {
        var engine = new FeatureEngine(Set("  - { name: n, from: card, agg: count, window: 1d }"), new FeatureEngineOptions());
        engine.Play(Transaction("a", 10_000, country: "FR"));
        engine.Play(Transaction("late", 0, country: "FR"));

        var next = Carry(engine, Set("""
              - { name: s, from: card, agg: sum, of: amount, window: 1d }
              - { name: d, from: card, agg: distinct, of: country, window: 2h }
            """));

        foreach (var (id, seconds) in new[] { ("a", 10_000), ("late", 0) })
        {
            Assert.Equal((true, false), next.Seen(Transaction(id, seconds, country: "FR")));
            Assert.Equal((true, true), next.Seen(Transaction(id, seconds, country: "DE")));
        }
    }

    [Fact]
    public void A_longer_hold_is_cold_until_the_events_that_left_are_out_of_the_window()
    {
        const string features = "  - { name: n, from: card, agg: count, window: 10d }";
        var engine = new FeatureEngine(Set(features, retain: "10d"), new FeatureEngineOptions());
        engine.Play(Transaction("a", 100 * Day));

        var next = Carry(engine, Set(features + "\n  - { name: m, from: card, agg: count, window: 20d }", retain: "20d"));

        // Held for 10 days and the lateness of an hour.
        long Since(int days) => ((long)((90 + days) * Day) - 3_600) * Second;
        Assert.Equal([Since(10), Since(20)], [next.WarmSinceMicros(0), next.WarmSinceMicros(1)]);
        Assert.Equal([2.0, 2.0], next.Play(Transaction("b", 100 * Day)).Features);
    }

    [Fact]
    public void A_shorter_hold_and_fewer_events_let_the_oldest_go()
    {
        const string features = "  - { name: n, from: card, agg: count, window: 1d }";
        var engine = new FeatureEngine(Set(features, retain: "10d"), new FeatureEngineOptions());
        for (var i = 0; i < 20; i++)
            engine.Play(Transaction($"t{i}", i * Day / 4));

        Assert.Equal(9, Carry(engine, Set(features, retain: "2d")).Statistics()[0].Events);
        var few = Carry(engine, Set(features, retain: "10d", maxEvents: 3));
        Assert.Equal(3, few.Statistics()[0].Events);
        Assert.Equal(["max_events:n"], few.Play(Transaction("x", 19 * Day / 4)).Result.Degraded);
    }

    [Fact]
    public void A_kind_that_a_set_left_out_comes_back_cold_and_its_states_are_read()
    {
        const string card = "  - { name: n, from: card, agg: count, window: 1d }\n";
        const string both = card + "  - { name: u, from: user, agg: distinct, of: country, window: 1d }";
        var options = new FeatureEngineOptions();
        var engine = new FeatureEngine(Set(both), options);
        engine.Play(Transaction("a", 0, user: "u", country: "FR"));
        var rows = EngineState.Save(engine);
        var without = new FeatureEngine(Set(card), options);
        without.RestoreMarks(EngineState.Marks(engine));
        Assert.False(without.Keeps("user"));
        without.Play(Transaction("b", 100, user: "u", country: "DE"));

        var again = new FeatureEngine(Set(both), options);
        again.RestoreMarks(EngineState.Marks(without));
        EngineState.Restore(again, rows.Where(r => r.Key.StartsWith("user", StringComparison.Ordinal)));

        Assert.Equal((long)(100 + Day) * Second, again.WarmSinceMicros(1));
        Assert.Equal(["cold_window"], again.Play(Transaction("c", 200, user: "u")).Result.Degraded);
    }

    [Fact]
    public void Of_old_layouts_only_the_newest_are_known()
    {
        var options = new FeatureEngineOptions();
        var engine = new FeatureEngine(Retaining(1), options);
        engine.Play(Transaction("a", 0));
        var rows = EngineState.Save(engine);
        for (var days = 2; days <= 16; days++)
            engine = Carry(engine, Retaining(days), []);
        var last = Carry(engine, Retaining(17), []);

        EngineState.Restore(engine, rows);
        var error = Assert.Throws<StateLayoutException>(() => EngineState.Restore(last, rows));

        Assert.Equal(1, engine.EntitiesInMemory);
        Assert.Contains("layout", error.Message, StringComparison.Ordinal);

        static FeatureSet Retaining(int days) => Set("  - { name: n, from: card, agg: count, window: 1d }", retain: $"{days}d");
    }

    [Fact]
    public void An_entity_of_another_key_is_refused_by_name()
    {
        var engine = new FeatureEngine(Payer("userId"), new FeatureEngineOptions());
        engine.Play(Transaction("a", 0));

        var error = Assert.Throws<StateLayoutException>(() => Carry(engine, Payer("deviceId")));

        Assert.Contains("payer", error.Message, StringComparison.Ordinal);
        Assert.Contains("deviceId", error.Message, StringComparison.Ordinal);

        static FeatureSet Payer(string key) => FeatureSet.Parse(
            new StringReader($$"""
                featureSet: test
                version: 1
                entities: { payer: { key: {{key}}, retain: 1d } }
                features:
                  - { name: n, from: payer, agg: count, window: 1d }
                """),
            "test.yaml");
    }

    private static FeatureEngine Carry(FeatureEngine engine, FeatureSet set) => Carry(engine, set, EngineState.Save(engine));

    private static FeatureEngine Carry(FeatureEngine engine, FeatureSet set, IEnumerable<KeyValuePair<string, byte[]>> rows)
    {
        var next = new FeatureEngine(set, new FeatureEngineOptions());
        next.RestoreMarks(EngineState.Marks(engine));
        EngineState.Restore(next, rows.Where(r => next.Keeps(r.Key.Split(' ')[0])));
        return next;
    }

    private static (double[] Features, FeatureResult Result) Play(FeatureEngine engine, RandomStream stream, int i)
    {
        if (stream.Labels[i] is { } labelled)
            engine.ApplyLabel(RandomStream.Transaction(labelled), true);
        return engine.Play(RandomStream.Transaction(stream.Events[i]));
    }

    // Only what changed is written, so rows of several layouts lie in the store.
    private static FeatureEngine Switch(FeatureEngine engine, FeatureSet set, FeatureEngineOptions options, Dictionary<string, byte[]> rows)
    {
        foreach (var (name, state) in EngineState.SaveChanged(engine))
            rows[name] = state;
        var next = new FeatureEngine(set, options);
        next.RestoreMarks(EngineState.Marks(engine));
        return next;
    }

    private static void Load(FeatureEngine engine, RandomStream stream, int i, Dictionary<string, byte[]> rows)
    {
        var missing = new EntityKeySet();
        engine.FindMissing(RandomStream.Transaction(stream.Events[i]), missing);
        if (stream.Labels[i] is { } labelled)
            engine.FindMissing(RandomStream.Transaction(labelled), missing);
        EngineState.Restore(engine, missing.Select(m => EngineState.Name(m.Kind, m.Key.Span)).Where(rows.ContainsKey).Select(n => KeyValuePair.Create(n, rows[n])));
    }
}
