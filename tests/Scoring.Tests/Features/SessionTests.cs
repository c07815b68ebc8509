using System.Text;
using Scoring.Models.Features;
using Scoring.Models.Wire;
using static Scoring.Tests.Features.Events;

namespace Scoring.Tests.Features;

public sealed class SessionTests
{
    private const long Gap = 10;

    [Fact]
    public void A_session_closes_once_its_own_user_moves_past_the_gap()
    {
        var engine = Engine();
        engine.Play(Transaction("a", 0, user: "u", units: 12_300, merchant: "m1"));
        engine.Play(Transaction("b", 10, user: "u", units: -300, merchant: "m1"));
        Assert.Empty(engine.SessionsClosed);
        engine.Play(Transaction("c", 20.5, user: "u", merchant: "m2"));

        var closed = Assert.Single(engine.SessionsClosed);
        Assert.Equal("u", Encoding.UTF8.GetString(closed.UserId.Span));
        Assert.Equal((0, 1, 0, 10 * Second, 2, 1.2m, 1, null), (closed.FirstStartMicros, closed.Revision, closed.StartMicros, closed.EndMicros, closed.Count, closed.Total, closed.DistinctMerchants, closed.MergedIntoMicros));
    }

    [Fact]
    public void An_idle_users_session_closes_by_the_watermark_of_others_and_of_ticks()
    {
        var engine = Engine();
        engine.Play(Transaction("a", 0, user: "idle"));
        engine.Play(Transaction("b", 10, user: "other"));
        Assert.Empty(engine.SessionsClosed);
        engine.Play(Transaction("c", 11, user: "other"));
        Assert.Single(engine.SessionsClosed);

        engine.AdvanceWatermark(21 * Second);
        Assert.Empty(engine.SessionsClosed);
        engine.AdvanceWatermark((21 * Second) + 1);
        Assert.Equal("other", Encoding.UTF8.GetString(Assert.Single(engine.SessionsClosed).UserId.Span));
    }

    [Fact]
    public void A_late_event_that_joins_two_sessions_reports_both_anew()
    {
        var engine = Engine();
        engine.Play(Transaction("a", 0, user: "u"));
        engine.Play(Transaction("b", 15, user: "u"));
        engine.Play(Transaction("c", 40, user: "u"));

        engine.Play(Transaction("late", 8, user: "u"));

        Assert.Equal(
            [(15 * Second, 2, 0, 0L), (0L, 2, 3, null)],
            engine.SessionsClosed.Select(s => (s.FirstStartMicros, s.Revision, s.Count, s.MergedIntoMicros)));
    }

    [Fact]
    public void A_late_event_before_a_session_keeps_its_identity()
    {
        var engine = Engine();
        engine.Play(Transaction("a", 20, user: "u"));
        engine.Play(Transaction("b", 50, user: "u"));

        engine.Play(Transaction("late", 12, user: "u"));

        var closed = Assert.Single(engine.SessionsClosed);
        Assert.Equal((20 * Second, 2, 12 * Second, 20 * Second, 2), (closed.FirstStartMicros, closed.Revision, closed.StartMicros, closed.EndMicros, closed.Count));
    }

    [Fact]
    public void A_session_never_outgrows_what_its_user_holds()
    {
        var engine = Engine(retain: 30);
        var closed = new List<SessionClosed>();
        for (var i = 0; i < 20; i++)
        {
            engine.Play(Transaction($"t{i}", i * 5, user: "u"));
            closed.AddRange(engine.SessionsClosed);
        }

        engine.AdvanceWatermark(1_000 * Second);
        closed.AddRange(engine.SessionsClosed);

        Assert.Equal([5, 5, 5, 5], closed.Select(s => s.Count));
        Assert.All(closed, s => Assert.Equal((1, 20 * Second), (s.Revision, s.EndMicros - s.StartMicros)));
    }

    [Fact]
    public void A_session_that_its_users_own_next_event_closes_still_has_its_events()
    {
        var engine = Engine(retain: 30);
        engine.Play(Transaction("a", 0, user: "u", units: 12_300, merchant: "m"));

        engine.Play(Transaction("b", 1_000, user: "u"));

        var closed = Assert.Single(engine.SessionsClosed);
        Assert.Equal((1, 1.23m, 1), (closed.Count, closed.Total, closed.DistinctMerchants));
    }

    [Fact]
    public void The_latest_revisions_of_random_streams_are_the_sessions_of_all_their_events()
    {
        var revised = 0;
        for (var seed = 0; seed < 2_000; seed++)
        {
            var random = new Random(seed);
            var engine = Engine();
            var events = new Dictionary<string, List<(long Time, long Units, int Merchant)>>();
            var reports = new Dictionary<(string User, long FirstStart), SessionClosed>();
            var time = 0L;
            for (var i = 0; i < 60; i++)
            {
                time += random.Next(random.Next(1, 14));
                var (at, user, units, merchant) = (time - (random.Next(3) == 0 ? random.Next(50) : 0), $"u{random.Next(3)}", random.Next(-100, 100), random.Next(3));
                if ((seed + i) % 17 == 0)
                    engine = EngineState.Copy(engine, new FeatureEngineOptions());
                var late = engine.Play(Transaction($"t{i}", at, user: user, card: user, units: units, merchant: merchant == 0 ? null : $"m{merchant}")).Result.Late;
                Take(engine, reports, ref revised);
                if (!late)
                    (events.TryGetValue(user, out var list) ? list : events[user] = []).Add((at, units, merchant));
                foreach (var expected in events.SelectMany(e => Sessions(e.Key, e.Value)).Where(s => s.End + Gap < engine.WatermarkMicros / Second))
                    Assert.True(Latest(reports).Contains(expected), $"seed {seed} event {i}: {expected} was not reported");
            }

            engine.AdvanceWatermark((time + 100) * Second);
            Take(engine, reports, ref revised);
            Assert.Equal(events.SelectMany(e => Sessions(e.Key, e.Value)).Order(), Latest(reports).Order());
        }

        Assert.True(revised > 1_000, "the streams must revise sessions");
    }

    private static void Take(FeatureEngine engine, Dictionary<(string, long), SessionClosed> reports, ref int revised)
    {
        foreach (var closed in engine.SessionsClosed)
        {
            var key = (Encoding.UTF8.GetString(closed.UserId.Span), closed.FirstStartMicros);
            Assert.Equal(reports.TryGetValue(key, out var before) ? before.Revision + 1 : 1, closed.Revision);
            revised += closed.Revision > 1 ? 1 : 0;
            reports[key] = closed;
        }
    }

    private static IEnumerable<(string User, long Start, long End, int Count, decimal Total, int Merchants)> Latest(Dictionary<(string User, long), SessionClosed> reports) =>
        reports.Where(r => r.Value.MergedIntoMicros is null).Select(r => (r.Key.User, r.Value.StartMicros / Second, r.Value.EndMicros / Second, r.Value.Count, r.Value.Total, r.Value.DistinctMerchants));

    private static IEnumerable<(string User, long Start, long End, int Count, decimal Total, int Merchants)> Sessions(string user, List<(long Time, long Units, int Merchant)> events)
    {
        var rest = events.OrderBy(e => e.Time).ToList();
        while (rest.Count > 0)
        {
            var length = 1;
            while (length < rest.Count && rest[length].Time - rest[length - 1].Time <= Gap)
                length++;
            var session = rest.Take(length).ToList();
            yield return (user, session[0].Time, session[^1].Time, length, session.Sum(e => e.Units) / (decimal)Money.UnitsPerOne, session.Select(e => e.Merchant).Where(m => m != 0).Distinct().Count());
            rest.RemoveRange(0, length);
        }
    }

    private static FeatureEngine Engine(long retain = 100_000) => new(
        FeatureSet.Parse(
            new StringReader($$"""
                featureSet: test
                version: 1
                lateness: 40s
                entities:
                  user: { key: userId, retain: {{retain}}s }
                sessions: { entity: user, gap: {{Gap}}s }
                features:
                  - { name: amount, from: event, field: amount }
                """),
            "sessions.yaml"),
        new FeatureEngineOptions());
}
