using Scoring.Actors.Parts;

namespace Scoring.Host.Composition;

/// <summary>Whether the node can go on.</summary>
internal sealed class NodeLife
{
    private readonly TaskCompletionSource cannotBegin = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Makes the node's parts, and follows what becomes of them.</summary>
    /// <param name="parts">The parts.</param>
    public NodeLife(IEnumerable<NodePart> parts) =>
        Completion = Task.WhenAny([cannotBegin.Task, .. parts.Select(p => p.Completion).OfType<Task>()]).Unwrap();

    /// <summary>Ends with the first part that ends by itself; faulted, with the reason, if the node can't go on.</summary>
    internal Task Completion { get; }

    /// <summary>The node can't begin.</summary>
    /// <param name="reason">Why.</param>
    internal void CannotBegin(Exception reason) => cannotBegin.TrySetException(reason);
}
