using Scoring.Models.Features;
using Scoring.Models.Wire;

namespace Scoring.Tests.Features;

/// <summary>A random feature set and a random stream of events, small enough that edges and ties are common.</summary>
internal sealed class RandomStream
{
    private static readonly string[] Aggregates =
        ["count", "sum", "mean", "min", "max", "stddev", "distinct", "frequency", "first", "last", "time_since_last", "rate"];

    private static readonly (string? Yaml, Func<OracleEvent, bool> Passes)[] Filters =
    [
        (null, _ => true),
        (null, _ => true),
        ("{ channel: ecom }", e => e.Texts["channel"] == "ecom"),
        ("{ country: [FR, DE] }", e => e.Texts["country"] is "FR" or "DE"),
        ("{ amount: { lt: 1 } }", e => e.Units < 10_000),
        ("{ amount: { ge: -1, le: 2 }, channel: [pos, ecom] }", e => e.Units is >= -10_000 and <= 20_000 && e.Texts["channel"] is "pos" or "ecom"),
        ("{ channel: pos }", e => e.Texts["channel"] == "pos"),
        ("{ country: IT }", e => e.Texts["country"] == "IT"),
        ("{ amount: { gt: 3 } }", e => e.Units > 30_000),
        ("{ channel: [atm, pos] }", e => e.Texts["channel"] is "atm" or "pos"),
    ];

    private readonly Random random;

    public RandomStream(int seed)
    {
        random = new Random(seed);
        Retain = random.Next(10, 60);
        Lateness = random.Next(4) switch { 0 => 0, 1 => random.Next(100), _ => random.Next(20) };
        Horizon = 1 + random.Next(40);
        Features = [.. Enumerable.Range(0, random.Next(1, 10)).Select(Feature)];
        var gap = seed % 2 == 0 && Features.Exists(f => f.Entity == "user") ? 1 + (seed % 5) : 0;
        Set = Declare(Features, Retain, Lateness, gap);
        MakeEvents();
    }

    public long Retain { get; }

    public long Lateness { get; }

    public long Horizon { get; }

    public FeatureEngineOptions Options => new() { DuplicateHorizon = TimeSpan.FromSeconds(Horizon) };

    public List<OracleFeature> Features { get; }

    public FeatureSet Set { get; }

    public List<OracleEvent> Events { get; } = [];

    /// <summary>For each event, the earlier event whose label becomes known just before it.</summary>
    public List<OracleEvent?> Labels { get; } = [];

    /// <summary>A feature set; without sessions if the gap is 0.</summary>
    public static FeatureSet Declare(IReadOnlyList<OracleFeature> features, long retain, long lateness, int gap) => FeatureSet.Parse(
        new StringReader($$"""
            featureSet: random
            version: 1
            lateness: {{lateness}}s
            entities:
              card: { key: cardId, retain: {{retain}}s }
              user: { key: userId, retain: {{retain}}s }
              terminal: { key: terminalId, retain: {{retain}}s }
            {{(gap > 0 ? $"sessions: {{ entity: user, gap: {gap}s }}" : "")}}
            features:
            {{string.Join('\n', features.Select(f => f.Yaml()))}}
            """),
        "random.yaml");

    public static Transaction Transaction(OracleEvent e) => Tests.Features.Events.Transaction(
        e.Id, e.Time, e.Texts["cardId"]!, e.Texts["userId"], e.Units, e.Texts["terminalId"], e.Texts["merchantId"], e.Texts["channel"], e.Texts["country"]);

    public override string ToString() =>
        $"lateness {Lateness} retain {Retain} horizon {Horizon}\n" + string.Join('\n', Features.Select(f => f.Yaml())) + "\n"
        + string.Join('\n', Events.Select((e, i) => $"{i}: {e.Id} t={e.Time} units={e.Units} {string.Join(' ', e.Texts.Values.Select(v => v ?? "-"))}"));

    private OracleFeature Feature(int index)
    {
        var aggregate = Pick(Aggregates);
        var of = aggregate switch
        {
            "count" or "time_since_last" => null,
            "rate" => "label",
            "distinct" or "frequency" => Pick("country", "merchantId", "userId"),
            _ => "amount",
        };
        var kind = Pick("sliding", "sliding", "sliding", "tumbling", "session", "none");
        if (kind == "none" && aggregate is not ("time_since_last" or "first" or "last"))
            kind = "sliding";
        var offset = kind is "sliding" or "tumbling" && random.Next(3) == 0 ? random.Next((int)Retain - 1) : 0;
        var length = 1 + random.Next((int)(Retain - offset));
        var (where, passes) = Pick(Filters);
        return new OracleFeature(
            $"f{index}", Pick("card", "user", "terminal"), aggregate, of, kind, kind == "none" ? Retain : length, offset, where, passes,
            aggregate != "time_since_last" && random.Next(3) != 0, random.Next(4) == 0 ? random.Next(-2, 3) : null);
    }

    private void MakeEvents()
    {
        var count = random.Next(1, 45);
        var time = (long)random.Next(-50, 1000);
        var keys = random.Next(1, 4);
        for (var i = 0; i < count; i++)
        {
            // Mostly small steps, many of them 0; now and then a gap that outlives every window.
            time += random.Next(30) == 0 ? random.Next(200) : random.Next(random.Next(1, 12));
            var at = random.Next(4) == 0 ? time - random.Next(random.Next(1, 90)) : time;
            var again = i > 0 && random.Next(12) == 0 ? Events[random.Next(i)] : null;
            var e = again is null
                ? new OracleEvent($"t{i}", at, Amount(), Texts(keys))
                : new OracleEvent(
                    again.Id, random.Next(2) == 0 ? again.Time : at, random.Next(4) == 0 ? Amount() : again.Units, random.Next(3) == 0 ? Texts(keys) : again.Texts);
            Labels.Add(i > 0 && random.Next(3) == 0 ? Events[random.Next(i)] : null);
            Events.Add(e);
        }
    }

    private long Amount() => random.Next(6) switch
    {
        0 => 0,
        1 => -random.Next(50_000),
        2 => random.Next(3) * 10_000,
        3 when random.Next(8) == 0 => Money.MaxUnits - random.Next(3),
        _ => random.Next(60_000),
    };

    private Dictionary<string, string?> Texts(int keys) => new()
    {
        ["cardId"] = $"c{random.Next(keys)}",
        ["userId"] = random.Next(4) == 0 ? null : $"u{random.Next(2)}",
        ["terminalId"] = random.Next(5) == 0 ? null : $"p{random.Next(keys)}",
        ["merchantId"] = random.Next(5) == 0 ? null : $"m{random.Next(6)}",
        ["channel"] = Pick("ecom", "pos", "atm", null),
        ["country"] = Pick("FR", "DE", "IT", null),
    };

    private T Pick<T>(params ReadOnlySpan<T> from) => from[random.Next(from.Length)];
}
