using Scoring.Producer.Simulation;

namespace Scoring.Tests.Producer.Simulation;

/// <summary>A month of a mid-sized simulation, drawn once for the tests that look at its shape.</summary>
public sealed class SimulatedStream
{
    public const long Hour = 3_600_000_000;
    public const long Day = 24 * Hour;

    public static readonly SimulatorOptions Options = new() { Seed = 11, Customers = 1_500 };

    public SimulatedStream()
    {
        Events = [.. Take(Options, 30)];
        Transactions = [.. Events.OfType<SimulatedTransaction>()];
    }

    public IReadOnlyList<SimulatedEvent> Events { get; }

    public IReadOnlyList<SimulatedTransaction> Transactions { get; }

    /// <summary>One list for each run of a pattern's transactions of a card with gaps of at most <paramref name="gap"/> microseconds.</summary>
    public IEnumerable<List<SimulatedTransaction>> Bursts(FraudPattern pattern, long gap)
    {
        foreach (var card in Transactions.Where(t => t.Pattern == pattern).GroupBy(t => t.Card))
        {
            var burst = new List<SimulatedTransaction>();
            foreach (var transaction in card)
            {
                if (burst.Count > 0 && transaction.EventTimeMicros - burst[^1].EventTimeMicros > gap)
                {
                    yield return burst;
                    burst = [];
                }

                burst.Add(transaction);
            }

            yield return burst;
        }
    }

    public static IEnumerable<SimulatedEvent> Take(SimulatorOptions options, double days)
    {
        var simulator = new Simulator(options);
        var end = options.StartMicros + (long)(days * Day);
        for (var e = simulator.Next(); e.EventTimeMicros < end; e = simulator.Next())
            yield return e;
    }
}
