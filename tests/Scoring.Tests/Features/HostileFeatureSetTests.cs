using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Scoring.Models.Features;
using Scoring.Models.Wire;

namespace Scoring.Tests.Features;

/// <summary>Whatever a feature set's file holds, it is refused with its lines, or computes features that a model can read.</summary>
public sealed partial class HostileFeatureSetTests
{
    private static readonly string[] Values =
    [
        "", "~", "null", "true", "0", "-1", "0s", "1ms", "1w", "1.5h", "3650d", "3651d", "9223372036854775807s", "99999999999999999999d", "1e400", "-1e400", "1e308", "1e39", "3.4e38",
        ".nan", ".inf", "NaN", "2147483647", "2147483648", "65000", "65001", "0x10", "01:00:00", "100000000001", "-100000000000", "1e-320",
        "[]", "{}", "[a, b]", "[[1]]", "{ lt: 5 }", "{ tumbling: 3650d }", "{ session: 1s }", "{ tumbling: 1d, session: 1d }", "'a\nb'", "\"\\u0000\\e[31m\"", "\"\\ud800\"",
        "&a x", "*a", "*nobody", "&a [*a]", "{ ? [x] : y }", "!!binary x", "!x y", "|", "- x", "#", "x: y", "? x", "'", "\"", "[", "{", "%", "@", "`", "\t",
        "amount", "label", "cardId", "userId", "ip", "card", "user", "count", "sum", "stddev", "distinct", "rate", "time_since_last", "hour,night", "calendar", "event", "arithmetic",
        "Pacific/Kiritimati", "../../etc/passwd", "Europe/Nowhere", "exclude", "include", "ecom",
    ];

    private static readonly string[] Sets =
    [
        Shipped("fraud"),
        Shipped("handbook"),
        """
        featureSet: small
        version: 1
        timeZone: Europe/Paris
        lateness: 1h
        entities:
          card: { key: cardId, retain: 3650d, maxEvents: 65000 }
          user: { key: userId, retain: 30d }
        sessions: { entity: user, gap: 30m }
        features:
          - { name: amount, from: event, field: amount }
          - { name: online, from: event, field: channel, is: [ecom, moto], empty: 0 }
          - { name: night, from: calendar, flag: night, hours: [22, 5] }
          - { name: weekend, from: calendar, flag: weekend, days: [fri, sat] }
          - { name: total, from: card, agg: sum, of: amount, window: 1825d, offset: 1825d, empty: 3e38 }
          - { name: spread, from: user, agg: stddev, of: amount, window: { session: 30m }, where: { amount: { gt: 0 }, channel: ecom } }
          - { name: risk, from: user, agg: rate, of: label, window: { tumbling: 7d }, thisEvent: exclude, empty: 0 }
          - { name: share, from: arithmetic, ratio: [amount, total], empty: 1 }
          - { name: z, from: arithmetic, zscore: [amount, total, spread] }
        """,
    ];

    // The edges of what an event may be, and what lies between.
    private static readonly long[] Amounts = [0, 1, -1, Money.MaxUnits, -Money.MaxUnits, 123_456];

    private static readonly long[] Times = [0, 1, EventTime.MaxMicros, EventTime.MaxMicros - 1, 1_772_366_400_000_000];

    [Fact]
    public void Whatever_a_file_holds_it_is_refused_with_its_lines_or_its_features_are_numbers_or_missing()
    {
        for (var seed = 0; seed < PropertyRuns.Count(2_000); seed++)
        {
            var random = new Random(seed);
            var yaml = Spoilt(Sets[random.Next(Sets.Length)], random);
            try
            {
                Play(FeatureSet.Parse(new StringReader(yaml), "x.yaml"), random);
            }
            catch (FeatureSetException refusal)
            {
                Assert.All(refusal.Message.Split('\n'), line => Assert.Matches(Told(), line));
            }
            catch (Exception e)
            {
                throw new InvalidOperationException(string.Create(CultureInfo.InvariantCulture, $"seed {seed}: {e.Message}\n{yaml}"), e);
            }
        }
    }

    private static void Play(FeatureSet set, Random random)
    {
        set.Explain(TextWriter.Null);
        var engine = new FeatureEngine(set, new FeatureEngineOptions());
        for (var i = 0; i < 4; i++)
        {
            var transaction = Events.Transaction($"t{i}", 0, units: Amounts[random.Next(Amounts.Length)], user: "u", channel: "ecom");
            var features = engine.Play(transaction with { EventTimeMicros = Times[random.Next(Times.Length)] }).Features;
            Assert.All(features, value => Assert.True(double.IsNaN(value) || float.IsFinite((float)value), $"a feature is {value}"));
        }
    }

    private static string Spoilt(string yaml, Random random)
    {
        var text = new StringBuilder(yaml);
        for (var changes = 1 + random.Next(3); changes > 0; changes--)
        {
            var words = Word().Matches(text.ToString());
            if (words.Count == 0)
                break;
            var word = words[random.Next(words.Count)];
            text.Remove(word.Index, word.Length).Insert(word.Index, Values[random.Next(Values.Length)]);
        }

        if (random.Next(6) == 0)
            text.Length = random.Next(text.Length + 1);
        if (random.Next(6) == 0)
            text.Insert(random.Next(text.Length + 1), (char)random.Next(0x250));
        return text.ToString();
    }

    private static string Shipped(string name) => File.ReadAllText(Path.Combine(Repository.Root, "features", name + ".yaml"));

    [GeneratedRegex("[A-Za-z0-9_.]+")]
    private static partial Regex Word();

    [GeneratedRegex(@"^x\.yaml(:\d+)?: .{1,1000}$")]
    private static partial Regex Told();
}
