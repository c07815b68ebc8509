using System.Text;
using Scoring.Models.Features;
using Scoring.Models.Wire;
using static Scoring.Tests.Features.Events;

namespace Scoring.Tests.Features;

public sealed class FeatureEngineTests
{
    private const double Day = 86_400;

    [Fact]
    public void A_sliding_window_excludes_its_old_end_and_includes_its_new_one()
    {
        var engine = Engine("  - { name: n, from: card, agg: count, window: 1d }");
        engine.Value(Transaction("a", 0));

        Assert.Equal(2, engine.Value(Transaction("b", Day - 0.000_001)));
        Assert.Equal(2, engine.Value(Transaction("c", Day)));
    }

    [Fact]
    public void A_label_counts_once_it_is_known_and_its_event_is_old_enough()
    {
        var engine = Engine("  - { name: r, from: terminal, agg: rate, of: label, window: 1d, offset: 7d, empty: 0 }");
        var fraud = Transaction("a", 0, terminal: "p");
        engine.Value(fraud);
        engine.Value(Transaction("b", 1, terminal: "p"));

        Assert.Equal(0, engine.Value(Transaction("c", (7 * Day) + 1, terminal: "p")));
        Assert.True(engine.ApplyLabel(fraud, true));
        Assert.Equal(0.5, engine.Value(Transaction("d", (7 * Day) + 2, terminal: "p")));
        Assert.True(engine.ApplyLabel(fraud, false));
        Assert.Equal(0, engine.Value(Transaction("e", (7 * Day) + 3, terminal: "p")));
        Assert.False(engine.ApplyLabel(Transaction("unknown", 0, terminal: "p"), true));
    }

    [Fact]
    public void A_label_record_marks_its_card_and_its_user()
    {
        var engine = Engine("""
              - { name: card, from: card, agg: rate, of: label, window: 1d }
              - { name: user, from: user, agg: rate, of: label, window: 1d }
            """);
        engine.Play(Transaction("t1", 0, card: "c", user: "u"));
        var payload = Encoding.UTF8.GetBytes("t1cu");

        Assert.True(engine.ApplyLabel(new Label(payload, 0..2, 2..3, 3..4, true, 5 * Second)));

        Assert.Equal([0.5, 0.5], engine.Play(Transaction("t2", 1, card: "c", user: "u")).Features);
        Assert.Equal([0, 1 / 3.0], engine.Play(Transaction("t3", 2, card: "c2", user: "u")).Features);
        Assert.Equal(1, engine.LabelsApplied);
    }

    [Fact]
    public void Cards_are_kept_apart_by_their_user()
    {
        var engine = Engine("  - { name: n, from: card, agg: count, window: 1d }");
        engine.Value(Transaction("a", 0, card: "c", user: "u1"));

        Assert.Equal(1, engine.Value(Transaction("b", 0, card: "c", user: "u2")));
        Assert.Equal(2, engine.Value(Transaction("c", 0, card: "c", user: "u1")));
    }

    [Fact]
    public void A_full_entity_lets_its_oldest_events_go_and_says_which_features_this_touches()
    {
        var engine = new FeatureEngine(Set("""
              - { name: short, from: card, agg: sum, of: amount, window: 2s }
              - { name: long, from: card, agg: sum, of: amount, window: 1d }
              - { name: user, from: user, agg: count, window: 1d }
            """, maxEvents: 3), new FeatureEngineOptions());
        for (var i = 0; i < 3; i++)
            Assert.Empty(engine.Play(Transaction($"t{i}", i, user: $"u{i}", card: "c")).Result.Degraded);

        var full = new FeatureEngine(engine.Set, new FeatureEngineOptions());
        for (var i = 0; i < 3; i++)
            full.Play(Transaction($"t{i}", i));
        var (features, result) = full.Play(Transaction("t3", 3));

        Assert.Equal([2.0, 3.0, 3.0], features);
        Assert.Equal(["max_events:long", "max_events:user"], result.Degraded);
        Assert.Equal(1, full.Statistics()[0].DroppedEvents);
        Assert.Equal(3, full.Statistics()[0].Events);
    }

    [Fact]
    public void A_live_shard_leaves_out_entities_of_another_key_and_says_so()
    {
        var engine = new FeatureEngine(
            Set("""
                  - { name: card, from: card, agg: count, window: 1d }
                  - { name: terminal, from: terminal, agg: count, window: 1d, empty: 0 }
                """),
            new FeatureEngineOptions { LocalEntitiesOnly = true });

        var (features, result) = engine.Play(Transaction("a", 0, terminal: "p"));

        Assert.Equal([1, double.NaN], features);
        Assert.Equal(["entity_not_local:terminal"], result.Degraded);
        Assert.Same(result.Degraded, engine.Play(Transaction("b", 0, terminal: "p")).Result.Degraded);
    }

    [Fact]
    public void A_window_that_reaches_back_before_the_history_is_cold()
    {
        var engine = new FeatureEngine(
            Set("  - { name: n, from: card, agg: count, window: 1d }"), new FeatureEngineOptions { HistorySinceMicros = 100 * Second });

        Assert.Equal((long)(100 + Day) * Second, engine.WarmSinceMicros(0));
        Assert.Equal(["cold_window"], engine.Play(Transaction("a", 100 + Day - 1)).Result.Degraded);
        Assert.Empty(engine.Play(Transaction("b", 100 + Day)).Result.Degraded);
    }

    [Fact]
    public void A_history_that_begins_with_the_next_event_makes_its_windows_cold_whoever_goes_on_with_it()
    {
        var set = Set("  - { name: n, from: card, agg: count, window: 1d }");
        var engine = new FeatureEngine(set, new FeatureEngineOptions());
        engine.BeginHistory();
        engine = Next(engine, set);
        Assert.Null(engine.HistorySinceMicros);

        Assert.Equal(["cold_window"], engine.Play(Transaction("a", 100)).Result.Degraded);
        engine = Next(engine, set);

        Assert.Equal(100L * Second, engine.HistorySinceMicros);
        Assert.Equal(["cold_window"], engine.Play(Transaction("b", 100 + Day - 1)).Result.Degraded);
        Assert.Empty(engine.Play(Transaction("c", 100 + Day)).Result.Degraded);

        static FeatureEngine Next(FeatureEngine before, FeatureSet set)
        {
            var next = new FeatureEngine(set, new FeatureEngineOptions());
            next.RestoreMarks(EngineState.Marks(before));
            return next;
        }
    }

    [Fact]
    public void A_late_event_whose_window_is_no_longer_held_says_so()
    {
        var engine = new FeatureEngine(Set("  - { name: n, from: card, agg: count, window: 30d }", lateness: "1h"), new FeatureEngineOptions());
        engine.Play(Transaction("a", 100 * Day));

        var (_, result) = engine.Play(Transaction("b", 90 * Day));

        Assert.True(result.Late);
        Assert.Equal(["late_history:n"], result.Degraded);
    }

    [Fact]
    public void A_late_event_that_was_not_inserted_is_still_a_duplicate_the_second_time()
    {
        var engine = Engine("  - { name: n, from: card, agg: count, window: 1d }");
        engine.Play(Transaction("a", 10_000));

        Assert.True(engine.Play(Transaction("b", 1_000)).Result.Late);
        Assert.True(engine.Play(Transaction("b", 1_000)).Result.Duplicate);
        Assert.Equal(2, engine.Value(Transaction("c", 10_001)));
    }

    [Fact]
    public void Idle_entities_leave_memory_as_records_move_time_on()
    {
        var engine = Engine("  - { name: n, from: card, agg: count, window: 1d }");
        for (var i = 0; i < 1_000; i++)
            engine.Play(Transaction($"t{i}", i, card: $"c{i}"));

        for (var i = 0; i < 5_000; i++)
            engine.Play(Transaction($"u{i}", (61 * Day) + i, card: "busy"));

        var cards = engine.Statistics()[0];
        Assert.Equal(1, cards.Entities);
        Assert.Equal(1_000, cards.Expired);
        Assert.Equal(1_000, cards.Events);
    }

    [Fact]
    public void One_record_with_a_wrong_time_does_not_expire_the_others()
    {
        var engine = Engine("  - { name: n, from: card, agg: count, window: 1d }");
        engine.Play(Transaction("a", 0, card: "c"));
        engine.Play(Transaction("wrong", 9_000 * Day, card: "other"));

        Assert.Equal(2, engine.Value(Transaction("b", 60, card: "c")));
        Assert.Equal((long)(9_000 * Day) * Second, engine.WatermarkMicros);
    }

    [Fact]
    public void Ticks_move_the_watermark_and_never_back()
    {
        var engine = Engine("  - { name: n, from: card, agg: count, window: 1d }");
        engine.AdvanceWatermark(5 * Second);
        engine.AdvanceWatermark(3 * Second);

        Assert.Equal(5 * Second, engine.WatermarkMicros);
    }

    [Fact]
    public void A_transaction_that_cannot_be_applied_changes_nothing()
    {
        var engine = Engine("  - { name: n, from: card, agg: count, window: 1d }");
        engine.Play(Transaction("a", 0));
        var before = EngineState.Save(engine);

        Assert.Throws<ArgumentOutOfRangeException>(() => engine.Play(Transaction("b", 0, units: Money.MaxUnits + 1)));
        Assert.Throws<ArgumentOutOfRangeException>(() => engine.Play(Transaction("b", 1e12)));
        Assert.Throws<ArgumentException>(() => engine.Apply(Transaction("b", 0), new double[2]));

        Assert.Equal(before, EngineState.Save(engine));
        Assert.Equal(2, engine.Value(Transaction("b", 0)));
    }

    [Fact]
    public void Sums_of_millions_of_events_do_not_drift()
    {
        var engine = new FeatureEngine(Set("  - { name: s, from: card, agg: sum, of: amount, window: 10s }"), new FeatureEngineOptions { DuplicateHorizon = TimeSpan.FromSeconds(1) });
        var random = new Random(5);
        var amounts = new long[1_000_000];
        double last = 0;
        var payload = new byte[8];
        for (var i = 0; i < amounts.Length; i++)
        {
            amounts[i] = random.NextInt64(-Money.MaxUnits, Money.MaxUnits);
            BitConverter.TryWriteBytes(payload, 0x3030_3030_3030_3030 + i);
            var transaction = new Transaction(payload) { AmountUnits = amounts[i], EventTimeMicros = i * Second };
            transaction.SetField(TransactionField.TransactionId, 0, 7);
            transaction.SetField(TransactionField.CardId, 7, 1);
            last = engine.Value(transaction);
        }

        Assert.Equal((double)amounts[^10..].Aggregate(Int128.Zero, (s, a) => s + a) / Money.UnitsPerOne, last);
    }

    [Fact]
    public void Many_different_values_are_counted_exactly_as_they_come_and_go()
    {
        var engine = new FeatureEngine(
            Set("""
                  - { name: d, from: card, agg: distinct, of: merchantId, window: 300s }
                  - { name: f, from: card, agg: frequency, of: merchantId, window: 200s }
                """, retain: "300s", lateness: "0s"),
            new FeatureEngineOptions { DuplicateHorizon = TimeSpan.FromSeconds(1) });
        var random = new Random(13);
        var merchants = new List<string>();
        for (var i = 0; i < 20_000; i++)
        {
            // Values drift, so that old ones leave for good, and their number rises and falls.
            merchants.Add($"m{(i / 50) + random.Next(1 + (i / 100 % 500))}");
            var features = engine.Play(Transaction($"t{i}", i, merchant: merchants[i])).Features;

            Assert.Equal(merchants.TakeLast(300).Distinct().Count(), features[0]);
            Assert.Equal(merchants.TakeLast(200).Count(m => m == merchants[i]), features[1]);
        }
    }

    [Fact]
    public void Applying_to_known_entities_allocates_nothing()
    {
        using var text = File.OpenText(Path.Combine(Repository.Root, "features", "fraud.yaml"));
        var engine = new FeatureEngine(FeatureSet.Parse(text, "fraud"), new FeatureEngineOptions());
        var transactions = Enumerable.Range(0, 4_000).Select(i => Transaction(
            $"t{i}", i * 3_600, $"c{i % 7}", $"u{i % 3}", 10_000 + i, channel: "ecom", country: i % 5 == 0 ? "FR" : "DE", device: $"d{i % 4}")).ToArray();
        var vector = new double[engine.Set.FeatureNames.Count];
        foreach (var transaction in transactions.AsSpan(0, 3_000))
            engine.Apply(transaction, vector);

        var before = GC.GetAllocatedBytesForCurrentThread();
        foreach (var transaction in transactions.AsSpan(3_000))
            engine.Apply(transaction, vector);

        // A thousand events; room is made anew only when the held number changes by much.
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1024);
    }

    private static FeatureEngine Engine(string features) => new(Set(features), new FeatureEngineOptions());
}
