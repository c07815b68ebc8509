namespace Scoring.Producer.Load;

/// <summary>How far a run may be ahead of those who read what it causes: the scoring group's commits, and the service's ledger.</summary>
/// <param name="Commits">The bound on what is not committed; null for none.</param>
/// <param name="Ledger">The bound on the scores that the ledger has not read; null for none.</param>
internal sealed record LoadBounds(CommitBound? Commits, LedgerBound? Ledger)
{
    /// <summary>Takes room for a record about to be sent.</summary>
    /// <param name="partition">Where it will go.</param>
    /// <param name="bytes">Its key's and value's bytes.</param>
    /// <returns>False if there is none now.</returns>
    public bool TryTake(int partition, int bytes) =>
        (Ledger is null || Ledger.HasRoom(partition)) && (Commits is null || Commits.TryTake(partition, bytes));

    /// <summary>How far the ledger is; 0 where that is not bounded.</summary>
    /// <param name="partition">A partition of the scores.</param>
    public long LedgerOffset(int partition) => Ledger?.OffsetOf(partition) ?? 0;

    /// <summary>Why there is no room.</summary>
    /// <param name="partition">The partition.</param>
    /// <param name="options">Names what is waited for.</param>
    public string WhoIsBehind(int partition, LoadOptions options)
    {
        var patience = $"for {options.DrainTimeout.TotalSeconds:N0} s";
        return Ledger is { } ledger && !ledger.HasRoom(partition)
            ? $"the ledger has read nothing of {options.ScoresTopic}[{partition}] {patience} and is {ledger.Behind(partition):N0} scores behind; can it be written?"
            : $"group '{options.ScoringGroup}' has committed nothing of {options.TransactionsTopic}[{partition}] {patience} and is {Commits?.BytesAhead(partition):N0} bytes behind; is the service up, and is that its group?";
    }
}
