using System.Globalization;
using BenchmarkDotNet.Running;
using Scoring.Benchmarks.Features;
using Scoring.Benchmarks.Guarantees;
using Scoring.Benchmarks.State;

namespace Scoring.Benchmarks;

internal static class BenchmarkProgram
{
    private const int DefaultCards = 1_000_000;

    private static async Task Main(string[] args)
    {
        var count = args.Length > 1 && int.TryParse(args[1], NumberStyles.None, CultureInfo.InvariantCulture, out var given) ? given : DefaultCards;
        if (args is ["memory", ..])
            MemoryRun.Run(count);
        else if (args is ["snapshots", ..])
            await SnapshotRun.RunAsync(args.Length > 1 ? count : SnapshotRun.DefaultRows);
        else if (args is ["bootstrap", ..])
            await BootstrapRun.RunAsync(count);
        else if (args is ["guarantees", ..])
            await GuaranteeRun.RunAsync(args.Length > 1 ? count : GuaranteeRun.DefaultSeconds);
        else
            BenchmarkSwitcher.FromAssembly(typeof(BenchmarkProgram).Assembly).Run(args);
    }
}
