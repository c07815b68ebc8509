using System.Globalization;
using BenchmarkDotNet.Running;
using Scoring.Benchmarks.Features;

namespace Scoring.Benchmarks;

internal static class BenchmarkProgram
{
    private const int DefaultCards = 1_000_000;

    private static void Main(string[] args)
    {
        if (args is ["memory", ..])
            MemoryRun.Run(args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : DefaultCards);
        else
            BenchmarkSwitcher.FromAssembly(typeof(BenchmarkProgram).Assembly).Run(args);
    }
}
