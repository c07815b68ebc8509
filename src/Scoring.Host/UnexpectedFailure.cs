using Scoring.Host.Options;

namespace Scoring.Host;

/// <summary>
/// A failure that nobody foresaw: one line says what it was, and its trace is for those who ask for it by logging at debug level.
/// </summary>
internal static class UnexpectedFailure
{
    /// <summary>The exit status: an error of the software, by the BSDs' <c>sysexits.h</c>.</summary>
    internal const int Status = 70;

    private const string Hint = "set Logging__LogLevel__Default=Debug for where it happened";

    /// <summary>Says it, and its trace too if that is asked for.</summary>
    /// <param name="said">What could not be done.</param>
    /// <param name="failure">The failure.</param>
    /// <param name="args">The command line, which may set the level.</param>
    /// <param name="error">Where to.</param>
    internal static async Task ReportAsync(string said, Exception failure, IEnumerable<string> args, TextWriter error)
    {
        await error.WriteLineAsync($"{said}: {OneLine(failure)} ({Hint})");
        if (await IsTraceWantedAsync(args))
            await error.WriteLineAsync(failure.ToString());
    }

    /// <summary>An exception and what caused it, in one line.</summary>
    /// <param name="failure">The exception.</param>
    internal static string OneLine(Exception failure)
    {
        var causes = new List<string>();
        for (var e = failure; e is not null; e = e.InnerException)
        {
            var message = string.Join(' ', e.Message.Split((char[])['\r', '\n'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
            // Some quote their cause.
            if (causes.Count == 0 || !causes[^1].Contains(message, StringComparison.Ordinal))
                causes.Add($"{e.GetType().Name}: {message}");
        }

        return string.Join("; caused by ", causes);
    }

    private static async Task<bool> IsTraceWantedAsync(IEnumerable<string> args)
    {
        try
        {
            var levels = SettingArguments.Read([.. args.Where(a => a.StartsWith("--Logging:", StringComparison.OrdinalIgnoreCase))]);
            await using var services = ScoringHost.Builder(levels).Build();
            return services.Services.GetRequiredService<ILoggerFactory>().CreateLogger(typeof(UnexpectedFailure)).IsEnabled(LogLevel.Debug);
        }
#pragma warning disable CA1031 // A configuration that can't be read may be what went wrong to begin with, and then every word helps.
        catch (Exception)
#pragma warning restore CA1031
        {
            return true;
        }
    }
}
