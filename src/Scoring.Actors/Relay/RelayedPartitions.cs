using Confluent.Kafka;

namespace Scoring.Actors.Relay;

/// <summary>
/// Numbers the partitions of all relayed topics from 0 on, topic after topic in the order in which they are configured: in a region
/// each partition is the entity of its number. The numbers are as good as what the nodes agree on. While some know more topics or
/// partitions than others, two may relay one partition; then it is relayed twice, and each shard passes over what it has seen
/// (<see cref="InputRelay"/>).
/// </summary>
public sealed class RelayedPartitions
{
    private readonly TopicPartition[] partitions;

    /// <summary>Numbers partitions.</summary>
    /// <param name="topics">The topics in the order of the configuration, each with how many partitions it has.</param>
    /// <exception cref="ArgumentException">A topic comes twice, or has a negative number of partitions.</exception>
    public RelayedPartitions(IReadOnlyList<(string Topic, int Partitions)> topics)
    {
        ArgumentNullException.ThrowIfNull(topics);
        if (topics.Select(t => t.Topic).Distinct(StringComparer.Ordinal).Count() < topics.Count)
            throw new ArgumentException($"a topic is relayed twice: {string.Join(", ", topics.Select(t => t.Topic))}", nameof(topics));
        partitions = [.. topics.SelectMany(t => Enumerable.Range(0, t.Partitions).Select(p => new TopicPartition(t.Topic, p)))];
    }

    /// <summary>How many there are.</summary>
    public int Count => partitions.Length;

    /// <summary>The partition of a number.</summary>
    /// <param name="entity">The number, from 0 and below <see cref="Count"/>.</param>
    public TopicPartition this[int entity] => partitions[entity];

    /// <summary>The number of a partition.</summary>
    /// <param name="partition">The partition.</param>
    /// <returns>Null if it is not relayed.</returns>
    public int? Find(TopicPartition partition) => Array.IndexOf(partitions, partition) is var entity and >= 0 ? entity : null;
}
