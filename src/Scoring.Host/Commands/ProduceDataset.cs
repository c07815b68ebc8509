using System.CommandLine;
using System.Diagnostics;
using System.IO.Compression;
using Scoring.Producer.Simulation;

namespace Scoring.Host.Commands;

/// <summary><c>scoring produce --dataset</c>: writes a simulation's transactions and their truth for training.</summary>
internal static class ProduceDataset
{
    private const double MostDays = 3_650;

    public static int Run(SimulatorOptions options, double days, FileInfo file, InvocationConfiguration console, CancellationToken cancellation)
    {
        options.Validate();
        if (days is not (> 0 and <= MostDays))
            throw new ArgumentException($"days is {days}, not above 0 and at most {MostDays:N0}");
        var started = Stopwatch.GetTimestamp();
        var facts = Write(options, days, file, cancellation);
        console.Output.WriteLine(
            $"{file.Name}: {facts.Transactions:N0} transactions, {facts.Fraud:N0} fraud ({(double)facts.Fraud / Math.Max(1, facts.Transactions):P2}), in {Stopwatch.GetElapsedTime(started).TotalSeconds:F1} s");
        foreach (var (pattern, count) in facts.FraudByPattern.OrderBy(p => p.Key))
            console.Output.WriteLine($"  {pattern}: {count:N0}");
        if (NothingDone.Hint("produce", 0, facts.Transactions, null, null) is not { } hint)
            return 0;
        console.Error.WriteLine(hint);
        return NothingDone.Status;
    }

    private static DatasetFacts Write(SimulatorOptions options, double days, FileInfo file, CancellationToken cancellation)
    {
        using var target = file.Create();
        if (!file.Name.EndsWith(".gz", StringComparison.OrdinalIgnoreCase))
            return DatasetCsv.Write(options, days, target, cancellation);
        using var compressed = new GZipStream(target, CompressionLevel.Fastest);
        return DatasetCsv.Write(options, days, compressed, cancellation);
    }
}
