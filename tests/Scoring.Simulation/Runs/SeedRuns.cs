using System.Diagnostics;
using System.Globalization;
using Scoring.Actors.Sink;

namespace Scoring.Simulation.Runs;

/// <summary>Runs seeds one after the other and says what they came to.</summary>
public static class SeedRuns
{
    /// <summary>Runs the seeds from one on, until one fails.</summary>
    /// <param name="first">The first seed.</param>
    /// <param name="count">How many.</param>
    /// <param name="guarantee">What must hold of repeats; null lets each seed decide.</param>
    /// <param name="output">Where the figures go, and of a failure the seed, the invariant and the end of the trace.</param>
    /// <returns>0 if all held, 1 if one failed.</returns>
    public static int Run(int first, int count, Guarantee? guarantee, TextWriter output)
    {
        ArgumentNullException.ThrowIfNull(output);
        var started = Stopwatch.GetTimestamp();
        var again = guarantee is { } forced ? $" --guarantee {Name(forced)}" : "";
        var results = new List<RunResult>();
        for (var seed = first; seed < first + count; seed++)
        {
            using var world = new World(seed, guarantee);
            var result = world.Run();
            results.Add(result);
            if (count == 1)
                Tell(world, output);
            if (result.Violation is null)
                continue;
            if (count > 1)
                Tell(world, output);
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"\nseed {seed} FAILED: {result.Violation.Invariant}\n{result.Violation.Detail}\nagain with: ./dev sim --seed {seed}{again}"));
            return 1;
        }

        var elapsed = Stopwatch.GetElapsedTime(started);
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{results.Count} seeds held in {elapsed.TotalSeconds:F1} s: {results.Sum(r => r.Steps)} steps, {results.Sum(r => r.Elapsed.TotalHours):F1} virtual hours, {results.Sum(r => r.Scored)} scored, {results.Sum(r => r.Dead)} dead letters, {results.Sum(r => r.Repeats)} repeats, {results.Sum(r => r.Checkpoints)} checkpoints, {results.Sum(r => r.Fences)} take-overs, {results.Sum(r => r.Moves)} moves, {results.Sum(r => r.Transactions)} transactions, {results.Sum(r => r.Aborts)} aborts, {results.Sum(r => r.FencedProducers)} fenced producers, {results.Sum(r => r.Faults)} faults, {results.Sum(r => r.Damaged)} damaged rows, {results.Sum(r => r.Incomplete)} incomplete scores; trace {results.Aggregate(0UL, (sum, r) => (sum * 31) + r.Hash):x16}"));
        return 0;
    }

    private static string Name(Guarantee guarantee) => guarantee == Guarantee.ExactlyOnce ? "exactly_once" : "at_least_once";

    private static void Tell(World world, TextWriter output)
    {
        foreach (var (partition, record) in world.Inputs)
            output.WriteLine($"p{partition}@{record.Offset} {System.Text.Encoding.UTF8.GetString(record.Value ?? [])} {string.Join(' ', record.Headers.Select(h => $"{h.Name}={System.Text.Encoding.UTF8.GetString(h.Value)}"))}");
        foreach (var note in world.Scheduler.Trace.Tail)
            output.WriteLine(note);
    }
}
