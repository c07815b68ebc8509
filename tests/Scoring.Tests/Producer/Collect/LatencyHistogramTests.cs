using Scoring.Producer.Collect;
using Scoring.Producer.Simulation;

namespace Scoring.Tests.Producer.Collect;

public sealed class LatencyHistogramTests
{
    [Theory]
    [InlineData(1, 50)]
    [InlineData(2, 3_000)]
    [InlineData(3, 2_000_000)]
    public void Percentiles_are_within_a_thousandth_of_the_sorted_latencies(int seed, double median)
    {
        var random = new SeededRandom((ulong)seed);
        var histogram = new LatencyHistogram();
        var sorted = new long[100_000];
        for (var i = 0; i < sorted.Length; i++)
        {
            sorted[i] = (long)random.LogNormal(median, 1.2);
            histogram.Record(sorted[i]);
        }

        Array.Sort(sorted);

        foreach (var percentile in new[] { 0.1, 10, 50, 75, 90, 99, 99.9, 99.99 })
        {
            var exact = sorted[(int)Math.Ceiling(percentile / 100 * sorted.Length) - 1];
            Assert.InRange(histogram.Percentile(percentile), exact * 0.999, exact * 1.001);
        }

        Assert.Equal(sorted[^1], histogram.Max);
        Assert.Equal(sorted[^1], histogram.Percentile(100));
        Assert.Equal(sorted.Length, histogram.Count);
    }

    [Fact]
    public void Below_two_milliseconds_every_latency_is_exact()
    {
        for (var micros = 0; micros < 2_048; micros++)
        {
            var histogram = new LatencyHistogram();
            histogram.Record(micros);
            histogram.Record(1_000_000);

            Assert.Equal(micros, histogram.Percentile(50));
        }
    }

    [Fact]
    public void Every_doubling_up_to_the_longest_keeps_three_digits()
    {
        for (var micros = 1L; micros < LatencyHistogram.MaxMicros; micros = (micros * 3 / 2) + 1)
        {
            var histogram = new LatencyHistogram();
            histogram.Record(micros);
            histogram.Record(LatencyHistogram.MaxMicros);

            Assert.InRange(histogram.Percentile(50), micros * 0.999, micros * 1.001);
            Assert.Equal(1, histogram.CountUpTo((long)(micros * 1.001)));
        }
    }

    [Fact]
    public void What_is_out_of_range_counts_at_the_edge()
    {
        var histogram = new LatencyHistogram();
        histogram.Record(-5);
        histogram.Record(long.MaxValue);

        Assert.Equal(0, histogram.Percentile(50));
        Assert.Equal(LatencyHistogram.MaxMicros, histogram.Max);
        Assert.Equal(1, histogram.CountUpTo(0));
        Assert.Equal(2, histogram.CountUpTo(long.MaxValue));
    }

    [Fact]
    public void Without_latencies_every_percentile_is_zero() => Assert.Equal(0, new LatencyHistogram().Percentile(99));
}
