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
        EngineState.SaveChanged(engine);

        engine.Play(Events.Transaction("x", 1_000_000, card: "new", user: "u0"));

        Assert.Equal(2, engine.ChangedEntities);
        Assert.Equal(["card", "user"], EngineState.SaveChanged(engine).Keys.Select(k => k.Split(' ')[0]));
        Assert.Empty(EngineState.SaveChanged(engine));
    }

    [Fact]
    public void A_duplicate_changes_no_state()
    {
        var engine = Played(50);
        engine.Play(Events.Transaction("again", 999_999, card: "c1"));
        var before = EngineState.Save(engine);
        EngineState.SaveChanged(engine);

        Assert.True(engine.Play(Events.Transaction("again", 999_999, card: "c1")).Result.Duplicate);

        Assert.Equal(0, engine.ChangedEntities);
        Assert.Equal(before, EngineState.Save(engine));
    }

    [Fact]
    public void Every_damaged_byte_of_a_state_is_found()
    {
        var random = new Random(7);
        foreach (var (name, state) in EngineState.Save(Played(100)))
        {
            for (var at = 0; at < state.Length; at++)
            {
                byte[] damaged = [.. state];
                damaged[at] ^= (byte)random.Next(1, 256);
                AssertDamaged(name, damaged);
                AssertDamaged(name, state[..at]);
            }

            for (byte version = 0; version < 255; version++)
            {
                if (version != state[0])
                    AssertDamaged(name, [version, .. state[1..]]);
            }

            AssertDamaged(name, [.. state, 0]);
        }
    }

    [Fact]
    public void A_state_is_not_taken_for_that_of_another_key_or_kind()
    {
        var states = EngineState.Save(Played(20));
        var users = states.Where(s => s.Key.StartsWith("user", StringComparison.Ordinal)).ToArray();

        AssertDamaged(users[0].Key, users[1].Value);
        AssertDamaged(users[0].Key.Replace("user", "terminal", StringComparison.Ordinal), users[0].Value);
    }

    [Fact]
    public void A_state_of_another_layout_is_refused_with_the_reason()
    {
        var states = EngineState.Save(Played(10));
        var other = new FeatureEngine(Events.Set("  - { name: n, from: card, agg: distinct, of: mcc, window: 1d }"), new FeatureEngineOptions());

        var error = Assert.Throws<StateLayoutException>(() => EngineState.Restore(other, states.Take(1)));

        Assert.Contains("other columns", error.Message, StringComparison.Ordinal);
    }

    private static void AssertDamaged(string name, byte[] state)
    {
        var engine = new FeatureEngine(Events.Set(Features), new FeatureEngineOptions());
        Assert.Throws<StateDamagedException>(() => EngineState.Restore(engine, [new(name, state)]));
        Assert.Equal(0, engine.EntitiesInMemory);
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
