using System.CommandLine;
using Scoring.Models.Files;
using Scoring.Producer.Collect;
using Scoring.Producer.Load;

namespace Scoring.Host.Commands;

/// <summary>Runs a load, shows it and says how it ended: the common part of <c>produce</c> and <c>demo</c>.</summary>
internal static class ProduceRun
{
    /// <summary>The exit status of a run that did not do what it should.</summary>
    internal const int Failed = 1;

    private const int WrongInput = 2;

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
        var (output, error) = (parsed.InvocationConfiguration.Output, parsed.InvocationConfiguration.Error);
        var display = json
            ? new ProduceDisplay(error, Console.IsErrorRedirected || error != Console.Error)
            : new ProduceDisplay(output, Console.IsOutputRedirected || output != Console.Out);
        var (source, ids) = Open(load, parsed, options, clock);
        using (source)
        {
            var run = new LoadRun(options, source, ids, TimeProvider.System);
            var running = run.RunAsync(cancellation);
            await display.FollowAsync(() => run.Progress, running);
            var report = await running;
            new ProduceSummary(display.Console).Write(report, http, (source as FileRecords)?.Notes ?? []);
            if (json)
                await output.WriteLineAsync(report.ToJson());
            if (NothingDoneHint(load, parsed, source, report) is { } hint)
                await error.WriteLineAsync(hint);
            return report.Succeeded ? 0 : Failed;
        }
    }

    /// <summary>
    /// Makes Ctrl+C and SIGTERM a request to finish instead of the end of the process, and turns what a person
    /// can mend into a message and an exit status.
    /// </summary>
    public static async Task<int> GuardAsync(ParseResult parsed, Func<CancellationToken, Task<int>> action, CancellationToken cancellation)
    {
        using var stop = new StopSignals(cancellation);
        try
        {
            return await action(stop.Token);
        }
        catch (Exception e) when (e is ArgumentException or EventFileException or IOException or UnauthorizedAccessException)
        {
            await parsed.InvocationConfiguration.Error.WriteLineAsync(e.Message);
            return WrongInput;
        }
        catch (LoadException e)
        {
            await parsed.InvocationConfiguration.Error.WriteLineAsync(e.Message);
            return Failed;
        }
        catch (OperationCanceledException)
        {
            return Failed;
        }
    }

    private static string? NothingDoneHint(ProduceOptions load, ParseResult parsed, IRecordSource source, RunReport report)
    {
        var input = load.Input(parsed);
        var rows = report.Counts.Valid + report.Counts.Malformed + ((source as FileRecords)?.BadRows ?? 0);
        return NothingDone.Hint(parsed.CommandResult.Command.Name, rows, report.Counts.Valid, input?.File.Name, input?.Map.Name);
    }

    private static (IRecordSource Source, ITransactionIds Ids) Open(ProduceOptions load, ParseResult parsed, LoadOptions options, EventClock clock)
    {
        if (load.Input(parsed) is { } input)
        {
            using var text = input.Map.OpenText();
            return (new FileRecords(input.File.FullName, EventFileMap.Parse(text, input.Map.Name)), new HashedIds());
        }

        var time = TimeProvider.System;
        var now = (time.GetUtcNow().UtcTicks - DateTime.UnixEpoch.Ticks) / TimeSpan.TicksPerMicrosecond;
        // A run without an end is planned as one of an hour; past it the simulated time is the present.
        var seconds = (options.Duration ?? TimeSpan.FromHours(1)).TotalSeconds;
        var expected = (long)((options.Rate > 0 ? options.Rate : 5_000) * seconds * (1 - options.MalformedShare - options.DuplicateShare));
        var simulated = new SimulatedRecords(load.Simulation(parsed, expected), clock, load.Run(parsed, time), now, expected);
        return (simulated, new NumberedIds(simulated.IdPrefix.ToArray()));
    }
}
