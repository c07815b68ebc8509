using Scoring.Actors.Log;

namespace Scoring.Benchmarks.State;

/// <summary>An output log that acknowledges each record at once and tells when each score came. A shard appends its scores in the log's order.</summary>
/// <param name="scored">Is shown the score's number, from 0 on, and when it came in timestamp units; called by the shard's loop.</param>
internal sealed class ScoreTimes(Action<long, long> scored) : IOutputLog
{
    private static readonly Topics Topics = new();
    private long scores;

    /// <summary>How many scores came.</summary>
    internal long Scores => Volatile.Read(ref scores);

    public bool TryAppend(in OutputRecord record, AppendObserver observer)
    {
        if (record.Topic == Topics.DeadLetters)
            throw new InvalidOperationException("a record of the benchmark is not valid");
        if (record.Topic == Topics.Scores)
        {
            scored(scores, TimeProvider.System.GetTimestamp());
            Volatile.Write(ref scores, scores + 1);
        }

        observer.Appended();
        return true;
    }
}
