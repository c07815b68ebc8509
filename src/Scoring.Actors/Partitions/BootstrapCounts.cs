namespace Scoring.Actors.Partitions;

/// <summary>What a bootstrap made of the history of one partition.</summary>
public sealed class BootstrapCounts
{
    /// <summary>Transactions that changed their cardholder.</summary>
    public long Transactions { get; internal set; }

    /// <summary>Transactions whose user, card and id were there already.</summary>
    public long Duplicates { get; internal set; }

    /// <summary>Those of them that were other transactions under an identity that was there already.</summary>
    public long Conflicts { get; internal set; }

    /// <summary>Transactions that came after their entities' lateness.</summary>
    public long Late { get; internal set; }

    /// <summary>Labels that marked their transaction.</summary>
    public long Labels { get; internal set; }

    /// <summary>Records that are not valid.</summary>
    public long Rejected { get; internal set; }

    /// <summary>Rows of cardholders written, a cardholder once for each time.</summary>
    public long RowsWritten { get; internal set; }

    /// <summary>Cardholders that had left memory and were read again.</summary>
    public long RowsLoaded { get; internal set; }
}
