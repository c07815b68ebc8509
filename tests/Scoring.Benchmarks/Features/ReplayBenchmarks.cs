using System.Globalization;
using System.Text;
using BenchmarkDotNet.Attributes;
using Scoring.Models.Features;
using Scoring.Models.Files;

namespace Scoring.Benchmarks.Features;

/// <summary>Reading a CSV file and computing the handbook's 14 features, a row; replay adds writing the numbers.</summary>
[MemoryDiagnoser]
public class ReplayBenchmarks
{
    private const int Rows = 100_000;

    private byte[] file = [];
    private FeatureSet set = null!;
    private EventFileMap map = null!;

    [GlobalSetup]
    public void Setup()
    {
        var random = new Random(1);
        var text = new StringBuilder("TRANSACTION_ID,TX_DATETIME,CUSTOMER_ID,TERMINAL_ID,TX_AMOUNT,TX_FRAUD\n");
        var start = new DateTime(2018, 4, 1, 0, 0, 0, DateTimeKind.Utc);
        for (var i = 0; i < Rows; i++)
        {
            text.Append(CultureInfo.InvariantCulture, $"{i},{start.AddSeconds(i * 26):yyyy-MM-dd HH:mm:ss},{random.Next(1_700)},{random.Next(3_500)},{random.Next(20_000) / 100.0},{(random.Next(200) == 0 ? 1 : 0)}\n");
        }

        file = Encoding.UTF8.GetBytes(text.ToString());
        using var features = File.OpenText(Path.Combine(FeatureEngineBenchmarks.Root(), "features", "handbook.yaml"));
        using var columns = File.OpenText(Path.Combine(FeatureEngineBenchmarks.Root(), "features", "handbook.map.yaml"));
        set = FeatureSet.Parse(features, "handbook.yaml");
        map = EventFileMap.Parse(columns, "handbook.map.yaml");
    }

    [Benchmark(OperationsPerInvoke = Rows)]
    public long ReadAndApply()
    {
        var engine = new FeatureEngine(set, new FeatureEngineOptions());
        var vector = new double[set.FeatureNames.Count];
        using var stream = new MemoryStream(file);
        var reader = new EventFileReader(stream, map, EventFileFormat.Csv, "generated");
        while (reader.Read(out var row))
        {
            engine.Apply(row.Transaction, vector);
            if (row.IsFraud == true)
                engine.ApplyLabel(row.Transaction, true);
        }

        return engine.WatermarkMicros;
    }
}
