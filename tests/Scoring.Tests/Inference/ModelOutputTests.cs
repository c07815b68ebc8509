using Scoring.Models.Inference;

namespace Scoring.Tests.Inference;

/// <summary>The forms in which exporters hand out a classifier's probabilities.</summary>
public sealed class ModelOutputTests
{
    [Theory]
    [InlineData("first", "score", null)]
    [InlineData("first", "score", 0)]
    [InlineData("flat", "score", null)]
    [InlineData("any_inputs", "score", null)]
    [InlineData("double_output", "score", null)]
    [InlineData("two_columns", "probabilities", 1)]
    [InlineData("open_columns", "probabilities", 1)]
    [InlineData("open_shape", "probabilities", 1)]
    [InlineData("double_columns", "probabilities", 1)]
    [InlineData("zip_map", "probabilities", 1)]
    [InlineData("zip_map_names", "probabilities", 1)]
    public void A_score_is_found_wherever_it_stands(string model, string output, int? column)
    {
        using var bundle = Fixture(model, output, column).Load();
        var verdicts = new Verdict[3];

        bundle.Score([0, 9, 9, 9, 100, 9, 9, 9, double.NaN, 9, 9, 9], verdicts);

        Assert.Equal([0.5f, 1f, 0.5f], verdicts.Select(verdict => verdict.Score));
    }

    [Theory]
    [InlineData("two_columns")]
    [InlineData("zip_map")]
    [InlineData("double_columns")]
    public void A_score_among_columns_allocates_no_managed_memory_and_has_the_same_bits_in_any_batch(string model)
    {
        using var bundle = Fixture(model, "probabilities", 1).Load();
        var random = new Random(20261126);
        double[] rows = [.. Enumerable.Range(0, 4 * 300).Select(_ => (random.NextDouble() * 8) - 4)];
        var together = new Verdict[300];
        var alone = new Verdict[1];
        bundle.Score(rows, together);
        bundle.Score(rows.AsSpan(0, 4), alone);

        // The runtime itself allocates once now and then; what a score allocates shows in every round.
        var least = long.MaxValue;
        for (var round = 0; round < 5; round++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            var same = 0;
            for (var row = 0; row < together.Length; row++)
            {
                bundle.Score(rows.AsSpan(4 * row, 4), alone);
                same += alone[0] == together[row] ? 1 : 0;
            }

            bundle.Score(rows, together);
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
            Assert.Equal(together.Length, same);
        }

        Assert.Equal(0, least);
    }

    [Fact]
    public void The_other_column_is_what_golden_rows_refuse() =>
        Assert.All(Fixture("two_columns", "probabilities", 0).Refusal(), problem => Assert.StartsWith("golden.jsonl: line ", problem, StringComparison.Ordinal));

    [Theory]
    [InlineData("two_columns", null, "model.json: outputColumn: missing; output 'probabilities' has the columns 0 to 1: say which is the probability of fraud, \"outputColumn\": 1 as a rule")]
    [InlineData("zip_map", null, "model.json: outputColumn: missing; output 'probabilities' has the columns 0 to 1, which stand for the classes 0, 1: say which")]
    [InlineData("zip_map_names", null, "model.json: outputColumn: missing; output 'probabilities' has the columns 0 to 1, which stand for the classes 'honest', 'fraud': say which")]
    [InlineData("zip_map_names", 2, "model.json: outputColumn: 2; output 'probabilities' has the columns 0 to 1, which stand for the classes 'honest', 'fraud'")]
    [InlineData("open_shape", null, "model.json: outputColumn: missing; output 'probabilities' has the columns 0 to 1")]
    [InlineData("sequence", 1, "model.onnx: output 'probabilities': a sequence; it must be a float tensor: export the classifier without a ZipMap (skl2onnx: options={'zipmap': False}; onnxmltools: zipmap=False)")]
    public void A_column_that_is_not_named_or_not_there_is_refused_with_what_to_write(string model, int? column, string problem) =>
        Assert.StartsWith(problem, Assert.Single(Fixture(model, "probabilities", column).Refusal()), StringComparison.Ordinal);

    [Fact]
    public void A_label_is_refused_with_the_outputs_beside_it() =>
        Assert.Equal(
            "model.onnx: output 'label': Int64 [N]; it must be float [N], [N, 1] or [N, columns] (a classifier's label is no score; the other outputs are 'probabilities' Float [N, 2])",
            Assert.Single(Fixture("two_columns", "label", null).Refusal()));

    [Theory]
    [InlineData("three_inputs", "input 'features': Float [N, 3]; it must be float [N, 4]")]
    [InlineData("one_row", "input 'features': Float [1, 4]; it must be float [N, 4], its first dimension left open (skl2onnx: FloatTensorType([None, inputs])")]
    [InlineData("one_row", "output 'score': Float [1, 1]; it must be float [N], [N, 1] or [N, columns], with at most 1024 columns and a first dimension that is left open")]
    [InlineData("three_dimensions", "output 'score': Float [N, 1, 1]; it must be float [N], [N, 1] or [N, columns]")]
    [InlineData("half_output", "output 'score': Float16 [N, 1]; it must be float [N], [N, 1] or [N, columns]")]
    public void A_model_of_another_shape_is_refused_with_both_shapes(string model, string problem) =>
        Assert.Contains(Fixture(model, "score", null).Refusal(), p => p.StartsWith("model.onnx: " + problem, StringComparison.Ordinal));

    [Fact]
    public void A_column_of_an_output_that_has_but_one_is_refused() =>
        Assert.Equal("model.json: outputColumn: 1; output 'score' has the columns 0 to 0", Assert.Single(Fixture("first", "score", 1).Refusal()));

    [Theory]
    [InlineData("zip_map")]
    [InlineData("zip_map_names")]
    public void A_classifier_cut_at_any_byte_or_with_any_byte_changed_is_refused_or_gives_its_golden_rows_their_scores(string model)
    {
        var whole = BundleFixture.Onnx(model);
        for (var i = 0; i < whole.Length; i++)
        {
            var changed = (byte[])whole.Clone();
            changed[i] ^= 0x41;
            Load(whole[..i]);
            Load(changed);
        }

        void Load(byte[] bytes)
        {
            try
            {
                new BundleFixture().With(bytes, BundleFixture.FirstInputGolden()).WithOutput("probabilities", 1).Load().Dispose();
            }
            catch (BundleException refusal)
            {
                Assert.NotEmpty(refusal.Problems);
            }
        }
    }

    private static BundleFixture Fixture(string model, string output, int? column) =>
        new BundleFixture().With(BundleFixture.Onnx(model), BundleFixture.FirstInputGolden()).WithOutput(output, column);
}
