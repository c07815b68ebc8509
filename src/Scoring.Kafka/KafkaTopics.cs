using Confluent.Kafka;
using Confluent.Kafka.Admin;

namespace Scoring.Kafka;

/// <summary>What the brokers say of topics.</summary>
public interface ITopicFacts
{
    /// <summary>Reads how many partitions a topic has. Blocks.</summary>
    /// <param name="topic">The topic.</param>
    /// <returns>Null if the brokers know no such topic now.</returns>
    /// <exception cref="KafkaException">The brokers do not answer.</exception>
    int? PartitionsOf(string topic);

    /// <summary>Reads the ids that brokers give topics: a topic that is made anew under its name has another.</summary>
    /// <param name="topics">The topics.</param>
    /// <returns>The ids by topic; those that do not exist, or that the brokers give no id, are left out.</returns>
    /// <exception cref="KafkaException">The brokers do not answer, or give no ids.</exception>
    Task<IReadOnlyDictionary<string, string>> IdsOfAsync(IReadOnlyCollection<string> topics);
}

/// <summary>Asks a Kafka about its topics, with a client of its own. Any thread may ask.</summary>
public sealed class KafkaTopics : ITopicFacts, IDisposable
{
    // What brokers before 2.8 answer for an id.
    private static readonly string None = new Uuid(0, 0).ToString();

    private readonly IConsumer<Ignore, Ignore> consumer;
    private readonly IAdminClient admin;
    private readonly TimeSpan timeout;

    /// <summary>Makes the client; the first question connects.</summary>
    /// <param name="bootstrapServers">The brokers.</param>
    /// <param name="client">Settings of librdkafka, by their own names.</param>
    /// <param name="timeout">How long an answer may take.</param>
    public KafkaTopics(string bootstrapServers, IReadOnlyDictionary<string, string> client, TimeSpan timeout)
    {
        ArgumentNullException.ThrowIfNull(client);
        this.timeout = timeout;
        // A consumer's client makes no topic by asking for it. It wants a group's name, and joins none.
        consumer = new ConsumerBuilder<Ignore, Ignore>(new ConsumerConfig(client.ToDictionary())
        {
            BootstrapServers = bootstrapServers,
            GroupId = "scoring-topics",
            AllowAutoCreateTopics = false,
        }).SetErrorHandler(static (_, _) => { }).SetLogHandler(static (_, _) => { }).Build();
        admin = new DependentAdminClientBuilder(consumer.Handle).Build();
    }

    /// <inheritdoc/>
    public int? PartitionsOf(string topic) =>
        admin.GetMetadata(topic, timeout).Topics.Find(t => t.Topic == topic) is { Partitions.Count: > 0 and var partitions } ? partitions : null;

    /// <inheritdoc/>
    public async Task<IReadOnlyDictionary<string, string>> IdsOfAsync(IReadOnlyCollection<string> topics)
    {
        try
        {
            return IdsIn((await admin.DescribeTopicsAsync(TopicCollection.OfTopicNames(topics), new DescribeTopicsOptions { RequestTimeout = timeout })).TopicDescriptions);
        }
        catch (DescribeTopicsException e)
        {
            // Some do not exist; of the others there are answers.
            return IdsIn(e.Results.TopicDescriptions);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        admin.Dispose();
        consumer.Dispose();
    }

    private static Dictionary<string, string> IdsIn(IEnumerable<TopicDescription> topics) =>
        topics.Where(t => !t.Error.IsError && t.TopicId is not null && t.TopicId.ToString() != None).ToDictionary(t => t.Name, t => t.TopicId.ToString());
}
