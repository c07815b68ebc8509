using System.Globalization;
using System.Text.RegularExpressions;
using Scoring.Servers;

namespace Scoring.Crash;

/// <summary>What a partition said when it was taken over.</summary>
/// <param name="Partition">Its partition.</param>
/// <param name="Fence">Its fence.</param>
/// <param name="Checkpoint">Where its checkpoint stood; null where there was none.</param>
/// <param name="Live">The offset at which it becomes live: what lies between is replayed.</param>
internal readonly record struct Recovery(int Partition, long Fence, long? Checkpoint, long Live);

/// <summary>
/// One node of a cluster through its lives: always the same name, address and settings. What it says of its shards is
/// taken from its log, which outlives it.
/// </summary>
internal sealed partial class ClusterNode(string name, string[] settings, WriteGate gate, string? logFolder) : IAsyncDisposable
{
    private static readonly HttpClient Http = new() { Timeout = TimeSpan.FromSeconds(2) };

    private readonly List<Recovery> recoveries = [];
    private readonly Lock guard = new();
    private readonly StreamWriter? file = logFolder is null ? null : File.CreateText(Path.Combine(logFolder, name + ".log"));
    private ScoringProcess? process;
    private long lateSaves;
    private long setAside;

    public string Name => name;

    /// <summary>What stands between it and PostgreSQL.</summary>
    public WriteGate Gate => gate;

    public Uri Address { get; } = new($"http://127.0.0.1:{FreePort.Take()}");

    public ScoringProcess Process => process ?? throw new InvalidOperationException($"{name} was not started");

    public bool IsRunning => process is { HasExited: false };

    /// <summary>Whether a signal has stopped its clock.</summary>
    public bool IsStopped { get; private set; }

    /// <summary>Saves of its lives so far that the store got after another node had taken the partition over.</summary>
    public long LateSaves => Interlocked.Read(ref lateSaves);

    /// <summary>Records that it set aside because they failed.</summary>
    public long SetAside => Interlocked.Read(ref setAside);

    public IReadOnlyList<Recovery> Recoveries
    {
        get
        {
            lock (guard)
                return [.. recoveries];
        }
    }

    public void Start() => process = ScoringProcess.Start(["serve", $"--Scoring:NodeId={name}", $"--Scoring:Http:Urls={Address}", .. settings], Hear);

    public void Kill() => Process.Send(Signal.Kill);

    public void StopClock()
    {
        IsStopped = true;
        Process.Send(Signal.Stop);
    }

    public void Continue()
    {
        Process.Send(Signal.Continue);
        IsStopped = false;
    }

    /// <summary>Notes that the store got a save that it had sent before another node took the partition over.</summary>
    public void SavedLate() => Interlocked.Increment(ref lateSaves);

    public async Task<bool> IsReadyAsync()
    {
        try
        {
            using var answer = await Http.GetAsync(new Uri(Address, "/health/ready"));
            return answer.IsSuccessStatusCode;
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException)
        {
            return false;
        }
    }

    /// <summary>Asks it to stop, and kills it where it does not.</summary>
    /// <returns>Its exit status; null if it had to be killed.</returns>
    public async Task<int?> StopAsync(TimeSpan limit)
    {
        if (IsStopped)
            Continue();
        Process.Send(Signal.Terminate);
        try
        {
            return await Process.ExitAsync(limit);
        }
        catch (TimeoutException)
        {
            Kill();
            return null;
        }
    }

    /// <summary>Gives back what an ended life holds, before the next begins.</summary>
    public ValueTask DisposeProcessAsync() => Process.DisposeAsync();

    public async ValueTask DisposeAsync()
    {
        if (process is not null)
            await process.DisposeAsync();
        gate.Dispose();
        lock (guard)
            file?.Dispose();
    }

    private void Hear(string line)
    {
        if (LivePattern().Match(line) is { Success: true } live)
        {
            // A partition without a checkpoint says -1.
            var checkpoint = long.TryParse(live.Groups["checkpoint"].Value, NumberStyles.None, CultureInfo.InvariantCulture, out var offset) ? offset : (long?)null;
            lock (guard)
                recoveries.Add(new Recovery(Number(live, "partition"), Number(live, "fence"), checkpoint, Number(live, "live")));
        }
        else if (line.Contains("failed again and is set aside", StringComparison.Ordinal))
        {
            Interlocked.Increment(ref setAside);
        }

        lock (guard)
        {
            if (file is { BaseStream.CanWrite: true })
                file.WriteLine(line);
        }
    }

    private static int Number(Match match, string group) => int.Parse(match.Groups[group].Value, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"Partition (?<partition>\d+) is taken over with fence (?<fence>\d+): checkpoint at (?<checkpoint>\S+), replays from \d+ to (?<live>\d+)")]
    private static partial Regex LivePattern();
}
