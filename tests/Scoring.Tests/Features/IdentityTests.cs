using System.Text;
using Scoring.Models.Features;
using Scoring.Models.Wire;
using static Scoring.Tests.Features.Events;

namespace Scoring.Tests.Features;

/// <summary>A transaction is its user, its card and its id together, in every entity.</summary>
public sealed class IdentityTests
{
    private const string Rates = """
          - { name: card,     from: card,     agg: rate, of: label, window: 1d, thisEvent: exclude, empty: 0 }
          - { name: user,     from: user,     agg: rate, of: label, window: 1d, thisEvent: exclude, empty: 0, where: { channel: ecom } }
          - { name: terminal, from: terminal, agg: rate, of: label, window: 1d, thisEvent: exclude, empty: 0 }
        """;

    [Theory]
    [InlineData("c2", "u")]
    [InlineData("c", "u2")]
    [InlineData("c", null)]
    public void The_same_id_of_another_card_or_user_is_another_transaction(string card, string? user)
    {
        var engine = Engine("  - { name: n, from: terminal, agg: count, window: 1d }");
        engine.Play(Transaction("000123", 0, card: "c", user: "u", terminal: "p"));

        var (features, result) = engine.Play(Transaction("000123", 0, card, user, terminal: "p"));

        Assert.False(result.Duplicate);
        Assert.Equal([2.0], features);
    }

    [Fact]
    public void The_same_fields_again_are_a_repeat_and_others_a_conflict_and_neither_changes_anything()
    {
        var engine = Engine("  - { name: n, from: card, agg: count, window: 1d }");
        engine.Play(Transaction("a", 10, units: 49_000_000, country: "FR"));
        var before = EngineState.Save(engine);

        Assert.Equal((true, false), engine.Seen(Transaction("a", 10, units: 49_000_000, country: "FR")));
        Assert.Equal((true, true), engine.Seen(Transaction("a", 10, units: 50_000, country: "FR")));
        Assert.Equal((true, true), engine.Seen(Transaction("a", 11, units: 49_000_000, country: "FR")));
        Assert.Equal((true, true), engine.Seen(Transaction("a", 10, units: 49_000_000, country: "DE")));
        Assert.Equal((true, true), engine.Seen(Transaction("a", 10, units: 49_000_000)));
        Assert.Equal((true, true), engine.Seen(Transaction("a", 10, units: 49_000_000, country: "FR", device: "d")));
        Assert.Equal((true, false), engine.Seen(Transaction("a", 10, units: 49_000_000, country: "FR")));
        Assert.Equal(before, EngineState.Save(engine));
    }

    [Fact]
    public void A_card_that_holds_many_tells_each_by_its_own_body()
    {
        var engine = Engine("  - { name: s, from: card, agg: sum, of: amount, window: 1h }");
        // Out of order, and enough that columns grow, shrink and move.
        for (var i = 0; i < 300; i++)
            engine.Play(Transaction($"t{i}", (i * 120) - (i % 3 * 200), units: i));

        for (var i = 0; i < 300; i++)
        {
            Assert.Equal((true, false), engine.Seen(Transaction($"t{i}", (i * 120) - (i % 3 * 200), units: i)));
            Assert.Equal((true, true), engine.Seen(Transaction($"t{i}", (i * 120) - (i % 3 * 200), units: i + 1)));
        }
    }

    [Fact]
    public void A_card_of_a_month_takes_no_more_for_bodies_than_one_of_its_horizon()
    {
        var (day, longer) = (Engine("  - { name: n, from: card, agg: count, window: 30d }"), Engine("  - { name: n, from: card, agg: count, window: 30d }", horizonHours: 30 * 24));
        for (var i = 0; i < 400; i++)
        {
            day.Play(Transaction($"t{i}", i * 7_200));
            longer.Play(Transaction($"t{i}", i * 7_200));
        }

        // 12 of the last 24 h, with some room, against 360.
        Assert.InRange(longer.Statistics()[0].Bytes - day.Statistics()[0].Bytes, 8 * (360 - 40), 8 * 420);
        Assert.InRange(EngineState.Save(longer).Values.Single().Length - EngineState.Save(day).Values.Single().Length, 8 * 340, 8 * 360);
    }

    [Fact]
    public void An_id_whose_body_a_shorter_horizon_let_go_is_still_a_repeat()
    {
        var options = new FeatureEngineOptions { DuplicateHorizon = TimeSpan.FromHours(1) };
        var engine = new FeatureEngine(Set("  - { name: n, from: card, agg: count, window: 30d }"), options);
        engine.Play(Transaction("a", 0));
        engine.Play(Transaction("b", 10_000));

        var longer = EngineState.Copy(engine, new FeatureEngineOptions());

        Assert.Equal((true, false), longer.Seen(Transaction("a", 0)));
        Assert.Equal((true, false), longer.Seen(Transaction("a", 0, units: 1)));
        Assert.Equal((true, true), longer.Seen(Transaction("b", 10_000, units: 1)));
    }

    [Fact]
    public void A_transaction_that_was_too_late_is_told_from_another_under_its_id()
    {
        var engine = Engine("  - { name: n, from: card, agg: count, window: 1d }");
        engine.Play(Transaction("a", 10_000));
        Assert.True(engine.Play(Transaction("b", 1_000)).Result.Late);

        Assert.Equal((true, false), engine.Seen(Transaction("b", 1_000)));
        Assert.Equal((true, true), engine.Seen(Transaction("b", 1_000, units: 1)));
        Assert.Equal((true, true), engine.Seen(Transaction("b", 10_000)));
    }

    [Fact]
    public void After_the_horizon_an_id_may_be_used_anew()
    {
        var engine = Engine("  - { name: n, from: card, agg: count, window: 30d }");
        engine.Play(Transaction("000123", 0, units: 1));

        Assert.Equal((true, true), engine.Seen(Transaction("000123", 86_399, units: 2)));
        Assert.Equal((false, false), engine.Seen(Transaction("000123", 86_400, units: 2)));
        Assert.Equal((true, false), engine.Seen(Transaction("000123", 86_400, units: 2)));
    }

    [Fact]
    public void A_label_marks_the_transaction_of_its_card_and_user_alone()
    {
        var engine = Engine(Rates);
        engine.Play(Transaction("000123", 0, card: "c1", user: "u", channel: "ecom"));
        engine.Play(Transaction("000123", 1, card: "c2", user: "u", channel: "pos"));
        engine.Play(Transaction("000123", 2, card: "c1", user: "v", channel: "ecom"));

        Assert.True(engine.ApplyLabel(LabelOf("000123", "c1", "u")));

        Assert.Equal([1, 1, 0], engine.Play(Transaction("x", 3, card: "c1", user: "u", terminal: "q")).Features);
        Assert.Equal([0, 1, 0], engine.Play(Transaction("y", 4, card: "c2", user: "u", terminal: "q")).Features);
        Assert.Equal([0, 0, 0], engine.Play(Transaction("z", 5, card: "c1", user: "v", terminal: "q")).Features);
    }

    [Fact]
    public void A_label_of_a_transaction_that_no_such_card_or_user_had_marks_nothing()
    {
        var engine = Engine(Rates);
        engine.Play(Transaction("000123", 0, card: "c1", user: "u", channel: "ecom"));

        Assert.False(engine.ApplyLabel(LabelOf("000123", "c2", "u")));
        Assert.False(engine.ApplyLabel(LabelOf("000123", "c1", "v")));
        Assert.Equal([0, 0, 0], engine.Play(Transaction("x", 1, card: "c1", user: "u", terminal: "p")).Features);
    }

    [Fact]
    public void A_label_of_a_replay_marks_its_own_transaction_at_a_terminal_that_others_used_too()
    {
        var engine = Engine(Rates);
        var fraud = Transaction("000123", 0, card: "c1", terminal: "p");
        engine.Play(fraud);
        engine.Play(Transaction("000123", 1, card: "c2", terminal: "p"));
        engine.ApplyLabel(fraud, true);
        engine.ApplyLabel(Transaction("000123", 1, card: "c2", terminal: "p"), false);

        Assert.Equal(0.5, engine.Value(Transaction("x", 2, card: "c3", terminal: "p")));
    }

    [Fact]
    public void Whether_a_card_took_a_transaction_in_is_told_by_its_body()
    {
        var engine = Engine("  - { name: n, from: card, agg: count, window: 1d }");
        engine.Play(Transaction("a", 10));

        Assert.True(engine.HasTaken(Transaction("a", 10)));
        Assert.False(engine.HasTaken(Transaction("a", 10, units: 1)));
        Assert.Null(engine.HasTaken(Transaction("b", 10)));
    }

    private static Label LabelOf(string id, string card, string user)
    {
        var end = id.Length + card.Length;
        return new Label(Encoding.UTF8.GetBytes(id + card + user), 0..id.Length, id.Length..end, end..(end + user.Length), true, 10 * Second);
    }

    private static FeatureEngine Engine(string features, int horizonHours = 24) =>
        new(Set(features), new FeatureEngineOptions { DuplicateHorizon = TimeSpan.FromHours(horizonHours) });
}
