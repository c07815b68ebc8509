using Spectre.Console;

namespace Scoring.Host.Commands;

/// <summary>A progress bar on the error stream, or none where that is no terminal.</summary>
internal static class ReplayProgress
{
    /// <summary>Runs the work, which reports how many bytes of the input it has read.</summary>
    public static bool Show(long total, Func<Action<long>, bool> work)
    {
        if (Console.IsErrorRedirected)
            return work(_ => { });
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });
        return console.Progress()
            .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new ElapsedTimeColumn(), new RemainingTimeColumn())
            .Start(context =>
            {
                var task = context.AddTask("replay", maxValue: Math.Max(1, total));
                return work(position => task.Value = position);
            });
    }
}
