using Confluent.Kafka;

namespace Scoring.Actors.Relay;

/// <summary>A partition of which this node relays the records: what is on its way, in order. Owned by the relay's thread.</summary>
/// <param name="partition">The partition.</param>
internal sealed class OriginPartition(TopicPartition partition)
{
    private readonly Queue<RelayedRecord> underWay = new();

    internal TopicPartition Partition => partition;

    internal bool IsPaused { get; set; }

    /// <summary>The offset behind the last record that is acknowledged together with all before it; null before the first.</summary>
    internal long? Committable { get; private set; }

    internal long? Committed { get; set; }

    internal bool IsSettled => underWay.Count == 0;

    internal void Add(RelayedRecord record) => underWay.Enqueue(record);

    /// <summary>Takes what is acknowledged from the head of the queue.</summary>
    /// <returns>How many records left, and their bytes.</returns>
    /// <exception cref="RelayException">A record at the head was not appended.</exception>
    internal (int Records, int Bytes) Settle()
    {
        var (records, bytes) = (0, 0);
        RelayedRecord? head;
        while (underWay.TryPeek(out head) && head.IsAppended)
        {
            underWay.Dequeue();
            Committable = head.NextOffset;
            records++;
            bytes += head.Bytes;
        }

        if (head?.Failure is { } failure)
            throw new RelayException($"{partition.Topic}[{partition.Partition.Value}]: the record before offset {head.NextOffset} was not appended ({failure})");
        return (records, bytes);
    }

    /// <summary>What is on its way, with its bytes.</summary>
    internal (int Records, int Bytes) UnderWay => (underWay.Count, underWay.Sum(r => r.Bytes));
}

/// <summary>The relay has to begin anew from what it has committed.</summary>
/// <param name="message">Why.</param>
internal sealed class RelayException(string message) : Exception(message);
