namespace Scoring.Actors.Parts;

/// <summary>What stops together. The phases follow each other in this order.</summary>
public enum StopPhase
{
    /// <summary>What looks after the others: it must not take their stopping for a change.</summary>
    Watches,

    /// <summary>What is a member of a consumer group. All leave at once, so that their bounds run side by side.</summary>
    Groups,

    /// <summary>What the members needed to finish what they had begun.</summary>
    Model,

    /// <summary>What holds records that are on their way.</summary>
    Outputs,
}

/// <summary>
/// A part of a node that has a life of its own, as the feature that it belongs to registers it. The parts start in the order in which they
/// are registered, each once the one before has started, and stop by phases. The container disposes of what is behind a part;
/// a part only starts and stops it.
/// </summary>
/// <param name="StopsIn">When it stops.</param>
public sealed record NodePart(StopPhase StopsIn)
{
    /// <summary>Starts it. Cancelled where the node is stopped meanwhile.</summary>
    public Func<CancellationToken, Task> StartAsync { get; init; } = static _ => Task.CompletedTask;

    /// <summary>Stops it, within a bound of its own. Also called if it was not started.</summary>
    public Func<Task> StopAsync { get; init; } = static () => Task.CompletedTask;

    /// <summary>Ends when the part has ended; faulted if it can't go on, which stops the node. Null if it never ends by itself.</summary>
    public Task? Completion { get; init; }

    /// <summary>A start that waits for nothing.</summary>
    /// <param name="start">What it does.</param>
    public static Func<CancellationToken, Task> Of(Action start) => _ =>
    {
        start();
        return Task.CompletedTask;
    };
}
