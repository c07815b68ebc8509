using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Scoring.IntegrationTests;

/// <summary>`scoring serve`, or another verb, as a process of its own.</summary>
internal sealed partial class ServeProcess : IAsyncDisposable
{
    private const int Terminate = 15;

    private readonly Process process;

    private ServeProcess(Process process) => this.process = process;

    public string Errors { get; private set; } = "";

    public string Output { get; private set; } = "";

    public static ServeProcess Start(params string[] settings) => Run(["serve", .. settings]);

    public static ServeProcess Run(params string[] arguments) => Run([], arguments);

    public static ServeProcess Run(Dictionary<string, string> environment, params string[] arguments) =>
        Run(Path.Combine(AppContext.BaseDirectory, "scoring"), environment, arguments);

    /// <summary>Writing to a file beyond a size fails, and not as on a full disk. The runtime's own files of code would be too long.</summary>
    public static ServeProcess RunWithFilesUpTo(int kibibytes, params string[] arguments) => Run(
        "/bin/bash",
        new() { ["DOTNET_EnableWriteXorExecute"] = "0" },
        ["-c", $"trap '' XFSZ; ulimit -f {kibibytes}; exec \"$@\"", "bash", Path.Combine(AppContext.BaseDirectory, "scoring"), .. arguments]);

    private static ServeProcess Run(string program, Dictionary<string, string> environment, string[] arguments)
    {
        var start = new ProcessStartInfo(program) { RedirectStandardError = true, RedirectStandardOutput = true };
        foreach (var argument in arguments)
            start.ArgumentList.Add(argument);
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        var serving = new ServeProcess(Process.Start(start)!);
        serving.process.ErrorDataReceived += (_, line) => serving.Errors += line.Data + "\n";
        serving.process.OutputDataReceived += (_, line) => serving.Output += line.Data + "\n";
        serving.process.BeginErrorReadLine();
        serving.process.BeginOutputReadLine();
        return serving;
    }

    public static string[] SettingsFor(TestBroker broker) => SettingsFor(broker.BootstrapServers, broker.Prefix);

    public static string[] SettingsFor(string bootstrapServers, string prefix) =>
    [
        $"--Scoring:Kafka:BootstrapServers={bootstrapServers}",
        $"--Scoring:Topics:Prefix={prefix}",
        $"--Scoring:Source:GroupId={prefix}scoring",
        "--Scoring:Http:Urls=http://127.0.0.1:0",
        "--Scoring:Decode:MaxTimeBehind=00:00:00",
        "--Scoring:Source:FetchWait=00:00:00.002",
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
