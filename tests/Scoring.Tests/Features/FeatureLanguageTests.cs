using Scoring.Models.Features;
using Scoring.Models.Wire;

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
    [InlineData("lateness: 1h", "latness: 1h", 3, "unknown key 'latness'; did you mean 'lateness'?")]
    [InlineData("key: cardId", "key: cardID", 5, "key 'cardID' is no key; did you mean 'cardId'?")]
    [InlineData("retain: 30d", "retian: 30d", 5, "unknown key 'retian'; did you mean 'retain'?")]
    [InlineData("from: event", "from: evnt", 7, "from 'evnt' is unknown; did you mean 'event'?")]
    [InlineData("from: card", "from: cards", 8, "from 'cards' is unknown; did you mean 'card'?")]
    [InlineData("field: amount", "field: Amount", 7, "field 'Amount' is unknown; did you mean 'amount'?")]
    [InlineData("agg: mean", "agg: maen", 8, "agg 'maen' is unknown; did you mean 'mean'?")]
    [InlineData("agg: mean, of: amount", "agg: distinct, of: countrry", 8, "'of' with one of cardId, userId, merchantId, terminalId, currency, channel, country, mcc, deviceId, ip; did you mean 'country'?")]
    [InlineData("window: 7d", "window: 7d, where: { chanel: ecom }", 8, "where: field 'chanel' is unknown; did you mean 'channel'?")]
    [InlineData("window: 7d", "window: { tumblin: 7d }", 8, "unknown key 'tumblin'; did you mean 'tumbling'?")]
    [InlineData("from: event, field: amount", "from: calendar, flag: weekedn", 7, "flag 'weekedn' is unknown; did you mean 'weekend'?")]
    [InlineData("from: event, field: amount", "from: calendar, flag: 'hour,night'", 7, "flag 'hour,night' is unknown; the flags are hour, weekday, weekend, night")]
    [InlineData("from: event, field: amount", "from: calendar, flag: weekend, days: [Sat]", 7, "day 'Sat' is unknown; did you mean 'sat'?")]
    [InlineData("ratio: [amount, mean]", "ratio: [ammount, mean]", 9, "'ammount' is no feature of this set; did you mean 'amount'?")]
    [InlineData("lateness: 1h", "sessions: { entity: crad, gap: 1m }", 3, "entity must name the entity with key userId; did you mean 'card'?")]
    public void A_name_that_is_nearly_right_is_refused_with_the_right_one(string right, string wrong, int line, string told)
    {
        Assert.Contains(right, Valid, StringComparison.Ordinal);
        var lines = Assert.Throws<FeatureSetException>(() => Parse(Valid.Replace(right, wrong, StringComparison.Ordinal))).Message.Split('\n');

        Assert.Contains(lines, l => l.StartsWith($"set.yaml:{line}: ", StringComparison.Ordinal) && l.Contains(told, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("version: 1", "version: 99999999999999999999", "version '99999999999999999999' must be a whole number from 1 to 2147483647")]
    [InlineData("retain: 30d", "retain: 30d, maxEvents: 99999999999", "maxEvents '99999999999' must be a whole number from 1 to 65000")]
    [InlineData("retain: 30d", "retain: 9223372036854775807s", "retain")]
    [InlineData("window: 7d", "window: 99999999999999999999d", "window")]
    [InlineData("window: 7d", "window: { session: 99999999999d }", "session")]
    [InlineData("window: 7d", "window: 3650d, offset: 1d", "reach 3651d back, but entity card retains 30d; the longest retain is 3650d")]
    [InlineData("empty: 1", "empty: 1e39", "empty '1e39' must be a number that a float32 holds")]
    [InlineData("empty: 1", "empty: -.inf", "empty '-.inf' must be a number")]
    [InlineData("window: 7d", "window: 7d, where: { amount: { gt: 1e400 } }", "where: amount gt '1e400' is no amount")]
    public void A_number_beyond_its_bounds_is_refused_where_it_stands(string right, string wrong, string told)
    {
        Assert.Contains(right, Valid, StringComparison.Ordinal);
        var yaml = Valid.Replace(right, wrong, StringComparison.Ordinal);
        var line = 1 + yaml[..yaml.IndexOf(wrong, StringComparison.Ordinal)].Count(c => c == '\n');

        var lines = Assert.Throws<FeatureSetException>(() => Parse(yaml)).Message.Split('\n');

        Assert.Contains(lines, l => l.StartsWith($"set.yaml:{line}: ", StringComparison.Ordinal) && l.Contains(told, StringComparison.Ordinal));
    }

    [Fact]
    public void A_file_nested_without_end_is_refused_where_it_becomes_too_deep() =>
        Assert.Equal(
            "set.yaml:2: not valid YAML: lists and mappings are nested more than 20 deep",
            Assert.Throws<FeatureSetException>(() => Parse("featureSet: x\nfeatures: " + new string('[', 100_000))).Message);

    [Theory]
    [InlineData("? [a, b]\n: 1")]
    [InlineData("? {a: b}\n: 1")]
    [InlineData("x: &x word\n*x : 1")]
    [InlineData("? &a {x: *a}\n: 1")]
    public void A_key_that_is_no_word_is_refused_before_anything_is_made_of_it(string yaml) =>
        Assert.EndsWith("not valid YAML: a key must be a plain word", Assert.Throws<FeatureSetException>(() => Parse(yaml)).Message, StringComparison.Ordinal);

    [Fact]
    public void Aliases_of_aliases_cost_no_more_than_their_text()
    {
        // Written out these are 10^12 values.
        var lines = Enumerable.Range(1, 12).Select(i => $"a{i}: &a{i} [{string.Join(", ", Enumerable.Repeat($"*a{i - 1}", 10))}]");

        Assert.Contains("unknown key 'a12'", Assert.Throws<FeatureSetException>(() => Parse("a0: &a0 [1]\n" + string.Join('\n', lines))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_value_may_be_an_alias()
    {
        var yaml = Valid.Replace("retain: 30d", "retain: &month 30d", StringComparison.Ordinal).Replace("window: 7d", "window: *month", StringComparison.Ordinal);

        Assert.Equal(Parse(Valid.Replace("window: 7d", "window: 30d", StringComparison.Ordinal)).Fingerprint, Parse(yaml).Fingerprint);
    }

    [Fact]
    public void A_file_of_any_length_is_read_to_a_bound_alone() =>
        Assert.Equal("set.yaml:1: the file is longer than 1048576 characters", Assert.Throws<FeatureSetException>(() => Parse(new string('#', 2_000_000))).Message);

    [Fact]
    public void What_a_message_takes_from_the_file_is_short_and_in_one_line()
    {
        var message = Assert.Throws<FeatureSetException>(() => Parse(Valid.Replace("featureSet: test", $"featureSet: \"\\e[31m\\n{new string('x', 5_000)}\"", StringComparison.Ordinal))).Message;

        Assert.Equal("set.yaml:1: ".Length + MessageLine.MaxLength, message.Length);
        Assert.DoesNotContain(message, char.IsControl);
    }

    [Fact]
    public void Of_very_many_errors_the_first_hundred_are_told()
    {
        var features = string.Concat(Enumerable.Range(0, 150).Select(i => $"  - {{ name: f{i}, from: nowhere }}\n"));

        var lines = Assert.Throws<FeatureSetException>(() => Parse("featureSet: x\nversion: 1\nfeatures:\n" + features)).Message.Split('\n');

        Assert.Equal(101, lines.Length);
        Assert.Equal("set.yaml: 50 more errors", lines[^1]);
    }

    [Fact]
    public void A_set_has_no_more_features_than_a_model_may_have_inputs()
    {
        var features = string.Concat(Enumerable.Range(0, 4_097).Select(i => $"  - {{ name: f{i}, from: event, field: amount }}\n"));

        Assert.Equal("set.yaml:4: feature set: 4097 features; a set has at most 4096", Assert.Throws<FeatureSetException>(() => Parse("featureSet: x\nversion: 1\nfeatures:\n" + features)).Message);
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
