using Confluent.Kafka;

namespace Scoring.Kafka.Clients;

/// <summary>How far a partition of the log reaches.</summary>
/// <param name="Low">The offset of its oldest record.</param>
/// <param name="High">The offset behind its newest.</param>
public readonly record struct LogBounds(long Low, long High);

/// <summary>What the brokers say of a topic.</summary>
/// <param name="Topic">Its name.</param>
/// <param name="Id">Its id, which another topic of the same name does not have; null where the brokers have none (before Kafka 2.8).</param>
/// <param name="Partitions">How many partitions it has.</param>
public sealed record TopicFacts(string Topic, string? Id, int Partitions);

/// <summary>
/// What the group has committed, and what the brokers say of the log. Each call asks the brokers and blocks until they have
/// answered. <see cref="Commit"/> may be called beside another call, each by one thread at a time.
/// </summary>
public interface IOffsetClient : IDisposable
{
    /// <summary>Commits offsets of the group.</summary>
    /// <param name="offsets">For each partition the offset of the next record to read.</param>
    /// <returns>For each, why it was not committed; null where it was.</returns>
    /// <exception cref="KafkaCallException">None was, or the answer did not come: then it is not known.</exception>
    IReadOnlyList<KafkaFailure?> Commit(IReadOnlyList<TopicPartitionOffset> offsets);

    /// <summary>Reads the offset that the group has committed, if no transaction that may change it is under way.</summary>
    /// <param name="partition">The partition.</param>
    /// <param name="timeout">How long to wait.</param>
    /// <returns>The offset; null where there is none.</returns>
    /// <exception cref="KafkaCallException">Retriable also while the offset is not stable.</exception>
    long? StableCommitted(TopicPartition partition, TimeSpan timeout);

    /// <summary>Reads how far a partition reaches.</summary>
    /// <param name="partition">The partition.</param>
    /// <param name="timeout">How long to wait.</param>
    /// <exception cref="KafkaCallException">There was no answer.</exception>
    LogBounds Bounds(TopicPartition partition, TimeSpan timeout);

    /// <summary>Reads what a topic is now, past every cache.</summary>
    /// <param name="topic">Its name.</param>
    /// <param name="timeout">How long to wait.</param>
    /// <exception cref="KafkaCallException">There is no such topic, or no answer.</exception>
    TopicFacts Describe(string topic, TimeSpan timeout);

    /// <summary>Asks the brokers for anything, to know whether they answer.</summary>
    /// <param name="timeout">How long to wait.</param>
    /// <exception cref="KafkaCallException">They did not.</exception>
    void Probe(TimeSpan timeout);
}
