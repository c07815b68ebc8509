using System.Globalization;

namespace Scoring.Benchmarks.Guarantees;

/// <summary>Measures what exactly_once costs: real processes on the embedded broker, one guarantee after the other, by turns.</summary>
internal static class GuaranteeRun
{
    internal const int DefaultSeconds = 10;

    private const int Pairs = 3;
    private const int Transactions = 100_000;
    private const int Rate = 1_000;
    private const string AtLeastOnce = "at_least_once";
    private const string ExactlyOnce = "exactly_once";

    private static readonly (string Name, string Format, Func<GuaranteeFigures, double> Of)[] Rows =
    [
        ("POST /v1/score, p50, ms", "N1", f => f.PostP50),
        ("the same, p99, ms", "N1", f => f.PostP99),
        ($"send -> score at {Rate:N0} a second, p50, ms", "N1", f => f.ScoreP50),
        ("the same, p99, ms", "N1", f => f.ScoreP99),
        ($"processor time a transaction at {Rate:N0} a second, us", "N0", f => f.RateMicros),
        ($"backlog of {Transactions:N0}, transactions a second", "N0", f => f.PerSecond),
        ("the same, processor time a transaction, us", "N1", f => f.BusyMicros),
    ];

    internal static async Task RunAsync(int seconds)
    {
        var turns = new Dictionary<string, List<GuaranteeFigures>> { [AtLeastOnce] = [], [ExactlyOnce] = [] };
        for (var turn = 1; turn <= 2 * Pairs; turn++)
        {
            // One and the other, then the other and the one: a trend of the machine's is in both.
            var guarantee = turn % 4 is 2 or 3 ? ExactlyOnce : AtLeastOnce;
            await using var run = new GuaranteeTurn(guarantee, seconds);
            turns[guarantee].Add(await run.RunAsync(Transactions, Rate));
            Console.WriteLine($"turn {turn} of {2 * Pairs}: {guarantee}, load average {await LoadAsync()}");
        }

        Console.WriteLine();
        Console.WriteLine("| | at least once | exactly once | medians |");
        Console.WriteLine("|---|---|---|---|");
        foreach (var (name, format, of) in Rows)
        {
            var (least, exactly) = (Values(turns[AtLeastOnce], of), Values(turns[ExactlyOnce], of));
            Console.WriteLine($"| {name} | {All(least, format)} | {All(exactly, format)} | {(Median(exactly) / Median(least)).ToString("N2", CultureInfo.InvariantCulture)} times |");
        }
    }

    private static List<double> Values(List<GuaranteeFigures> turns, Func<GuaranteeFigures, double> of) => turns.ConvertAll(t => of(t));

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);

    private static string All(List<double> values, string format) => string.Join(", ", values.Select(v => v.ToString(format, CultureInfo.InvariantCulture)));

    private static async Task<string> LoadAsync() => (await File.ReadAllTextAsync("/proc/loadavg")).Split(' ')[0];
}
