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
        Assert.Equal(EngineState.Marks(engine), EngineState.Marks(copy));
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
    public void Every_damaged_byte_of_the_marks_is_found()
    {
        var random = new Random(8);
        var marks = EngineState.Marks(Played(20));
        for (var at = 0; at < marks.Length; at++)
        {
            byte[] damaged = [.. marks];
            damaged[at] ^= (byte)random.Next(1, 256);
            Assert.Throws<StateDamagedException>(() => Engine().RestoreMarks(damaged));
            Assert.Throws<StateDamagedException>(() => Engine().RestoreMarks(marks.AsSpan(0, at)));
        }

        Assert.Throws<StateDamagedException>(() => Engine().RestoreMarks([1, .. marks[1..]]));
    }

    [Theory]
    [InlineData(2)]
    [InlineData(4)]
    public void A_whole_state_of_an_earlier_or_newer_format_is_refused_by_it(byte format)
    {
        var marks = EngineState.Marks(Played(1));
        marks[0] = format;
        Seal(marks, Crc32C(uint.MaxValue, marks.AsSpan(0, marks.Length - 4)));
        Assert.Contains($"format {format},", Assert.Throws<StateLayoutException>(() => Engine().RestoreMarks(marks)).Message, StringComparison.Ordinal);

        var (name, state) = EngineState.Save(Played(1)).First();
        state[0] = format;
        var start = Crc32C(Crc32C(uint.MaxValue, "card"u8), Convert.FromHexString(name.Split(' ')[1]));
        Seal(state, Crc32C(start, state.AsSpan(0, state.Length - 4)));
        Assert.Contains($"format {format},", Assert.Throws<StateLayoutException>(() => EngineState.Restore(Engine(), [new(name, state)])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_restored_card_tells_repeats_from_other_payments_under_their_ids()
    {
        var engine = Engine();
        engine.Play(Events.Transaction("held", 10_000));
        engine.Play(Events.Transaction("late", 0));
        Assert.Equal(1, engine.Statistics()[0].Events);

        var copy = EngineState.Copy(engine, new FeatureEngineOptions());

        foreach (var (id, seconds) in new[] { ("held", 10_000), ("late", 0) })
        {
            Assert.Equal((true, false), copy.Seen(Events.Transaction(id, seconds)));
            Assert.Equal((true, true), copy.Seen(Events.Transaction(id, seconds, units: 10_001)));
            Assert.Equal((false, false), copy.Seen(Events.Transaction(id, seconds, user: "other", units: 10_001)));
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

        Assert.Contains("keeps other columns", error.Message, StringComparison.Ordinal);
    }

    private static FeatureEngine Engine() => new(Events.Set(Features), new FeatureEngineOptions());

    private static void Seal(byte[] bytes, uint checksum) => System.Buffers.Binary.BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(bytes.Length - 4), checksum);

    // CRC-32C bit by bit, with the reversed polynomial.
    private static uint Crc32C(uint checksum, ReadOnlySpan<byte> bytes)
    {
        foreach (var value in bytes)
        {
            checksum ^= value;
            for (var bit = 0; bit < 8; bit++)
                checksum = (checksum >> 1) ^ ((checksum & 1) * 0x82F6_3B78);
        }

        return checksum;
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
