using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Scoring.Producer.Collect;
using Scoring.Producer.Load;
using Scoring.Servers;

namespace Scoring.Benchmarks.Guarantees;

/// <summary>What one turn measured.</summary>
/// <param name="PerSecond">Transactions of the backlog a second.</param>
/// <param name="BusyMicros">Microseconds of the service's processor time a transaction of the backlog.</param>
/// <param name="ScoreP50">Milliseconds from the intended send time to the score, at the rate.</param>
/// <param name="ScoreP99">The same.</param>
/// <param name="RateMicros">Microseconds of the service's processor time a transaction, at the rate.</param>
/// <param name="PostP50">Milliseconds of a call of POST /v1/score.</param>
/// <param name="PostP99">The same.</param>
internal sealed record GuaranteeFigures(double PerSecond, double BusyMicros, double ScoreP50, double ScoreP99, double RateMicros, double PostP50, double PostP99);

/// <summary>
/// One service with one guarantee: a broker of its own with a backlog, the service from its start through that backlog, a
/// load at a fixed rate, then calls one after the other.
/// </summary>
internal sealed class GuaranteeTurn : IAsyncDisposable
{
    private const int Partitions = 8;
    private const int Calls = 150;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);
    private static readonly Pacer Pacer = new(TimeProvider.System);

    private readonly string folder = Directory.CreateTempSubdirectory("scoring-guarantees-").FullName;
    private readonly Uri address = new($"http://127.0.0.1:{FreePort.Take()}");
    private readonly string guarantee;
    private readonly int seconds;
    private ScoringProcess? broker;
    private ScoringProcess? service;

    /// <param name="guarantee">As the option is called.</param>
    /// <param name="seconds">How long the fixed rate is held.</param>
    public GuaranteeTurn(string guarantee, int seconds)
    {
        this.guarantee = guarantee;
        this.seconds = seconds;
    }

    /// <summary>Runs it.</summary>
    /// <param name="backlog">Transactions in the log before the service starts.</param>
    /// <param name="rate">Transactions a second afterwards.</param>
    /// <exception cref="InvalidOperationException">A part did not do what it must; the message holds what it said.</exception>
    public async Task<GuaranteeFigures> RunAsync(int backlog, int rate)
    {
        var file = Path.Combine(folder, "broker");
        broker = ScoringProcess.Start(["broker", "--partitions", Text(Partitions), "--address-file", file]);
        Await(() => File.Exists(file), broker);
        var bootstrap = await File.ReadAllTextAsync(file);
        using var log = new Backlog(bootstrap, Partitions);
        log.Fill(backlog);
        service = ScoringProcess.Start(["serve", $"--Scoring:Http:Urls={address}", .. Settings(bootstrap)]);
        var (perSecond, busyMicros) = Drain(log, backlog);
        var (p50, p99, rateMicros) = await LoadAsync(bootstrap, rate);
        var posts = await CallAsync();
        service.Send(Signal.Terminate);
        if (await service.ExitAsync(Limit) is var status and not 0)
            throw new InvalidOperationException($"the service ended with status {status}; it had said:\n{service.Said}");
        return new GuaranteeFigures(perSecond, busyMicros, p50, p99, rateMicros, posts.Percentile(50) / 1_000.0, posts.Percentile(99) / 1_000.0);
    }

    public async ValueTask DisposeAsync()
    {
        if (service is not null)
            await service.DisposeAsync();
        if (broker is not null)
            await broker.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }

    // As the crash runner's cluster has it with the embedded broker, which holds every fetch until its wait is over.
    private string[] Settings(string bootstrap) =>
    [
        $"--Scoring:Kafka:BootstrapServers={bootstrap}",
        $"--Scoring:Output:Guarantee={guarantee}",
        $"--Scoring:State:Path={Path.Combine(folder, "state.db")}",
        $"--Scoring:Ledger:Path={Path.Combine(folder, "ledger.db")}",
        "--Scoring:State:CheckpointBytes=1048576",
        "--Scoring:Source:FetchWait=00:00:00.005",
        "--Scoring:Relay:FetchWait=00:00:00.050",
        "--Scoring:Output:Linger=00:00:00.002",
    ];

    // From a fifth of the backlog on: by then the code is compiled and every shard is under way.
    private (double PerSecond, double Micros) Drain(Backlog log, int backlog)
    {
        long first = 0, last = 0;
        Await(() => (first = log.Committed) >= backlog / 5, service!);
        var (began, used) = (TimeProvider.System.GetTimestamp(), Used());
        Await(() => (last = log.Committed) >= backlog, service!);
        var done = last - first;
        return (done / TimeProvider.System.GetElapsedTime(began).TotalSeconds, (Used() - used).TotalMicroseconds / done);
    }

    private async Task<(double P50, double P99, double Micros)> LoadAsync(string bootstrap, int rate)
    {
        var used = Used();
        await using var producer = ScoringProcess.Start(
        [
            "produce", "--bootstrap-servers", bootstrap, "--rate", Text(rate), "--for", $"{seconds}s", "--labels-topic", "none", "--interactions-topic", "none",
            "--max-bytes-ahead", "2097152", "--fetch-wait-ms", "2", "--json",
        ]);
        var status = await producer.ExitAsync(TimeSpan.FromSeconds(seconds) + Limit);
        var spent = Used() - used;
        if (status != 0)
            throw new InvalidOperationException($"the load did not come back whole; the producer had said:\n{producer.Said}");
        using var report = JsonDocument.Parse(producer.Said.Split('\n').Last(l => l.StartsWith('{')));
        var root = report.RootElement;
        return (root.GetProperty("p50Ms").GetDouble(), root.GetProperty("p99Ms").GetDouble(), spent.TotalMicroseconds / root.GetProperty("scored").GetInt64());
    }

    private async Task<LatencyHistogram> CallAsync()
    {
        using var http = new HttpClient { BaseAddress = address, Timeout = Limit };
        var latencies = new LatencyHistogram();
        for (var i = 0; i < Calls; i++)
        {
            var body = $$"""{"transactionId":"post-{{i}}","cardId":"c-{{i % 40}}","amount":12.34,"eventTime":"{{TimeProvider.System.GetUtcNow():yyyy-MM-ddTHH:mm:ss.fffZ}}"}""";
            using var content = new StringContent(body, Encoding.UTF8, "application/json");
            var began = TimeProvider.System.GetTimestamp();
            using var answer = await http.PostAsync(new Uri("/v1/score", UriKind.Relative), content);
            latencies.Record((long)TimeProvider.System.GetElapsedTime(began).TotalMicroseconds);
            if (!answer.IsSuccessStatusCode)
                throw new InvalidOperationException($"POST /v1/score was answered with {(int)answer.StatusCode}: {await answer.Content.ReadAsStringAsync()}");
        }

        return latencies;
    }

    private TimeSpan Used()
    {
        using var process = Process.GetProcessById(service!.Id);
        return process.TotalProcessorTime;
    }

    private static void Await(Func<bool> condition, ScoringProcess process)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (!condition())
        {
            if (process.HasExited || TimeProvider.System.GetElapsedTime(began) > Limit)
                throw new InvalidOperationException($"a process has ended, or did not get on within {Limit.TotalSeconds:N0} s; it had said:\n{process.Said}");
            Pacer.WaitUntil(TimeProvider.System.GetTimestamp() + (TimeProvider.System.TimestampFrequency / 100), CancellationToken.None);
        }
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
