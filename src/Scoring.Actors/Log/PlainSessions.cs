namespace Scoring.Actors.Log;

/// <summary>Sessions without transactions: each record is on its own, and acknowledged as soon as the log has it.</summary>
/// <param name="log">Where the outputs go.</param>
public sealed class PlainSessions(IOutputLog log) : IOutputSessions
{
    /// <inheritdoc/>
    public IOutputSession Open(int partition) => new Session(log);

    private sealed class Session(IOutputLog log) : IOutputSession
    {
        public bool TryAppend(in OutputRecord record, AppendObserver observer) => log.TryAppend(record, observer);

        public bool TryBeginBatch() => true;

        public void EndBatch(long nextOffset)
        {
            // The offset is committed by itself, once the batch's records are acknowledged.
        }

        public void Close()
        {
            // What was appended stays; a later owner appends it again.
        }
    }
}
