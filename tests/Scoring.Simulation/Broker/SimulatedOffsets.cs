namespace Scoring.Simulation.Broker;

/// <summary>
/// The committed offsets of a group that nobody subscribes with: whoever commits is taken, whatever partitions it names, as Kafka does for
/// clients that assign by hand. What a transaction holds is fenced by the epoch of its producer alone.
/// </summary>
public sealed class SimulatedOffsets
{
    private readonly SimulatedBroker broker;
    private readonly SortedDictionary<int, long> offsets = [];
    private readonly Dictionary<SimulatedTransaction, List<(int Partition, long Offset)>> pending = [];

    internal SimulatedOffsets(SimulatedBroker broker) => this.broker = broker;

    /// <summary>The committed offset of a partition; null before the first. One of a transaction counts as soon as that is decided.</summary>
    /// <param name="partition">The partition.</param>
    public long? Committed(int partition) => offsets.TryGetValue(partition, out var offset) ? offset : null;

    /// <summary>Whether no transaction holds an offset of a partition, so that what is committed can be told.</summary>
    /// <param name="partition">The partition.</param>
    public bool IsStable(int partition) => !pending.Values.Any(p => p.Exists(o => o.Partition == partition));

    /// <summary>Forgets the offset of a partition, as brokers do with one that has expired.</summary>
    /// <param name="partition">The partition.</param>
    public void Expire(int partition) => offsets.Remove(partition);

    /// <summary>Takes an offset.</summary>
    /// <param name="partition">The partition.</param>
    /// <param name="offset">The offset of the next record to read.</param>
    public void Commit(int partition, long offset)
    {
        var before = Committed(partition);
        offsets[partition] = offset;
        broker.ToldCommitted(partition, before, offset);
    }

    /// <summary>Takes offsets into a transaction.</summary>
    internal void Send(SimulatedTransaction transaction, IReadOnlyList<(int Partition, long Offset)> commits)
    {
        transaction.HasOffsets = true;
        if (!pending.TryGetValue(transaction, out var its))
            pending[transaction] = its = [];
        its.AddRange(commits);
    }

    /// <summary>The transaction is committed: its offsets count, though nobody is told them before <see cref="Settle"/>.</summary>
    internal void Apply(SimulatedTransaction transaction)
    {
        foreach (var (partition, offset) in pending[transaction])
            Commit(partition, offset);
    }

    /// <summary>The transaction's marker is here.</summary>
    internal void Settle(SimulatedTransaction transaction) => pending.Remove(transaction);
}
