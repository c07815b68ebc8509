using System.Globalization;
using Confluent.Kafka;

namespace Scoring.Kafka;

/// <summary>
/// A reader stands where its partition has no record any more: records left the log before they were read, or the topic was made
/// anew under its name. A client that resets its offset by itself would go on without a word of it.
/// </summary>
/// <param name="Partition">The partition.</param>
/// <param name="Position">The offset of the next record that the reader wants.</param>
/// <param name="Low">The offset of the oldest record that there is.</param>
/// <param name="High">The offset behind the newest.</param>
public sealed record LogGap(TopicPartition Partition, long Position, long Low, long High)
{
    /// <summary>Records that are gone; 0 where the log ends before the position, and nobody knows what it held.</summary>
    public long Lost => Math.Max(0, Low - Position);

    /// <summary>Looks at a partition's bounds.</summary>
    /// <typeparam name="TKey">The consumer's keys.</typeparam>
    /// <typeparam name="TValue">The consumer's values.</typeparam>
    /// <param name="consumer">Asks the brokers.</param>
    /// <param name="partition">The partition.</param>
    /// <param name="position">The offset of the next record that the reader wants.</param>
    /// <param name="timeout">How long the brokers may take.</param>
    /// <returns>Null if the position is in the log, its end included.</returns>
    /// <exception cref="KafkaException">The brokers do not answer.</exception>
    public static LogGap? Find<TKey, TValue>(IConsumer<TKey, TValue> consumer, TopicPartition partition, long position, TimeSpan timeout)
    {
        ArgumentNullException.ThrowIfNull(consumer);
        var bounds = consumer.QueryWatermarkOffsets(partition, timeout);
        var gap = new LogGap(partition, position, bounds.Low.Value, bounds.High.Value);
        return position < gap.Low || position > gap.High ? gap : null;
    }

    /// <summary>What happened, in a sentence without its full stop.</summary>
    public override string ToString() => FormattableString.Invariant(Position < Low
        ? (FormattableString)$"{Partition.Topic}[{Partition.Partition.Value}] holds offsets {Low} to {High}; {Lost:N0} records from offset {Position} on left it before they were read"
        : $"{Partition.Topic}[{Partition.Partition.Value}] ends at offset {High}, before offset {Position}, up to which it was read: the topic was made anew, or lost records");
}
