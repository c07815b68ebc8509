using System.Globalization;
using System.Text;
using Scoring.Host.Commands;

namespace Scoring.Tests.Commands;

public sealed class FeatureRowsTests
{
    private static readonly double[] Edges =
    [
        0, -0.0, 1, -1, 0.5, -0.5, 0.1, 57.16, -80.01, 0.0001, -0.0001, 0.00005, 0.00009, 0.99995, 1.00005, 1e-300, -1e-300, double.Epsilon,
        int.MaxValue, int.MinValue, int.MaxValue + 0.25, 2147483648, -2147483649.5, 3e9, 99_999_999_999.9999, -99_999_999_999.9999, 1e11, 1e11 + 0.5,
        1e15, 1e16, 1e300, double.MaxValue, double.MinValue, double.PositiveInfinity, double.NegativeInfinity, 0.1 + 0.2, 1.0 / 3, 100.0 / 3,
    ];

    [Fact]
    public void A_number_is_written_as_the_shortest_that_reads_back_as_it()
    {
        var random = new Random(1);
        double[] values =
        [
            .. Edges,
            .. Enumerable.Range(0, 20_000).Select(_ => BitConverter.Int64BitsToDouble(random.NextInt64(long.MinValue, long.MaxValue))),
            .. Enumerable.Range(0, 20_000).Select(_ => random.NextInt64(-1_000_000_000_000_000, 1_000_000_000_000_000) / 10_000.0),
            .. Enumerable.Range(0, 20_000).Select(_ => random.Next(-10_000_000, 10_000_000) / (double)random.Next(1, 200_000)),
            .. Enumerable.Range(0, 20_000).Select(_ => random.Next(0, 1_000_000) * 0.0001),
        ];

        Assert.Equal(values.Select(Shortest), Written(values));
    }

    [Fact]
    public void A_missing_value_is_an_empty_field() => Assert.Equal(["", "1", ""], Written([double.NaN, 1, double.NaN]));

    private static string Shortest(double value) => double.IsNaN(value) ? "" : value.ToString("R", CultureInfo.InvariantCulture);

    private static string[] Written(double[] values)
    {
        using var output = new MemoryStream();
        var rows = new FeatureRows(output);
        rows.Row("t"u8, values);
        rows.Flush();
        return Encoding.UTF8.GetString(output.ToArray()).TrimEnd('\n').Split(',')[1..];
    }
}
