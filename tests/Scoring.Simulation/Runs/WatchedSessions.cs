using Scoring.Actors.Log;
using Scoring.Simulation.Broker;

namespace Scoring.Simulation.Runs;

/// <summary>Sees what a node's shards append: nothing may be of an input before the offset that the node began its partition at.</summary>
internal sealed class WatchedSessions(IOutputSessions sessions, World world, string node, SimulatedGroupClient client) : IOutputSessions
{
    public IOutputSession Open(int partition) => new Session(this, sessions.Open(partition));

    /// <summary>Watches over what is appended past the sessions, too.</summary>
    internal IOutputLog Watch(IOutputLog log) => new WatchedLog(this, log);

    private void Check(in OutputRecord record)
    {
        if (world.Book.InputOf(record) is { } input && client.FirstStartedAt(input.Partition) is { } start && input.Offset < start)
            world.Violate("nothing is emitted during replay", $"{node} emitted for p{input.Partition}@{input.Offset} and began at {start}");
    }

    private sealed class WatchedLog(WatchedSessions watch, IOutputLog log) : IOutputLog
    {
        public bool TryAppend(in OutputRecord record, AppendObserver observer)
        {
            watch.Check(record);
            return log.TryAppend(record, observer);
        }
    }

    private sealed class Session(WatchedSessions watch, IOutputSession session) : IOutputSession
    {
        public bool TryBeginBatch() => session.TryBeginBatch();

        public bool TryAppend(in OutputRecord record, AppendObserver observer)
        {
            watch.Check(record);
            return session.TryAppend(record, observer);
        }

        public void EndBatch(long nextOffset) => session.EndBatch(nextOffset);

        public void Close() => session.Close();
    }
}
