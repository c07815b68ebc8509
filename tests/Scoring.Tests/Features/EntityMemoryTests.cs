using System.Buffers;
using System.Text;
using Scoring.Models.Features;
using Scoring.Models.Wire;
using static Scoring.Tests.Features.Events;

namespace Scoring.Tests.Features;

public sealed class EntityMemoryTests
{
    private const double Day = 86_400;

    private const string Counts = """
          - { name: card, from: card, agg: count, window: 1d }
          - { name: user, from: user, agg: count, window: 1d }
        """;

    [Fact]
    public void Missing_entities_are_those_of_the_record_that_are_not_in_memory()
    {
        var engine = Engine(Counts);
        engine.Play(Transaction("a", 0, card: "c1", user: "u"));
        var missing = new EntityKeySet();

        engine.FindMissing(Transaction("b", 1, card: "c1", user: "u"), missing);
        Assert.Empty(missing);
        engine.FindMissing(Transaction("b", 1, card: "c2", user: "u"), missing);
        engine.FindMissing(Transaction("b", 1, card: "c2", user: "v"), missing);
        engine.FindMissing(Transaction("b", 1, card: "c2", user: "u"), missing);

        Assert.Equal(["card u|c2", "card v|c2", "user v"], missing.Select(Name));
    }

    [Fact]
    public void The_entities_of_a_label_are_those_that_keep_labels()
    {
        var engine = Engine("""
              - { name: card, from: card, agg: count, window: 1d }
              - { name: user, from: user, agg: rate, of: label, window: 1d }
            """);
        var label = new Label("t1cu"u8.ToArray(), 0..2, 2..3, 3..4, true, 5 * Second);
        var (missing, all) = (new EntityKeySet(), new EntityKeySet());

        engine.FindMissing(label, missing);
        engine.Play(Transaction("t1", 0, card: "c", user: "u"));
        engine.KeysOf(label, all);

        Assert.Equal(["user u"], missing.Select(Name));
        Assert.Equal(["user u"], all.Select(Name));
        missing.Clear();
        engine.FindMissing(label, missing);
        Assert.Empty(missing);
    }

    [Fact]
    public void A_card_that_was_evicted_is_missing_for_a_query()
    {
        var engine = Engine(Counts);
        engine.Play(Transaction("a", 0, card: "c", user: "u"));
        var missing = new EntityKeySet();
        engine.FindMissing("u"u8, "c"u8, missing);
        Assert.Empty(missing);

        EngineState.SaveChanged(engine);
        EvictAll(engine);
        engine.FindMissing("u"u8, "c"u8, missing);

        Assert.Equal(["card u|c", "user u"], missing.Select(Name));
    }

    [Fact]
    public void A_set_of_keys_holds_each_once_and_is_empty_once_cleared()
    {
        var set = new EntityKeySet();
        for (var round = 0; round < 3; round++)
        {
            for (var i = 0; i < 4_000; i++)
                Assert.Equal(i < 2_000, set.Add(i % 2 == 0 ? "card" : "user", Encoding.UTF8.GetBytes($"key-{i / 2 % 1_000}")));
            Assert.Equal(2_000, set.Count);
            Assert.Equal(("user", "key-999"), (set[1_999].Kind, Encoding.UTF8.GetString(set[1_999].Key.Span)));
            set.Clear();
            Assert.Empty(set);
        }
    }

    [Fact]
    public void Looking_for_missing_entities_and_changing_durable_ones_allocates_nothing()
    {
        var engine = Engine(Counts);
        var transactions = Enumerable.Range(0, 1_000).Select(i => Transaction($"t{i}", i, card: $"c{i % 50}", user: $"u{i % 20}")).ToArray();
        var vector = new double[2];
        var missing = new EntityKeySet();
        long allocated = 0;
        for (var round = 0; round < 8; round++)
        {
            engine.Freeze();
            var before = GC.GetAllocatedBytesForCurrentThread();
            foreach (var transaction in transactions)
            {
                engine.FindMissing(transaction, missing);
                engine.Apply(transaction, vector);
            }

            allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            engine.WriteFrozen(int.MaxValue, static (_, _, _, _, _) => { });
            engine.FrozenIsDurable();
        }

        Assert.Equal(0, allocated);
    }

    [Fact]
    public void Only_durable_entities_leave_and_those_touched_lately_leave_last()
    {
        var engine = Engine("  - { name: n, from: card, agg: count, window: 1d }");
        for (var i = 0; i < 100; i++)
            engine.Play(Transaction($"a{i}", i, card: $"c{i}"));
        Assert.Equal(0, EvictAll(engine));

        engine.Freeze();
        Assert.True(engine.WriteFrozen(100, static (_, _, _, _, _) => { }));
        Assert.Equal(0, EvictAll(engine));
        engine.FrozenIsDurable();
        EvictDownTo(engine, 50);
        var touched = Enumerable.Range(0, 100).Where(i => IsInMemory(engine, $"c{i}")).Take(10).ToArray();
        engine.Play(Transaction("b", 100, card: "changed"));
        EvictDownTo(engine, 11);

        Assert.Equal(11, engine.EntitiesInMemory);
        Assert.All(touched, i => Assert.True(IsInMemory(engine, $"c{i}")));
        Assert.Equal(10, EvictAll(engine));
        Assert.True(IsInMemory(engine, "changed"));
    }

    [Fact]
    public void A_user_whose_session_is_open_stays_in_memory()
    {
        var engine = new FeatureEngine(
            FeatureSet.Parse(
                new StringReader("""
                    featureSet: test
                    version: 1
                    lateness: 1s
                    entities: { user: { key: userId, retain: 1d } }
                    sessions: { entity: user, gap: 10s }
                    features:
                      - { name: amount, from: event, field: amount }
                    """),
                "test.yaml"),
            new FeatureEngineOptions());
        engine.Play(Transaction("a", 0, card: "c", user: "u"));
        var watched = new List<bool>();
        engine.Freeze();
        engine.WriteFrozen(9, (kind, _, _, _, isWatched) => watched.Add(isWatched == (kind == "user")));
        engine.FrozenIsDurable();
        EvictAll(engine);

        Assert.Equal([true, true], watched);
        Assert.Equal(1, engine.EntitiesInMemory);
        engine.AdvanceWatermark(11 * Second);
        Assert.Single(engine.SessionsClosed);
        EngineState.SaveChanged(engine);
        EvictAll(engine);
        Assert.Equal(0, engine.EntitiesInMemory);
    }

    [Fact]
    public void What_is_frozen_is_written_as_it_was_even_if_it_changes_or_leaves()
    {
        var engine = Engine("  - { name: n, from: card, agg: count, window: 1d }");
        foreach (var card in (string[])["a", "b", "c"])
            engine.Play(Transaction($"1{card}", 0, card: card));
        var expected = EngineState.Save(engine);
        engine.Freeze();
        engine.Play(Transaction("2a", 1, card: "a"));
        engine.Discard("card", [(byte)'b', 0xFF, (byte)'b']);

        var written = new SortedDictionary<string, byte[]>(StringComparer.Ordinal);
        while (!engine.WriteFrozen(1, (kind, key, state, _, _) => written.Add(EngineState.Name(kind, key), state.ToArray())))
            engine.Play(Transaction($"3c{written.Count}", 2, card: "c"));

        Assert.Equal(expected, written);
        Assert.Equal(2, engine.ChangedEntities);
        engine.FrozenIsLost();
        Assert.Equal(2, engine.ChangedEntities);
    }

    [Fact]
    public void A_frozen_set_is_settled_before_the_next()
    {
        var engine = Engine("  - { name: n, from: card, agg: count, window: 1d }");
        Assert.Throws<InvalidOperationException>(engine.FrozenIsDurable);
        engine.Play(Transaction("a", 0));
        engine.Freeze();
        Assert.Throws<InvalidOperationException>(engine.Freeze);
        Assert.Throws<InvalidOperationException>(engine.FrozenIsDurable);

        engine.FrozenIsLost();

        Assert.Equal(1, engine.ChangedEntities);
        Assert.Single(EngineState.SaveChanged(engine));
        engine.FrozenIsLost();
        Assert.Equal(0, engine.ChangedEntities);
    }

    [Fact]
    public void An_entity_is_put_back_as_it_was()
    {
        var engine = Engine("  - { name: n, from: card, agg: count, window: 1d }");
        engine.Play(Transaction("a", 0));
        var image = new ArrayBufferWriter<byte>();
        byte[] key = [(byte)'c', 0xFF, (byte)'c'];
        Assert.False(engine.TrySaveEntity("card", "unknown"u8, image));
        Assert.True(engine.TrySaveEntity("card", key, image));
        EngineState.SaveChanged(engine);
        engine.Play(Transaction("poison", 1));

        engine.Discard("card", key);
        Assert.Equal(0, engine.ChangedEntities);
        engine.RestoreEntity("card", key, image.WrittenSpan, changed: true);

        Assert.Equal(1, engine.ChangedEntities);
        Assert.Equal(2, engine.Value(Transaction("b", 2)));
        Assert.Throws<ArgumentException>(() => engine.RestoreEntity("card", key, image.WrittenSpan));
        Assert.Throws<ArgumentException>(() => engine.Discard("planet", key));
    }

    [Fact]
    public void An_entity_whose_state_was_lost_says_so_until_its_window_has_passed()
    {
        var options = new FeatureEngineOptions();
        var engine = Engine("""
              - { name: short, from: card, agg: count, window: 1h }
              - { name: other, from: card, agg: count, window: 2h, offset: 1d }
            """);
        engine.Play(Transaction("w", 100, card: "other"));

        engine.StartIncomplete("card", [(byte)'c', 0xFF, (byte)'c']);

        Assert.Empty(engine.Play(Transaction("o", 100, card: "other")).Result.Degraded);
        Assert.Equal(["state_incomplete"], engine.Play(Transaction("a", 200)).Result.Degraded);
        engine = EngineState.Copy(engine, options);
        Assert.Equal(["state_incomplete"], engine.Play(Transaction("late", 50)).Result.Degraded);
        // The card may have taken repeats in for as long as their horizon of a day.
        Assert.Equal(["state_incomplete"], engine.Play(Transaction("b", 100 + (2 * Day) + 7_199)).Result.Degraded);
        Assert.Empty(engine.Play(Transaction("c", 100 + (2 * Day) + 7_200)).Result.Degraded);
    }

    [Fact]
    public void What_a_card_that_lost_its_past_may_have_taken_in_twice_makes_its_user_incomplete_too()
    {
        var engine = Engine(Counts);
        engine.Play(Transaction("a", 100, card: "c", user: "u"));
        byte[] key = [(byte)'u', 0xFF, (byte)'c'];
        engine.Discard("card", key);
        engine.StartIncomplete("card", key);

        Assert.Equal(["state_incomplete"], engine.Play(Transaction("a", 200, card: "c", user: "u")).Result.Degraded);
        Assert.Equal(["state_incomplete"], engine.Play(Transaction("b", 199 + Day, card: "d", user: "u")).Result.Degraded);
        Assert.Empty(engine.Play(Transaction("c", 200 + Day, card: "e", user: "u")).Result.Degraded);
    }

    [Fact]
    public void A_card_tells_which_of_its_transactions_it_took_in()
    {
        var engine = Engine("  - { name: n, from: card, agg: count, window: 1d }");
        engine.Play(Transaction("a", 100));
        engine.Play(Transaction("b", 200));

        Assert.True(engine.HasTaken(Transaction("b", 200)));
        Assert.False(engine.HasTaken(Transaction("b", 300)));
        Assert.Null(engine.HasTaken(Transaction("other", 200)));
        Assert.Null(engine.HasTaken(Transaction("b", 99)));
        Assert.Null(engine.HasTaken(Transaction("b", 200, card: "stranger")));
    }

    [Fact]
    public void A_late_event_after_the_loss_is_incomplete_again_and_the_mark_outlives_a_sweep()
    {
        var engine = Engine("  - { name: n, from: card, agg: count, window: 1h }");
        engine.Play(Transaction("w", 10_000, card: "other"));
        engine.StartIncomplete("card", [(byte)'c', 0xFF, (byte)'c']);
        for (var i = 0; i < 100; i++)
            engine.Play(Transaction($"o{i}", 10_000, card: "other"));

        Assert.Empty(engine.Play(Transaction("a", Day + 13_600)).Result.Degraded);
        Assert.Equal(["state_incomplete"], engine.Play(Transaction("late", Day + 13_599)).Result.Degraded);
    }

    [Fact]
    public void Stored_entities_expire_after_twice_their_hold()
    {
        var engine = Engine("  - { name: n, from: card, agg: count, window: 1d }");
        engine.Play(Transaction("a", 100 * Day));
        engine.Play(Transaction("b", 100 * Day));

        Assert.Equal(new EntityExpiry("card", ((long)((100 - 60) * Day) - 7_200) * Second + 1), engine.Expiries()[0]);
    }

    private static int EvictAll(FeatureEngine engine) => EvictDownTo(engine, 0);

    // A call stops short of what it would take too long to find.
    private static int EvictDownTo(FeatureEngine engine, int entities)
    {
        var evicted = 0;
        for (var i = 0; i < 10; i++)
            evicted += engine.Evict(entities);
        return evicted;
    }

    private static bool IsInMemory(FeatureEngine engine, string card)
    {
        var missing = new EntityKeySet();
        engine.FindMissing(Transaction("", 0, card: card), missing);
        return missing.All(e => e.Kind != "card");
    }

    private static string Name((string Kind, ReadOnlyMemory<byte> Key) entity) =>
        $"{entity.Kind} {string.Concat(entity.Key.ToArray().Select(b => b == 0xFF ? '|' : (char)b))}";

    private static FeatureEngine Engine(string features) => new(Set(features), new FeatureEngineOptions());
}
