using Confluent.Kafka;
using Scoring.Kafka.Clients;
using Scoring.Kafka.Consumers;

namespace Scoring.Actors.Partitions;

/// <summary>What a region has to know of its topic.</summary>
/// <param name="consumer">The node's consumer.</param>
/// <param name="topic">The topic.</param>
/// <param name="time">Times the repeats.</param>
public sealed class LogPartitions(NodeConsumer consumer, string topic, TimeProvider time)
{
    private static readonly TimeSpan Repeat = TimeSpan.FromSeconds(1);

    /// <summary>Waits until the brokers tell how many partitions the topic has. While they are away, or there is no such topic, they are asked again.</summary>
    /// <param name="cancellation">Ends the waiting.</param>
    public async Task<int> CountAsync(CancellationToken cancellation)
    {
        while (true)
        {
            try
            {
                return (await consumer.DescribeAsync(topic, cancellation)).Partitions;
            }
            catch (KafkaCallException)
            {
                // The node's consumer says why.
                await Task.Delay(Repeat, time, cancellation);
            }
        }
    }

    /// <summary>How far a partition is.</summary>
    /// <param name="partition">The partition.</param>
    public async Task<LogProgress> ProgressAsync(int partition)
    {
        var place = new TopicPartition(topic, partition);
        var bounds = await consumer.BoundsAsync(place);
        return new LogProgress(await consumer.CommittedAsync(place), bounds.High);
    }
}
