namespace Scoring.Actors.Ledger;

/// <summary>How far the ledger is on this node, whoever fills it: what HTTP, health and the demo tell of it. Any thread may ask; nothing waits.</summary>
public interface ILedgerStatus
{
    /// <summary>What went wrong with it, and whether it still does.</summary>
    LedgerProgress Progress { get; }

    /// <summary>Ends when this node has its share of the scores for the first time; never if it gets none.</summary>
    Task Joined { get; }

    /// <summary>The offset behind what the ledger has of a partition, as this node knows it; null before anything, or if it is not this node's.</summary>
    /// <param name="partition">The partition.</param>
    long? NextOffset(int partition);

    /// <summary>How far the partitions are that this node copies.</summary>
    IReadOnlyList<LedgerPartition> Partitions();
}
