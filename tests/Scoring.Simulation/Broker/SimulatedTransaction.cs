namespace Scoring.Simulation.Broker;

/// <summary>What has become of a transaction.</summary>
public enum TransactionState
{
    /// <summary>It is under way.</summary>
    Open,

    /// <summary>It counts; readers see its records of a partition once the partition has its marker.</summary>
    Committed,

    /// <summary>It never counts.</summary>
    Aborted,
}

/// <summary>A transaction as the coordinator and the partitions know it.</summary>
/// <param name="id">The transactional id.</param>
/// <param name="epoch">The epoch of the producer that it is of.</param>
public sealed class SimulatedTransaction(string id, int epoch)
{
    /// <summary>The transactional id.</summary>
    public string Id { get; } = id;

    /// <summary>The epoch of its producer.</summary>
    public int Epoch { get; } = epoch;

    /// <summary>What has become of it.</summary>
    public TransactionState State { get; internal set; }

    /// <summary>Whether every partition and group that it touched knows what has become of it.</summary>
    public bool IsComplete => State != TransactionState.Open && MarkersLeft == 0;

    internal int MarkersLeft { get; set; }

    internal List<(string Topic, int Partition, LogRecord Record)> Records { get; } = [];

    internal bool HasOffsets { get; set; }

    /// <inheritdoc/>
    public override string ToString() => $"{Id}/{Epoch}";
}
