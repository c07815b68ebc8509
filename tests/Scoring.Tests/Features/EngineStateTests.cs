using Scoring.Models.Features;

namespace Scoring.Tests.Features;

public sealed class EngineStateTests
{
    private const string Features = """
          - { name: n, from: card, agg: count, window: 1d }
          - { name: s, from: card, agg: stddev, of: amount, window: 7d, where: { channel: ecom } }
          - { name: m, from: card, agg: max, of: amount, window: 1h }
          - { name: d, from: user, agg: distinct, of: country, window: 1d }
          - { name: r, from: terminal, agg: rate, of: label, window: 1d }
        """;

    [Fact]
    public void A_restored_state_is_written_again_as_the_same_bytes()
    {
        var engine = Played(200);

        var states = EngineState.Save(engine);
        var copy = EngineState.Copy(engine, new FeatureEngineOptions());

        Assert.Equal(states, EngineState.Save(copy));
        Assert.Equal(engine.Statistics().Select(s => (s.Entities, s.Events)), copy.Statistics().Select(s => (s.Entities, s.Events)));
        Assert.Equal(engine.WatermarkMicros, copy.WatermarkMicros);
    }

    [Fact]
    public void Only_entities_that_changed_since_the_last_save_are_saved()
    {
        var engine = Played(50);
        EngineState.Save(engine);

        engine.Play(Events.Transaction("x", 1_000_000, card: "new", user: "u0"));

        Assert.Equal(2, engine.ChangedEntities);
        Assert.Equal(["card", "user"], EngineState.Save(engine, changedOnly: true).Keys.Select(k => k.Split(' ')[0]));
        Assert.Empty(EngineState.Save(engine, changedOnly: true));
    }

    [Fact]
    public void A_duplicate_changes_no_state()
    {
        var engine = Played(50);
        engine.Play(Events.Transaction("again", 999_999, card: "c1"));
        var before = EngineState.Save(engine);

        Assert.True(engine.Play(Events.Transaction("again", 999_999, card: "c1")).Result.Duplicate);

        Assert.Equal(0, engine.ChangedEntities);
        Assert.Equal(before, EngineState.Save(engine));
    }

    [Fact]
    public void Damaged_states_are_refused_whole_or_read_whole()
    {
        var random = new Random(7);
        var states = EngineState.Save(Played(100)).ToArray();
        var refused = 0;
        for (var i = 0; i < 5_000; i++)
        {
            var (name, state) = states[random.Next(states.Length)];
            var damaged = random.Next(3) == 0 ? state[..random.Next(state.Length)] : [.. state];
            for (var hits = random.Next(1, 4); hits > 0 && damaged.Length > 0; hits--)
                damaged[random.Next(Math.Min(damaged.Length, random.Next(2) == 0 ? 40 : int.MaxValue))] = (byte)random.Next(256);
            var engine = new FeatureEngine(Events.Set(Features), new FeatureEngineOptions());
            try
            {
                EngineState.Restore(engine, [new(name, damaged)]);
                Assert.Equal(damaged, EngineState.Save(engine).Single().Value);
            }
            catch (FormatException)
            {
                refused++;
                Assert.All(engine.Statistics(), s => Assert.Equal(0, s.Entities));
            }
        }

        Assert.InRange(refused, 1_000, 4_999);
    }

    [Fact]
    public void A_state_of_another_layout_is_refused_with_the_reason()
    {
        var states = EngineState.Save(Played(10));
        var other = new FeatureEngine(Events.Set("  - { name: n, from: card, agg: distinct, of: mcc, window: 1d }"), new FeatureEngineOptions());

        var error = Assert.Throws<FormatException>(() => EngineState.Restore(other, states.Take(1)));

        Assert.Contains("other columns", error.Message, StringComparison.Ordinal);
    }

    private static FeatureEngine Played(int events)
    {
        var random = new Random(3);
        var engine = new FeatureEngine(Events.Set(Features), new FeatureEngineOptions());
        for (var i = 0; i < events; i++)
        {
            engine.Play(Events.Transaction(
                $"t{i}", (i * 600) - random.Next(7200), $"c{random.Next(4)}", $"u{random.Next(2)}", random.NextInt64(-5_000_000_000, 5_000_000_000),
                terminal: $"p{random.Next(3)}", channel: random.Next(2) == 0 ? "ecom" : "pos", country: random.Next(3) == 0 ? null : "FR"));
        }

        return engine;
    }
}
