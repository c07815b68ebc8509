using System.Text.Json;
using BenchmarkDotNet.Attributes;
using Scoring.Actors.Model;
using Scoring.Models.Inference;
using Scoring.Models.Wire;

namespace Scoring.Benchmarks.Inference;

/// <summary>
/// Time and bytes per row of the bundled model, by the size of the batch. The rows are many and differ:
/// a processor that sees the same few again and again predicts their branches, and scores them in a third
/// of the time.
/// </summary>
[MemoryDiagnoser]
public class ModelBenchmarks
{
    private const int Rows = 8_192;
    private ModelBundle bundle = null!;
    private double[] features = [];
    private readonly Verdict[] verdicts = new Verdict[Rows];
    private readonly string[] reasons = new string[ModelBundle.MaxReasons];

    [Params(1, 16, 128)]
    public int Batch { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        var folder = Path.Combine(FindRoot(AppContext.BaseDirectory), "models", "fraud", "1");
        bundle = ModelBundle.Load(BundleDirectory.Read(folder), null);
        features = MixedRows(Path.Combine(folder, BundleFiles.GoldenName), bundle.Model.InputCount);
        Score();
    }

    [GlobalCleanup]
    public void Cleanup() => bundle.Dispose();

    [Benchmark(OperationsPerInvoke = Rows)]
    public void Score()
    {
        var width = bundle.Model.InputCount;
        for (var first = 0; first < Rows; first += Batch)
            bundle.Score(features.AsSpan(first * width, Batch * width), verdicts.AsSpan(first, Batch));
    }

    /// <summary>The reasons of one transaction, whatever the batch it came in.</summary>
    [Benchmark(OperationsPerInvoke = 256)]
    public int Explain()
    {
        var width = bundle.Model.InputCount;
        var written = 0;
        for (var row = 0; row < 256; row++)
            written += bundle.Explain(features.AsSpan(row * width, width), new Verdict(1, Decision.Decline, ScoreFault.None), reasons);
        return written;
    }

    // Each value is that of a golden row drawn by itself, so that rows differ and stay within what occurs.
    private static double[] MixedRows(string golden, int width)
    {
        var drawn = File.ReadLines(golden).Select(line => JsonDocument.Parse(line).RootElement.GetProperty("inputs")).ToArray();
        var random = new Random(1);
        var mixed = new double[Rows * width];
        for (var i = 0; i < mixed.Length; i++)
        {
            var value = drawn[random.Next(drawn.Length)][i % width];
            mixed[i] = value.ValueKind == JsonValueKind.Null ? double.NaN : value.GetDouble();
        }

        return mixed;
    }

    private static string FindRoot(string folder) =>
        File.Exists(Path.Combine(folder, "Scoring.sln")) ? folder : FindRoot(Path.GetDirectoryName(folder)!);
}
