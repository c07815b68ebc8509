using System.Buffers.Text;
using BenchmarkDotNet.Attributes;
using Scoring.Models.Features;
using Scoring.Models.Wire;

namespace Scoring.Benchmarks.Features;

/// <summary>Time and bytes of one transaction through a feature engine whose entities are known and in steady state.</summary>
[MemoryDiagnoser]
public class FeatureEngineBenchmarks
{
    private const int Batch = 1_000;
    private const int Cards = 64;
    private const long WindowMicros = 30L * 86_400 * 1_000_000;

    // An id, a card, its user, a terminal, a merchant, a device and two constants, at fixed places.
    private readonly byte[] payload = "000000000000c00u00p00m00d0ecomFR"u8.ToArray();
    private FeatureEngine engine = null!;
    private double[] vector = [];
    private long sequence;

    /// <summary>How many features.</summary>
    [Params(6, 14, 30)]
    public int FeatureCount { get; set; }

    /// <summary>Events of each card in its longest window.</summary>
    [Params(10, 100, 1_000)]
    public int EventsInWindow { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        var file = FeatureCount switch
        {
            6 => "tests/Scoring.Benchmarks/Features/six.yaml",
            14 => "features/handbook.yaml",
            _ => "tests/Scoring.Benchmarks/Features/thirty.yaml",
        };
        using var text = File.OpenText(Path.Combine(Root(), file));
        engine = new FeatureEngine(FeatureSet.Parse(text, file), new FeatureEngineOptions());
        vector = new double[engine.Set.FeatureNames.Count];
        for (var i = 0; i < (3 * Cards * EventsInWindow / Batch) + 1; i++)
            Apply();
    }

    /// <summary>A thousand transactions; the figures are of one.</summary>
    [Benchmark(OperationsPerInvoke = Batch)]
    public double Apply()
    {
        double sum = 0;
        for (var i = 0; i < Batch; i++)
        {
            engine.Apply(Next(), vector);
            sum += vector[0];
        }

        return sum;
    }

    private Transaction Next()
    {
        var card = (int)(sequence % Cards);
        Utf8Formatter.TryFormat(sequence, payload.AsSpan(0, 12), out _, new System.Buffers.StandardFormat('D', 12));
        Digits(13, card);
        Digits(16, card / 2);
        Digits(19, (int)(sequence * 7 % 50));
        Digits(22, (int)(sequence * 11 % 50));
        payload[25] = (byte)('0' + (sequence % 3));
        var transaction = new Transaction(payload)
        {
            AmountUnits = sequence * 7919 % 1_000_000,
            EventTimeMicros = sequence / Cards * (WindowMicros / EventsInWindow),
        };
        sequence++;
        transaction.SetField(TransactionField.TransactionId, 0, 12);
        transaction.SetField(TransactionField.CardId, 12, 3);
        transaction.SetField(TransactionField.UserId, 15, 3);
        transaction.SetField(TransactionField.TerminalId, 18, 3);
        transaction.SetField(TransactionField.MerchantId, 21, 3);
        transaction.SetField(TransactionField.DeviceId, 24, 2);
        transaction.SetField(TransactionField.Channel, 26, 4);
        transaction.SetField(TransactionField.Country, 30, 2);
        return transaction;
    }

    private void Digits(int at, int value)
    {
        payload[at] = (byte)('0' + (value / 10));
        payload[at + 1] = (byte)('0' + (value % 10));
    }

    internal static string Root()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Scoring.sln")))
            folder = folder.Parent ?? throw new InvalidOperationException("benchmarks run inside the repository");
        return folder.FullName;
    }
}
