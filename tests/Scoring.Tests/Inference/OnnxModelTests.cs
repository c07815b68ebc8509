using Scoring.Models.Inference;

namespace Scoring.Tests.Inference;

public sealed class OnnxModelTests : IDisposable
{
    private readonly ModelBundle bundle = new BundleFixture().Load();

    private OnnxModel Model => bundle.Model;

    public void Dispose() => bundle.Dispose();

    [Fact]
    public void A_value_on_a_split_goes_the_upper_way_and_a_missing_one_as_the_tree_says()
    {
        double[] rows =
        [
            100, 5, 4, 0.5,
            float.BitDecrement(100), float.BitDecrement(5), float.BitDecrement(4), float.BitDecrement(0.5f),
            double.NaN, double.NaN, double.NaN, double.NaN,
        ];
        var scores = new float[3];

        Model.Score(rows, scores);

        // The margins are −1 + 2 + 0.5 + 1 + 1, −1 − 1 − 0.5 − 1 − 1 and, the count's missing values going up, −3.5.
        Assert.Equal(Sigmoid(3.5), scores[0], 1e-6f);
        Assert.Equal(Sigmoid(-4.5), scores[1], 1e-6f);
        Assert.Equal(Sigmoid(-3.5), scores[2], 1e-6f);
    }

    [Fact]
    public void A_row_has_the_same_bits_alone_and_at_any_place_of_a_batch_of_any_size()
    {
        var rows = RandomRows(257);
        var alone = new float[257];
        for (var i = 0; i < alone.Length; i++)
            Model.Score(rows.AsSpan(i * 4, 4), alone.AsSpan(i, 1));

        foreach (var size in (int[])[2, 3, 7, 16, 31, 64, 128, 256])
        {
            for (var first = 0; first + size <= alone.Length; first++)
            {
                var scores = new float[size];
                Model.Score(rows.AsSpan(first * 4, size * 4), scores);
                Assert.Equal(Bits(alone.AsSpan(first, size)), Bits(scores));
            }
        }
    }

    [Fact]
    public void A_batch_above_the_bound_is_cut_and_scored_whole()
    {
        const int Count = (2 * OnnxModel.MaxBatchRows) + 3;
        var rows = RandomRows(Count);
        var whole = new float[Count];
        Model.Score(rows, whole);

        for (var i = 0; i < Count; i += 97)
        {
            var alone = new float[1];
            Model.Score(rows.AsSpan(i * 4, 4), alone);
            Assert.Equal(alone[0], whole[i]);
        }
    }

    [Fact]
    public void Scoring_allocates_no_managed_memory()
    {
        var rows = RandomRows(128);
        var scores = new float[128];
        foreach (var size in (int[])[1, 16, 128])
            Model.Score(rows.AsSpan(0, size * 4), scores.AsSpan(0, size));

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 100; i++)
        {
            Model.Score(rows.AsSpan(0, 4), scores.AsSpan(0, 1));
            Model.Score(rows.AsSpan(0, 16 * 4), scores.AsSpan(0, 16));
            Model.Score(rows, scores);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void Rows_that_do_not_fill_the_batch_are_an_error()
    {
        Assert.Throws<ArgumentException>(() => Model.Score(new double[7], new float[2]));
        Assert.Throws<ArgumentOutOfRangeException>(() => Model.Run(0).Length);
    }

    [Fact]
    public void A_disposed_model_refuses_to_run()
    {
        Model.Row(0).Clear();
        bundle.Dispose();

        Assert.Throws<ObjectDisposedException>(() => Model.Run(1).Length);
    }

    private static uint[] Bits(ReadOnlySpan<float> values)
    {
        var bits = new uint[values.Length];
        for (var i = 0; i < bits.Length; i++)
            bits[i] = BitConverter.SingleToUInt32Bits(values[i]);
        return bits;
    }

    private static float Sigmoid(double margin) => (float)(1 / (1 + Math.Exp(-margin)));

    private static double[] RandomRows(int count)
    {
        var random = new Random(7);
        var rows = new double[count * 4];
        for (var i = 0; i < rows.Length; i++)
            rows[i] = random.Next(8) == 0 ? double.NaN : random.NextDouble() * (i % 4 == 0 ? 200 : 8);
        return rows;
    }
}
