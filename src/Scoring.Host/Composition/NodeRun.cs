using Scoring.Actors.Parts;

namespace Scoring.Host.Composition;

/// <summary>
/// Starts the node's parts once the host listens, and stops them once it has answered its last call: those that wait for a score need the
/// node to get it. A part that can't go on stops the host.
/// </summary>
/// <param name="parts">The parts, in the order of their start.</param>
/// <param name="life">Is told if the node can't begin.</param>
/// <param name="host">Is stopped when the node can't go on.</param>
internal sealed class NodeRun(IEnumerable<NodePart> parts, NodeLife life, IHostApplicationLifetime host) : IHostedLifecycleService, IDisposable
{
    private readonly CancellationTokenSource stop = new();
    private Task begun = Task.CompletedTask;
    private Task? stopping;

    /// <inheritdoc/>
    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Begins to start the parts. The host has started whether or not Kafka and the store answer yet.</summary>
    /// <param name="cancellationToken">Not heeded: what is begun ends when the host is stopped.</param>
    public Task StartedAsync(CancellationToken cancellationToken)
    {
        begun = BeginAsync();
        _ = StopHostAtEndAsync();
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Stops taking records, finishes what has begun, commits it, and leaves the groups; each step whatever became of another.</summary>
    /// <param name="cancellationToken">Not heeded: it is the host's limit for the calls of HTTP; each part has its own.</param>
    /// <exception cref="AggregateException">Some steps failed.</exception>
    public Task StopAsync(CancellationToken cancellationToken) => stopping ??= StopSteps.RunAsync(
    [
        stop.CancelAsync,
        () => begun,
        .. parts.GroupBy(p => p.StopsIn).OrderBy(phase => phase.Key).Select(phase => StopSteps.AtOnce([.. phase.Select(p => p.StopAsync)])),
    ]);

    /// <inheritdoc/>
    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public void Dispose() => stop.Dispose();

    private async Task BeginAsync()
    {
        try
        {
            foreach (var part in parts)
            {
                stop.Token.ThrowIfCancellationRequested();
                await part.StartAsync(stop.Token);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Stopped before it could begin.
        }
#pragma warning disable CA1031 // Reported by the node's completion, which stops it.
        catch (Exception e)
#pragma warning restore CA1031
        {
            life.CannotBegin(e);
        }
    }

    private async Task StopHostAtEndAsync()
    {
        await life.Completion.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        host.StopApplication();
    }
}
