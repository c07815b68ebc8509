using Confluent.Kafka;

namespace Scoring.Kafka.Clients;

/// <summary>What a consumer's poll brought.</summary>
public enum ConsumerEventKind
{
    /// <summary>A record.</summary>
    Record,

    /// <summary>A partition was read to its end. With transactions in it the end may lie behind the last record that is handed out.</summary>
    End,

    /// <summary>The log does not hold the offset that is to be read next. The partition stands still; others go on.</summary>
    Gap,

    /// <summary>A partition can't be read now; the client goes on trying.</summary>
    PartitionFailure,

    /// <summary>Something is wrong with the client as a whole, which goes on unless the failure is fatal.</summary>
    ClientFailure,
}

/// <summary>What a consumer's poll brought.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Topic">The topic; empty for <see cref="ConsumerEventKind.ClientFailure"/>.</param>
/// <param name="Partition">The partition.</param>
/// <param name="Offset">Of a record, its offset; of an end, the offset behind the last record; of a gap, the one that is missing.</param>
/// <param name="Record">The record; only of <see cref="ConsumerEventKind.Record"/>.</param>
/// <param name="Failure">What is wrong; null where nothing is.</param>
public readonly record struct ConsumerEvent(ConsumerEventKind Kind, string Topic, int Partition, long Offset, KafkaRecord Record, KafkaFailure? Failure);

/// <summary>
/// A consumer whose partitions are assigned by hand, reading committed records only. Owned by one thread. It is no member of a
/// group; an offset that the log does not have is never replaced by another.
/// </summary>
public interface IConsumerClient : IDisposable
{
    /// <summary>Begins to read a partition beside those that are read already.</summary>
    /// <param name="partition">The partition; not assigned now.</param>
    /// <param name="offset">The offset of the first record to hand out.</param>
    /// <exception cref="KafkaCallException">The client refused.</exception>
    void Assign(TopicPartition partition, long offset);

    /// <summary>Stops reading a partition: nothing of it is handed out after this, until it is assigned again.</summary>
    /// <param name="partition">The partition; assigned now.</param>
    /// <exception cref="KafkaCallException">The client refused.</exception>
    void Unassign(TopicPartition partition);

    /// <summary>Stops handing out records of a partition. The pause outlives the assignment: resume before <see cref="Unassign"/>.</summary>
    /// <param name="partition">The partition; assigned now.</param>
    /// <exception cref="KafkaCallException">The client refused.</exception>
    void Pause(TopicPartition partition);

    /// <summary>Hands out records of a paused partition again, from where it stopped.</summary>
    /// <param name="partition">The partition; assigned now.</param>
    /// <exception cref="KafkaCallException">The client refused.</exception>
    void Resume(TopicPartition partition);

    /// <summary>Takes the next event.</summary>
    /// <param name="timeout">How long to wait for one.</param>
    /// <param name="found">The event.</param>
    /// <returns>Whether there was one.</returns>
    bool Poll(TimeSpan timeout, out ConsumerEvent found);
}
