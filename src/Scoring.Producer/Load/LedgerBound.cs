namespace Scoring.Producer.Load;

/// <summary>
/// Keeps the scores that the service's ledger has not read within what a log of bounded length keeps of them: those that are in
/// the log, and those that the records on their way will make. A score may be larger than the record that it is of, so the
/// bound on the commits alone would not do. The sender asks; nothing waits here.
/// </summary>
/// <param name="inputs">What is on its way.</param>
/// <param name="scores">The offset up to which the run has read a partition of the scores.</param>
/// <param name="ledger">The offset up to which the ledger has; null before it has read anything.</param>
/// <param name="largestScore">The bytes of the largest score so far.</param>
/// <param name="maxBytes">The bound for each partition of the scores, of which there are as many as of the input log.</param>
internal sealed class LedgerBound(CommitBound inputs, Func<int, long> scores, Func<int, long?> ledger, Func<int> largestScore, long maxBytes)
{
    /// <summary>Whether one more record may be sent.</summary>
    /// <param name="partition">Where it will go, and its score too.</param>
    public bool HasRoom(int partition)
    {
        var ahead = inputs.RecordsAhead(partition) + Behind(partition);
        return ahead == 0 || (ahead + 1) * largestScore() <= maxBytes;
    }

    /// <summary>Scores of a partition that the ledger has not read.</summary>
    /// <param name="partition">The partition.</param>
    public long Behind(int partition) => Math.Max(0, scores(partition) - OffsetOf(partition));

    /// <summary>How far the ledger is.</summary>
    /// <param name="partition">The partition.</param>
    public long OffsetOf(int partition) => ledger(partition) ?? 0;
}
