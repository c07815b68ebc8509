using System.CommandLine;
using Scoring.Producer.Load;

namespace Scoring.Host.Commands;

/// <summary><c>scoring demo</c>: the whole service with everything embedded, and a load against it.</summary>
internal static class DemoCommand
{
    private const double DefaultRate = 500;

    // The embedded broker keeps 5 MiB of a partition: what is sent stays well within it.
    private const long MaxBytesAhead = 2 * 1024 * 1024;

    // The embedded broker answers a fetch without data only when this is over.
    private const int FetchWaitMs = 1;

    private static readonly TimeSpan DefaultDuration = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(10);

    /// <summary>Makes the command.</summary>
    /// <param name="createHost">Makes the service, not yet started.</param>
    public static Command Create(Func<IDemoHost> createHost)
    {
        var load = new ProduceOptions(DefaultRate, LingerMs, $"{DefaultRate}, with --input as fast as the embedded broker can keep it", $"{DefaultDuration.TotalSeconds:N0}s, with --input its end");
        var clock = new Option<EventClock>("--event-time")
        {
            Description = "The time that simulated transactions tell: simulated (about two days pass during the run, so that habits and windows mean what they do in production), or now.",
            DefaultValueFactory = _ => EventClock.Simulated,
        };
        var command = new Command("demo", "Run the service with everything embedded, send card transactions to it, and report what came back.") { clock };
        load.AddTo(command);
        command.SetAction((parsed, cancellation) => ProduceRun.GuardAsync(parsed, stop => RunAsync(createHost, load, parsed, parsed.GetValue(clock), stop), cancellation));
        return command;
    }

    // The embedded broker finds the place of a fetch by walking the partition's batches from its first. At 5,000
    // records a second, batches of one record keep it busy with that: 3 ms of gathering halve its processor
    // time and the latency (p50 17.8 ms to 8.3 ms, on 2 cores). At a few hundred a second the wait is only a wait.
    private static double LingerMs(double rate) => rate is > 0 and < 1_000 ? 1 : 4;

    private static async Task<int> RunAsync(Func<IDemoHost> createHost, ProduceOptions load, ParseResult parsed, EventClock clock, CancellationToken cancellation)
    {
        // Wrong options are refused before anything starts.
        (load.Load(parsed, DefaultDuration) with { BootstrapServers = "embedded" }).Validate();
        load.Input(parsed);
        await using var host = createHost();
        var endpoints = await host.StartAsync(cancellation);
        var options = load.Load(parsed, DefaultDuration) with
        {
            BootstrapServers = endpoints.BootstrapServers,
            TransactionsTopic = endpoints.TransactionsTopic,
            LabelsTopic = endpoints.LabelsTopic,
            InteractionsTopic = endpoints.InteractionsTopic,
            ScoresTopic = endpoints.ScoresTopic,
            DeadLettersTopic = endpoints.DeadLettersTopic,
            ScoringGroup = endpoints.ScoringGroup,
            MaxBytesAhead = MaxBytesAhead,
            FetchWaitMs = FetchWaitMs,
            LedgerOffset = endpoints.LedgerOffset,
        };
        var status = await ProduceRun.RunAsync(load, parsed, options, clock, endpoints.HttpAddress, cancellation);
        foreach (var loss in host.Losses)
        {
            await parsed.InvocationConfiguration.Error.WriteLineAsync($"demo: {loss}");
            status = ProduceRun.Failed;
        }

        using var patience = new CancellationTokenSource(StopTimeout);
        await host.StopAsync(patience.Token);
        return status;
    }
}
