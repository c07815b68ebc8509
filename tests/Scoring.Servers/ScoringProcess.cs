using System.Diagnostics;

namespace Scoring.Servers;

/// <summary>The program `scoring`, of which a copy stands beside this one, as a process of its own.</summary>
public sealed class ScoringProcess : IAsyncDisposable
{
    private readonly Process process;
    private readonly ProcessLog log;
    private readonly Task ended;

    private ScoringProcess(Process process, Action<string>? onLine)
    {
        this.process = process;
        log = new ProcessLog(process, onLine);
        ended = process.WaitForExitAsync();
    }

    /// <summary>The process's id.</summary>
    public int Id => process.Id;

    /// <summary>Whether it has ended. May be asked at any time, while and after this is disposed too.</summary>
    public bool HasExited => ended.IsCompleted;

    /// <summary>The last lines that it said on both outputs.</summary>
    public string Said => log.Text;

    /// <summary>Starts it.</summary>
    /// <param name="arguments">The verb and its options.</param>
    /// <param name="onLine">Is told each line that it says, on a thread of its own; null if nobody listens.</param>
    public static ScoringProcess Start(IEnumerable<string> arguments, Action<string>? onLine = null)
    {
        // In a session of its own: Ctrl+C at a terminal goes to the whole session, and its order of stopping is the caller's.
        var start = new ProcessStartInfo("setsid", [Path.Combine(AppContext.BaseDirectory, "scoring"), .. arguments]) { RedirectStandardError = true, RedirectStandardOutput = true };
        return new ScoringProcess(Process.Start(start)!, onLine);
    }

    /// <summary>Sends it a signal.</summary>
    /// <param name="signal">One of <see cref="Signal"/>.</param>
    public void Send(int signal) => Signal.Send(process.Id, signal);

    /// <summary>Waits for its end.</summary>
    /// <param name="limit">How long at most.</param>
    /// <returns>Its exit status.</returns>
    /// <exception cref="TimeoutException">It did not end in time.</exception>
    public async Task<int> ExitAsync(TimeSpan limit)
    {
        await ended.WaitAsync(limit);
        return process.ExitCode;
    }

    /// <summary>Kills it where it still runs.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!process.HasExited)
            process.Kill();
        await ended;
        process.Dispose();
    }
}
