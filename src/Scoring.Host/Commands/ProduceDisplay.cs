using Scoring.Producer.Collect;
using Spectre.Console;

namespace Scoring.Host.Commands;

/// <summary>Shows a run while it goes on: a panel that stays in place on a terminal, a line now and then elsewhere.</summary>
internal sealed class ProduceDisplay
{
    private static readonly TimeSpan Refresh = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan LineInterval = TimeSpan.FromSeconds(2);

    private readonly bool live;
    private long lastScored;
    private TimeSpan lastElapsed;
    private double scoredPerSecond;

    /// <param name="output">Where to show it.</param>
    /// <param name="redirected">Whether that is no terminal: then nothing is written that only a terminal understands.</param>
    public ProduceDisplay(TextWriter output, bool redirected)
    {
        live = !redirected;
        Console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(output),
            Ansi = redirected ? AnsiSupport.No : AnsiSupport.Detect,
            ColorSystem = redirected ? ColorSystemSupport.NoColors : ColorSystemSupport.Detect,
            Interactive = redirected ? InteractionSupport.No : InteractionSupport.Detect,
        });
        if (redirected)
            Console.Profile.Width = 120;
    }

    public IAnsiConsole Console { get; }

    /// <summary>Shows the progress until the run ends, however it ends.</summary>
    public async Task FollowAsync(Func<RunProgress?> progress, Task running)
    {
        if (live)
        {
            await Console.Live(Text.Empty).StartAsync(async context =>
            {
                while (await GoesOnAsync(running, Refresh))
                {
                    if (progress() is { } now)
                        context.UpdateTarget(Render(now));
                }

                if (progress() is { } end)
                    context.UpdateTarget(Render(end));
            });
            return;
        }

        while (await GoesOnAsync(running, LineInterval))
        {
            if (progress() is { } now)
                Console.Profile.Out.Writer.WriteLine(Line(now));
        }
    }

    private static async Task<bool> GoesOnAsync(Task running, TimeSpan interval)
    {
        await Task.WhenAny(running, Task.Delay(interval, TimeProvider.System));
        return !running.IsCompleted;
    }

    private static string Ms(LatencyHistogram latency, double percentile) => $"{latency.Percentile(percentile) / 1_000.0:F2} ms";

    private void Measure(RunProgress progress)
    {
        var span = (progress.Elapsed - lastElapsed).TotalSeconds;
        if (span < 0.2)
            return;
        scoredPerSecond = (progress.Counts.Scored - lastScored) / span;
        (lastScored, lastElapsed) = (progress.Counts.Scored, progress.Elapsed);
    }

    private string Line(RunProgress progress)
    {
        Measure(progress);
        var c = progress.Counts;
        return $"{progress.Elapsed.TotalSeconds,5:F0} s  {(progress.Draining ? "draining" : "sending ")}  sent {c.Sent:N0}  scored {c.Scored:N0} ({scoredPerSecond:N0}/s)  p50 {Ms(progress.Latency, 50)}  p99 {Ms(progress.Latency, 99)}  approve {c.Approve:N0}  review {c.Review:N0}  decline {c.Decline:N0}  dead letters {c.DeadLettered:N0}";
    }

    // Lines, not columns: they fit a terminal of 80 characters at any rate.
    private Panel Render(RunProgress progress)
    {
        Measure(progress);
        var c = progress.Counts;
        return new Panel(new Rows(
            new Markup($"sent [bold]{c.Sent:N0}[/]   scored [bold]{c.Scored:N0}[/] ({scoredPerSecond:N0} a second)   dead letters [bold]{c.DeadLettered:N0}[/]"),
            new Markup($"latency   p50 [bold]{Ms(progress.Latency, 50)}[/]   p99 [bold]{Ms(progress.Latency, 99)}[/]   max [bold]{Ms(progress.Latency, 100)}[/]"),
            new Markup($"[green]approve {c.Approve:N0}[/]   [yellow]review {c.Review:N0}[/]   [red]decline {c.Decline:N0}[/]   late {c.Late:N0}")))
        {
            Header = new PanelHeader(progress.Draining ? " waiting for the last scores " : $" sending, {progress.Elapsed.TotalSeconds:F0} s (Ctrl+C ends it) "),
            Border = BoxBorder.Rounded,
        };
    }
}
