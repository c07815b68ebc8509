using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Scoring.IntegrationTests;

/// <summary>`scoring serve` as a process of its own.</summary>
internal sealed partial class ServeProcess : IAsyncDisposable
{
    private const int Terminate = 15;

    private readonly Process process;

    private ServeProcess(Process process) => this.process = process;

    public string Errors { get; private set; } = "";

    public static ServeProcess Start(params string[] settings)
    {
        var start = new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, "scoring")) { RedirectStandardError = true, RedirectStandardOutput = true };
        start.ArgumentList.Add("serve");
        foreach (var setting in settings)
            start.ArgumentList.Add(setting);
        var serving = new ServeProcess(Process.Start(start)!);
        serving.process.ErrorDataReceived += (_, line) => serving.Errors += line.Data + "\n";
        serving.process.BeginErrorReadLine();
        serving.process.BeginOutputReadLine();
        return serving;
    }

    public static string[] SettingsFor(TestBroker broker) =>
    [
        $"--Scoring:Kafka:BootstrapServers={broker.BootstrapServers}",
        "--Scoring:Http:Urls=http://127.0.0.1:0",
        "--Scoring:Source:FetchWait=00:00:00.002",
        "--Scoring:Source:SessionTimeout=00:00:06",
        "--Scoring:Source:HeartbeatInterval=00:00:00.5",
    ];

    /// <summary>Asks it to stop, as an orchestrator does.</summary>
    public void AskToStop() => Assert.Equal(0, Kill(process.Id, Terminate));

    public void KillAtOnce() => process.Kill();

    public async Task<int> ExitAsync()
    {
        await process.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(60));
        return process.ExitCode;
    }

    public async Task AssertExitsAsync(int status)
    {
        var actual = await ExitAsync();
        Assert.True(actual == status, $"it ended with status {actual}, not {status}; it had said:\n{Errors}");
    }

    public async ValueTask DisposeAsync()
    {
        if (!process.HasExited)
            process.Kill();
        await process.WaitForExitAsync();
        process.Dispose();
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int process, int signal);
}
