using System.Text;
using System.Text.Json.Nodes;
using Scoring.Models.Inference;

namespace Scoring.Tests.Inference;

public sealed class ModelBundleTests
{
    [Fact]
    public void A_bundle_that_agrees_with_the_running_feature_set_is_accepted()
    {
        using var bundle = new BundleFixture().Load();

        Assert.Equal("stumps", bundle.Manifest.Name);
        Assert.Equal(3, bundle.Manifest.Version);
        Assert.Equal(new DecisionThresholds(0.5f, 0.9f), bundle.Manifest.Thresholds);
        Assert.Equal([20f, 1f, 1f, float.NaN], bundle.Manifest.Baseline);
        Assert.Equal(4, bundle.Manifest.Training.GetProperty("trees").GetInt32());
    }

    [Fact]
    public void Every_missing_file_is_named()
    {
        var refusal = Assert.Throws<BundleException>(() => ModelBundle.Load(new BundleFiles("here", null, null, null), BundleFixture.Running));

        Assert.Equal(["model.json", "model.onnx", "golden.jsonl"], refusal.Problems.Select(problem => problem.Split(':')[0]));
        Assert.Contains("'here'", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_changed_model_is_refused_and_not_opened()
    {
        var fixture = new BundleFixture();
        fixture.Model![^1] ^= 1;

        var problem = Assert.Single(fixture.Refusal());

        Assert.StartsWith("model.onnx: its SHA-256 is ", problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Changed_golden_rows_are_refused()
    {
        var fixture = new BundleFixture();
        fixture.Golden = [.. fixture.Golden!, (byte)'\n'];

        Assert.StartsWith("golden.jsonl: its SHA-256 is ", Assert.Single(fixture.Refusal()), StringComparison.Ordinal);
    }

    [Fact]
    public void Another_feature_set_is_refused_with_name_version_and_fingerprint()
    {
        var running = new FeatureContract("other", 2, "sha256:9999", BundleFixture.Running.Features);

        var refusal = Assert.Throws<BundleException>(() => ModelBundle.Load(new BundleFixture().Files(), running));

        Assert.Equal(2, refusal.Problems.Count);
        Assert.Contains("tiny version 2; the running feature set is other version 2", refusal.Problems[0], StringComparison.Ordinal);
        Assert.Contains("'sha256:0123' is not the running feature set's 'sha256:9999'", refusal.Problems[1], StringComparison.Ordinal);
    }

    [Fact]
    public void The_same_features_in_another_order_are_refused()
    {
        var running = BundleFixture.Running with { Features = ["amount", "ratio", "count_1d", "night"] };

        var refusal = Assert.Throws<BundleException>(() => ModelBundle.Load(new BundleFixture().Files(), running));

        Assert.Equal(
            ["model.json: inputs[1]: 'count_1d'; the running feature set has 'ratio' there", "model.json: inputs[2]: 'ratio'; the running feature set has 'count_1d' there"],
            refusal.Problems);
    }

    [Fact]
    public void A_feature_set_with_one_feature_more_is_refused()
    {
        var running = BundleFixture.Running with { Features = [.. BundleFixture.Running.Features, "hour"] };

        var refusal = Assert.Throws<BundleException>(() => ModelBundle.Load(new BundleFixture().Files(), running));

        Assert.Equal("model.json: inputs: 4 inputs; the running feature set has 5 features", Assert.Single(refusal.Problems));
    }

    [Fact]
    public void A_golden_row_that_the_model_scores_otherwise_is_refused_with_both_scores()
    {
        var fixture = new BundleFixture();
        var lines = Encoding.UTF8.GetString(fixture.Golden!).Split('\n');
        lines[1] = lines[1].Replace("0.010986943", "0.010999", StringComparison.Ordinal);

        var problem = Assert.Single(fixture.With(golden: string.Join('\n', lines)).Refusal());

        Assert.StartsWith("golden.jsonl: line 2: the model scores 0.01098", problem, StringComparison.Ordinal);
        Assert.EndsWith("; 0.010999 ± 1E-05 is right", problem, StringComparison.Ordinal);
    }

    [Fact]
    public void A_difference_within_the_tolerance_is_accepted()
    {
        var fixture = new BundleFixture();
        var rows = Encoding.UTF8.GetString(fixture.Golden!).Replace("0.010986943", "0.010990", StringComparison.Ordinal);

        using var bundle = fixture.With(golden: rows).Load();
    }

    [Theory]
    [InlineData("", "no rows")]
    [InlineData("\n \r\n", "no rows")]
    [InlineData("{\"inputs\":[1,2,3,4]}", "line 1: a row must be")]
    [InlineData("[]", "line 1: a row must be")]
    [InlineData("{\"inputs\":[1,2,3],\"score\":0.5}", "line 1: 3 inputs; the model has 4")]
    [InlineData("{\"inputs\":[1,2,3,4],\"score\":1.5}", "line 1: score 1.5 is not from 0 to 1")]
    [InlineData("{\"inputs\":[1,2,3,4],\"score\":1e999}", "line 1: score 1e999 is not from 0 to 1")]
    [InlineData("{\"inputs\":[1,2,3,\"4\"],\"score\":0.5}", "line 1: input \"4\" is neither")]
    [InlineData("{\"inputs\":[1,2,3,1e39],\"score\":0.5}", "line 1: input 1e39 is neither")]
    [InlineData("{\"inputs\":[1,2,3,[[4]]],\"score\":0.5}", "line 1: input [[4]] is neither")]
    [InlineData("{\"inputs\":[1,2,3,NaN],\"score\":0.5}", "line 1: not readable as JSON")]
    [InlineData("{\"inputs\":[1,2,3,4],\"score\":0.5,\"score\":0.6}", "line 1: not readable as JSON")]
    [InlineData("{\"inputs\":[1,2,3,4],", "line 1: not readable as JSON")]
    [InlineData("{\"inputs\":[1,2,3,4],\"note\":\"\\ud800\",\"score\":0.5}", "line 1: not readable as JSON (the text at byte 27 is no valid Unicode)")]
    public void Unreadable_golden_rows_are_refused_with_their_line(string rows, string problem) =>
        Assert.StartsWith("golden.jsonl: " + problem, Assert.Single(new BundleFixture().With(golden: rows).Refusal()), StringComparison.Ordinal);

    [Fact]
    public void All_golden_rows_that_are_unreadable_are_told_the_first_five_by_their_lines()
    {
        var problems = new BundleFixture().With(golden: string.Concat(Enumerable.Repeat("\n{}\n", 7))).Refusal();

        Assert.Equal(["2", "4", "6", "8", "10"], problems.Take(5).Select(problem => problem.Split(' ')[2].TrimEnd(':')));
        Assert.Equal("golden.jsonl: 2 more lines are wrong", problems[5]);
    }

    [Fact]
    public void Golden_rows_may_have_a_byte_order_mark_carriage_returns_and_empty_lines()
    {
        var rows = Encoding.UTF8.GetString(new BundleFixture().Golden!).Replace("\n", "\r\n\r\n", StringComparison.Ordinal);

        using var bundle = new BundleFixture().With(golden: "\uFEFF" + rows).Load();
    }

    [Fact]
    public void A_golden_row_that_differs_is_told_with_its_line_in_the_file()
    {
        var rows = "\n" + BundleFixture.FirstInputGolden().Replace("0.95", "0.85", StringComparison.Ordinal);

        Assert.StartsWith("golden.jsonl: line 4: the model scores 0.95", Assert.Single(new BundleFixture().With(BundleFixture.Onnx("first"), rows).Refusal()), StringComparison.Ordinal);
    }

    [Fact]
    public void A_model_without_the_named_input_and_output_is_refused_with_those_it_has()
    {
        var fixture = new BundleFixture();
        fixture.Manifest["input"] = "x";
        fixture.Manifest["output"] = "y";

        Assert.Equal(
            ["model.onnx: input 'features': unexpected; 'x' must be the only one", "model.onnx: input 'x': missing", "model.onnx: output 'y': missing; the model has 'score' Float [N, 1]"],
            fixture.Refusal());
    }

    [Fact]
    public void A_model_that_gives_a_row_of_missing_inputs_no_score_is_refused_with_the_way_out()
    {
        var problem = Assert.Single(new BundleFixture().With(BundleFixture.Onnx("missing_is_not_a_number"), BundleFixture.FirstInputGolden()).Refusal());

        Assert.StartsWith("model.onnx: it gives a row of nothing but missing inputs NaN; a score is a number from 0 to 1, and a first payment has no history", problem, StringComparison.Ordinal);
        Assert.Contains("SimpleImputer", problem, StringComparison.Ordinal);
    }

    [Fact]
    public void A_model_that_gives_its_inputs_baselines_no_score_is_refused()
    {
        var fixture = BundleFixture.Quotient();
        fixture.Manifest["inputs"]![0]!["baseline"] = -3;
        fixture.Manifest["inputs"]![3]!["baseline"] = 0;

        Assert.StartsWith("model.onnx: it gives the inputs' baselines -Infinity; a score is a number from 0 to 1", Assert.Single(fixture.Refusal()), StringComparison.Ordinal);
    }

    [Fact]
    public void A_model_that_scores_golden_rows_a_last_digit_above_1_is_accepted()
    {
        using var bundle = new BundleFixture().With(BundleFixture.Onnx("quotient"), "{\"inputs\":[1.0000001,0,0,1],\"score\":1.0000001}").WithBaseline(0, 0).Load();
        var verdicts = new Verdict[1];

        bundle.Score([1.0000001, 0, 0, 1], verdicts);

        Assert.Equal(new Verdict(1, Models.Wire.Decision.Decline, ScoreFault.None), verdicts[0]);
    }

    [Fact]
    public void A_model_whose_scores_depend_on_the_batch_is_refused()
    {
        var rows = "{\"inputs\":[1,0,0,0],\"score\":0.26894143}\n{\"inputs\":[3,0,0,0],\"score\":0.7310586}\n";

        var problems = new BundleFixture().With(BundleFixture.Onnx("batch_dependent"), rows).Refusal();

        Assert.Equal(2, problems.Count);
        Assert.All(problems, problem => Assert.Contains("alone; a score must not depend on its batch", problem, StringComparison.Ordinal));
    }

    [Fact]
    public void A_model_that_fails_when_it_runs_is_refused()
    {
        var problem = Assert.Single(new BundleFixture().With(BundleFixture.Onnx("feature_out_of_range")).Refusal());

        Assert.StartsWith("model.onnx: ONNX Runtime cannot run it on the golden rows", problem, StringComparison.Ordinal);
    }

    [Fact]
    public void A_model_whose_weights_are_in_a_file_that_no_hash_covers_is_refused()
    {
        // Present where a loader would look first, so that its absence cannot be the reason.
        var weights = Path.GetFullPath("external-weights.bin");
        File.WriteAllBytes(weights, new byte[16]);
        try
        {
            Assert.StartsWith("model.onnx: ONNX Runtime cannot load it", Assert.Single(new BundleFixture().With(BundleFixture.Onnx("external_weights")).Refusal()), StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(weights);
        }
    }

    [Fact]
    public void Bytes_that_are_no_model_are_refused()
    {
        var random = new Random(20260301);
        for (var i = 0; i < 200; i++)
        {
            var bytes = new byte[random.Next(0, 4_096)];
            random.NextBytes(bytes);
            Assert.StartsWith("model.onnx: ONNX Runtime cannot load it", Assert.Single(new BundleFixture().With(bytes).Refusal()), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_model_cut_at_any_byte_is_refused()
    {
        var whole = new BundleFixture().Model!;
        for (var length = 0; length < whole.Length; length++)
            Assert.NotEmpty(new BundleFixture().With(whole[..length]).Refusal());
    }

    [Fact]
    public void A_model_with_any_byte_changed_is_refused_or_gives_its_golden_rows_their_scores()
    {
        var whole = new BundleFixture().Model!;
        var refused = 0;
        for (var i = 0; i < whole.Length; i++)
        {
            var changed = (byte[])whole.Clone();
            changed[i] ^= 0x41;
            try
            {
                new BundleFixture().With(changed).Load().Dispose();
            }
            catch (BundleException)
            {
                refused++;
            }
        }

        // What is left are names that mean nothing, such as the producer's.
        Assert.InRange(refused, whole.Length / 2, whole.Length - 1);
    }

    [Theory]
    [InlineData("\"formatVersion\":1", "\"formatVersion\":2", "formatVersion: 2 is not 1")]
    [InlineData("\"name\":\"stumps\"", "\"name\":\"\"", "name: empty; it must be a text")]
    [InlineData("\"name\":\"stumps\",", "", "name: missing; it must be a text")]
    [InlineData("\"name\":\"stumps\"", "\"name\":\"../stumps\"", "name: '../stumps' is no name; that is a letter or digit, then letters, digits, '.', '_' and '-', at most 100")]
    [InlineData("\"name\":\"stumps\"", "\"name\":\"st\\u0000umps\"", "name: \"st\\u0000umps\" has control characters or more than 500 characters")]
    [InlineData("\"version\":3", "\"version\":9999999999999999999999", "version: 9999999999999999999999 is not a whole number from 0 to 2147483647")]
    [InlineData("\"version\":3", "\"version\":\"3\"", "version: \"3\" is not a number")]
    [InlineData("\"version\":3", "\"version\":3.5", "version: 3.5 is not a whole number from 0 to 2147483647")]
    [InlineData("\"fingerprint\":\"sha256:0123\"", "\"fingerprint\":7", "featureSet.fingerprint: 7 is not a text")]
    [InlineData("\"review\":0.5", "\"review\":0.95", "thresholds: review 0.95 is above decline 0.9; it must be at or below")]
    [InlineData("\"decline\":0.9", "\"decline\":1e400", "thresholds.decline: 1e400 is not a score from 0 to 1")]
    [InlineData("\"decline\":0.9", "\"decline\":-0.1", "thresholds.decline: -0.1 is not a score from 0 to 1")]
    [InlineData("\"decline\":0.9", "\"decline\":\"NaN\"", "thresholds.decline: \"NaN\" is not a number")]
    [InlineData("\"output\":\"score\"", "\"output\":\"score\",\"outputColumn\":-1", "outputColumn: -1 is not a whole number from 0 to 1023")]
    [InlineData("\"output\":\"score\"", "\"output\":\"score\",\"outputColumn\":\"1\"", "outputColumn: \"1\" is not a number")]
    [InlineData("\"baseline\":20.0", "\"baseline\":1e39", "inputs[0].baseline: 1e39 is neither a float32 nor null")]
    [InlineData("\"decline\":0.9", "\"decline\":90", "thresholds.decline: 90 is not a score from 0 to 1")]
    [InlineData("\"baseline\":20.0", "\"baseline\":\"20\"", "inputs[0].baseline: \"20\" is neither a float32 nor null")]
    [InlineData("\"baseline\":20.0", "\"base\":20", "inputs[0].baseline: missing; it must be a number, or null where the value is a missing one")]
    [InlineData("\"count_1d\"", "\"amount\"", "inputs[1].name: 'amount' is the name of inputs[0] too; every input has a name of its own")]
    public void A_wrong_manifest_is_refused_with_the_field_and_what_would_be_right(string right, string wrong, string problem)
    {
        var fixture = new BundleFixture();
        var json = fixture.Manifest.ToJsonString();
        Assert.Contains(right, json, StringComparison.Ordinal);
        var files = new BundleFiles("fixture", Encoding.UTF8.GetBytes(json.Replace(right, wrong, StringComparison.Ordinal)), fixture.Model, fixture.Golden);

        var refusal = Assert.Throws<BundleException>(() => ModelBundle.Load(files, BundleFixture.Running));

        Assert.Equal("model.json: " + problem, Assert.Single(refusal.Problems));
    }

    [Fact]
    public void A_hash_that_is_none_is_refused()
    {
        var fixture = new BundleFixture();
        fixture.Manifest["sha256"]!["golden.jsonl"] = "abc";

        Assert.Equal("model.json: sha256.golden.jsonl: 'abc' is no SHA-256; that is 64 hexadecimal digits", Assert.Single(fixture.Refusal()));
    }

    [Fact]
    public void All_that_is_wrong_with_a_manifest_is_said_at_once()
    {
        var fixture = new BundleFixture();
        fixture.Manifest.Remove("featureSet");
        fixture.Manifest["thresholds"] = new JsonArray();
        fixture.Manifest["inputs"] = new JsonArray();
        fixture.Manifest["output"] = 1;

        Assert.Equal(
            [
                "model.json: inputs: 0 inputs; a model has 1 to 4096",
                "model.json: featureSet: missing; it must be an object",
                "model.json: output: 1 is not a text",
                "model.json: thresholds: [] is not an object",
            ],
            fixture.Refusal());
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("{\"formatVersion\":1")]
    [InlineData("{\"formatVersion\":1,\"formatVersion\":1}")]
    [InlineData("{\"\\udc00\":1}")]
    [InlineData("{\"formatVersion\":NaN}")]
    public void A_manifest_that_is_no_JSON_object_is_refused(string json)
    {
        var fixture = new BundleFixture();
        var files = new BundleFiles("fixture", Encoding.UTF8.GetBytes(json), fixture.Model, fixture.Golden);

        Assert.StartsWith("model.json: ", Assert.Single(Assert.Throws<BundleException>(() => ModelBundle.Load(files, null)).Problems), StringComparison.Ordinal);
    }

    [Fact]
    public void A_manifest_nested_without_end_is_refused()
    {
        var fixture = new BundleFixture();
        var json = fixture.Manifest.ToJsonString()[..^1] + ",\"x\":" + new string('[', 100_000) + new string(']', 100_000) + "}";
        var files = new BundleFiles("fixture", Encoding.UTF8.GetBytes(json), fixture.Model, fixture.Golden);

        Assert.StartsWith("model.json: not readable as JSON", Assert.Single(Assert.Throws<BundleException>(() => ModelBundle.Load(files, null)).Problems), StringComparison.Ordinal);
    }

    [Fact]
    public void A_manifest_may_begin_with_a_byte_order_mark()
    {
        var fixture = new BundleFixture();
        var files = new BundleFiles("fixture", Encoding.UTF8.GetBytes("\uFEFF" + fixture.Manifest.ToJsonString()), fixture.Model, fixture.Golden);

        using var bundle = ModelBundle.Load(files, BundleFixture.Running);
    }
}
