using Confluent.Kafka;
using Confluent.Kafka.Admin;
using Scoring.Actors.Log;

namespace Scoring.Crash;

/// <summary>Makes the service's topics on a Kafka that is there.</summary>
internal static class KafkaTopics
{
    public static async Task CreateAsync(string bootstrap, string prefix, int partitions)
    {
        using var admin = new AdminClientBuilder(new AdminClientConfig { BootstrapServers = bootstrap }).Build();
        var topics = new Topics { Prefix = prefix }.Resolved().All;
        try
        {
            await admin.CreateTopicsAsync(topics.Select(t => new TopicSpecification { Name = t, NumPartitions = partitions, ReplicationFactor = -1 }));
        }
        catch (KafkaException e)
        {
            throw new ClusterException($"{bootstrap} did not create the topics {string.Join(", ", topics)}: {e.Error.Reason}");
        }
    }
}
