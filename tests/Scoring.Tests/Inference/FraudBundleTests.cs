using Scoring.Actors.Model;
using Scoring.Models.Features;
using Scoring.Models.Inference;

namespace Scoring.Tests.Inference;

/// <summary>The bundle that ships with the service.</summary>
public sealed class FraudBundleTests
{
    private static readonly string Folder = Path.Combine(BundleFixture.Root, "models", "fraud", "1");

    [Fact]
    public void It_fits_the_feature_set_that_ships_with_it()
    {
        using var yaml = File.OpenText(Path.Combine(BundleFixture.Root, "features", "fraud.yaml"));
        var set = FeatureSet.Parse(yaml, "fraud.yaml");

        using var bundle = ModelBundle.Load(BundleDirectory.Read(Folder), new FeatureContract(set.Name, set.Version, set.Fingerprint, set.FeatureNames));

        Assert.Equal("fraud", bundle.Manifest.Name);
    }

    [Fact]
    public void It_is_under_2_MB() => Assert.InRange(new DirectoryInfo(Folder).EnumerateFiles().Sum(file => file.Length), 1, 2_000_000);

    [Fact]
    public void It_has_at_least_100_golden_rows_with_missing_values_among_them_and_all_decisions()
    {
        using var bundle = ModelBundle.Load(BundleDirectory.Read(Folder), null);
        var (rows, scores) = Golden(bundle);

        Assert.InRange(scores.Length, 100, 1_000);
        Assert.Contains(double.NaN, rows);
        Assert.Equal(3, scores.Select(score => bundle.Manifest.Thresholds.Decide(score)).Distinct().Count());
    }

    [Fact]
    public void Its_scores_have_the_same_bits_alone_and_at_any_place_of_a_batch_of_any_size()
    {
        using var bundle = ModelBundle.Load(BundleDirectory.Read(Folder), null);
        var (rows, alone) = Golden(bundle);
        var width = bundle.Model.InputCount;
        for (var size = 1; size <= alone.Length; size++)
        {
            var scores = new float[size];
            var first = (size * 31) % (alone.Length - size + 1);
            bundle.Model.Score(rows.AsSpan(first * width, size * width), scores);
            for (var i = 0; i < size; i++)
                Assert.Equal(BitConverter.SingleToUInt32Bits(alone[first + i]), BitConverter.SingleToUInt32Bits(scores[i]));
        }
    }

    [Fact]
    public void Every_row_that_it_does_not_approve_gets_the_threshold_and_features_as_reasons()
    {
        using var bundle = ModelBundle.Load(BundleDirectory.Read(Folder), null);
        var (rows, scores) = Golden(bundle);
        var reasons = new string[ModelBundle.MaxReasons];
        for (var row = 0; row < scores.Length; row++)
        {
            if (scores[row] < bundle.Manifest.Thresholds.Review)
                continue;
            var count = bundle.Explain(rows.AsSpan(row * bundle.Model.InputCount, bundle.Model.InputCount), bundle.Manifest.Thresholds.Judge(scores[row]), reasons);
            Assert.InRange(count, 2, ModelBundle.MaxReasons);
            Assert.StartsWith("score_above_", reasons[0], StringComparison.Ordinal);
            Assert.All(reasons[1..count], reason => Assert.Contains(reason["feature:".Length..], bundle.Manifest.FeatureSet.Features));
        }
    }

    private static (double[] Rows, float[] Scores) Golden(ModelBundle bundle)
    {
        var lines = File.ReadLines(Path.Combine(Folder, "golden.jsonl")).Select(line => System.Text.Json.JsonDocument.Parse(line).RootElement).ToArray();
        double[] rows = [.. lines.SelectMany(line => line.GetProperty("inputs").EnumerateArray().Select(v => v.ValueKind == System.Text.Json.JsonValueKind.Null ? double.NaN : v.GetDouble()))];
        var scores = new float[lines.Length];
        for (var i = 0; i < scores.Length; i++)
            bundle.Model.Score(rows.AsSpan(i * bundle.Model.InputCount, bundle.Model.InputCount), scores.AsSpan(i, 1));
        return (rows, scores);
    }
}
