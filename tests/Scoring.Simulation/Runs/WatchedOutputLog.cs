using Scoring.Actors.Log;
using Scoring.Simulation.Broker;

namespace Scoring.Simulation.Runs;

/// <summary>Sees what a node hands to its producer: nothing may be of an input before the offset that the node began its partition at.</summary>
internal sealed class WatchedOutputLog(SimulatedOutputLog log, World world, string node, SimulatedGroupClient client) : IOutputLog
{
    public bool TryAppend(in OutputRecord record, AppendObserver observer)
    {
        if (world.Book.InputOf(record) is { } input && client.FirstStartedAt(input.Partition) is { } start && input.Offset < start)
            world.Violate("nothing is emitted during replay", $"{node} emitted for p{input.Partition}@{input.Offset} and began at {start}");
        return log.TryAppend(record, observer);
    }
}
