using Scoring.Models.Features;

namespace Scoring.Tests.Features;

public sealed class FeatureLanguageTests
{
    private const string Valid = """
        featureSet: test
        version: 1
        lateness: 1h
        entities:
          card: { key: cardId, retain: 30d }
        features:
          - { name: amount, from: event, field: amount }
          - { name: mean, from: card, agg: mean, of: amount, window: 7d }
          - { name: ratio, from: arithmetic, ratio: [amount, mean], empty: 1 }
        """;

    [Fact]
    public void Every_error_of_a_file_is_told_at_once_with_its_line()
    {
        const string wrong = """
            featureSet: test
            version: 1
            lateness: 1 hour
            colour: red
            entities:
              card: { key: shoeSize, retain: 1w }
            features:
              - { name: a, from: arithmetic, ratio: [b, a] }
              - { name: b, from: card, agg: median, window: 1d }
              - { name: b, from: card, agg: mean, window: 1d }
              - { name: c, from: terminal, agg: count, window: 1d }
              - { name: d, from: online }
              - { name: e, from: event, field: channel }
              - { name: f, from: calendar, flag: night }
              - { name: g, from: card, agg: count, window: 1d, where: { hat: top } }
              - { name: h, from: card, agg: sum, of: amount, window: { session: 1d, tumbling: 1d } }
            """;

        var message = Assert.Throws<FeatureSetException>(() => Parse(wrong)).Message;

        (int Line, string Part)[] expected =
        [
            (3, "lateness: '1 hour' is no duration"), (4, "unknown key 'colour'"), (6, "key 'shoeSize' is no key"), (6, "retain: '1w'"),
            (8, "'b' is declared later, in line 9"), (8, "'a' is the feature itself: a cycle"), (9, "agg 'median' is unknown"),
            (10, "write of: amount"), (10, "the name is taken by the feature of line 9"), (11, "from 'terminal' is unknown"),
            (12, "'online' are not part of this version"), (13, "add the value it is compared with"), (14, "hours: [0, 6]"),
            (15, "where: field 'hat' is unknown"), (16, "{ tumbling: 1d } or { session: 30m }"),
        ];
        var lines = message.Split('\n');
        Assert.Equal(expected.Length, lines.Length);
        Assert.All(expected, e => Assert.Contains(lines, l => l.StartsWith($"set.yaml:{e.Line}: ", StringComparison.Ordinal) && l.Contains(e.Part, StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("a: [1", "not valid YAML")]
    [InlineData("", "must be one YAML mapping")]
    [InlineData("- a", "must be one YAML mapping")]
    [InlineData("featureSet: x\nfeatureSet: y", "not valid YAML")]
    [InlineData("featureSet: x", "'features' must be a list")]
    public void A_file_that_is_no_feature_set_is_refused(string yaml, string part) =>
        Assert.Contains(part, Assert.Throws<FeatureSetException>(() => Parse(yaml)).Message, StringComparison.Ordinal);

    [Fact]
    public void A_window_longer_than_its_entity_retains_is_refused()
    {
        var yaml = Valid.Replace("window: 7d", "window: 7d, offset: 24d", StringComparison.Ordinal);

        Assert.Contains("write retain: 31d or more", Assert.Throws<FeatureSetException>(() => Parse(yaml)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("version: 1", "version: 2")]
    [InlineData("featureSet: test", "featureSet: other # a comment")]
    [InlineData("{ name: amount, from: event, field: amount }", "{ from: event,   field: 'amount', name: amount }")]
    [InlineData("window: 7d", "window: 168h")]
    public void The_fingerprint_ignores_what_does_not_change_values(string from, string to) =>
        Assert.Equal(Parse(Valid).Fingerprint, Parse(Valid.Replace(from, to, StringComparison.Ordinal)).Fingerprint);

    [Theory]
    [InlineData("lateness: 1h", "lateness: 2h")]
    [InlineData("version: 1", "version: 1\ntimeZone: Europe/Paris")]
    [InlineData("retain: 30d", "retain: 31d")]
    [InlineData("window: 7d", "window: 6d")]
    [InlineData("window: 7d", "window: { tumbling: 7d }")]
    [InlineData("window: 7d", "window: 7d, thisEvent: exclude")]
    [InlineData("window: 7d", "window: 7d, where: { channel: ecom }")]
    [InlineData("empty: 1", "empty: 2")]
    [InlineData("ratio: [amount, mean]", "ratio: [mean, amount]")]
    [InlineData("name: mean,", "name: average,")]
    public void The_fingerprint_changes_with_what_determines_values(string from, string to) =>
        Assert.NotEqual(Parse(Valid).Fingerprint, Parse(Valid.Replace(from, to, StringComparison.Ordinal).Replace("[amount, mean]", to.Contains("average", StringComparison.Ordinal) ? "[amount, average]" : "[amount, mean]", StringComparison.Ordinal)).Fingerprint);

    [Theory]
    [InlineData("fraud", "sha256:")]
    [InlineData("handbook", "sha256:")]
    public void The_shipped_feature_sets_are_valid(string name, string fingerprint)
    {
        using var text = File.OpenText(Path.Combine(Repository.Root, "features", name + ".yaml"));

        var set = FeatureSet.Parse(text, name);

        Assert.Equal(name, set.Name);
        Assert.StartsWith(fingerprint, set.Fingerprint, StringComparison.Ordinal);
    }

    [Fact]
    public void The_plan_says_which_features_share_a_window()
    {
        var writer = new StringWriter();
        Parse("""
            featureSet: test
            version: 1
            entities:
              card: { key: cardId, retain: 30d }
            features:
              - { name: a, from: card, agg: count, window: 1d }
              - { name: b, from: card, agg: mean, of: amount, window: 24h }
              - { name: c, from: card, agg: count, window: 1d, where: { channel: ecom } }
            """).Explain(writer);

        Assert.Contains("window sliding 1d", writer.ToString(), StringComparison.Ordinal);
        Assert.Contains("all events: a, b", writer.ToString(), StringComparison.Ordinal);
        Assert.Contains("events where channel is ecom: c", writer.ToString(), StringComparison.Ordinal);
    }

    private static FeatureSet Parse(string yaml) => FeatureSet.Parse(new StringReader(yaml), "set.yaml");
}
