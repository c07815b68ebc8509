using System.CommandLine;
using Scoring.Producer.Collect;
using Scoring.Producer.Load;

namespace Scoring.Host.Commands;

/// <summary>Runs a load, shows it and says how it ended: the common part of <c>produce</c> and <c>demo</c>.</summary>
internal static class ProduceRun
{
    private const int Failed = 1;

    /// <summary>Runs a load.</summary>
    /// <param name="load">The options' definitions.</param>
    /// <param name="parsed">The command line.</param>
    /// <param name="options">The load.</param>
    /// <param name="clock">Which time simulated transactions tell.</param>
    /// <param name="http">Where the scores can be asked for; null where that is not known.</param>
    /// <param name="cancellation">Ends the sending; what was sent is still waited for.</param>
    /// <returns>The exit status: 0 if everything was accounted for.</returns>
    public static async Task<int> RunAsync(ProduceOptions load, ParseResult parsed, LoadOptions options, EventClock clock, Uri? http, CancellationToken cancellation)
    {
        options.Validate();
        var json = parsed.GetValue(load.Json);
        var display = new ProduceDisplay(json ? Console.Error : Console.Out, json ? Console.IsErrorRedirected : Console.IsOutputRedirected);
        var (source, ids) = Open(load, parsed, options, clock);
        using (source)
        {
            var run = new LoadRun(options, source, ids, TimeProvider.System);
            var running = run.RunAsync(cancellation);
            await display.FollowAsync(() => run.Progress, running);
            var report = await running;
            new ProduceSummary(display.Console).Write(report, http);
            if (json)
                Console.Out.WriteLine(report.ToJson());
            return report.Succeeded ? 0 : Failed;
        }
    }

    /// <summary>Turns what a person can mend into a message and an exit status.</summary>
    public static async Task<int> GuardAsync(Func<Task<int>> action)
    {
        try
        {
            return await action();
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException or IOException or UnauthorizedAccessException or FormatException)
        {
            Console.Error.WriteLine(e.Message);
            return Failed;
        }
        catch (OperationCanceledException)
        {
            return Failed;
        }
    }

    private static (IRecordSource Source, ITransactionIds Ids) Open(ProduceOptions load, ParseResult parsed, LoadOptions options, EventClock clock)
    {
        var time = TimeProvider.System;
        var now = (time.GetUtcNow().UtcTicks - DateTime.UnixEpoch.Ticks) / TimeSpan.TicksPerMicrosecond;
        // A run without an end is planned as one of an hour; past it the simulated time is the present.
        var seconds = (options.Duration ?? TimeSpan.FromHours(1)).TotalSeconds;
        var expected = (long)((options.Rate > 0 ? options.Rate : 5_000) * seconds * (1 - options.MalformedShare - options.DuplicateShare));
        var simulated = new SimulatedRecords(load.Simulation(parsed, expected), clock, load.Run(parsed, time), now, expected);
        return (simulated, new NumberedIds(simulated.IdPrefix.ToArray()));
    }
}
