using Confluent.Kafka;
using Scoring.Kafka;

namespace Scoring.Producer.Load;

/// <summary>The run's Kafka clients and what it asks of the brokers.</summary>
internal static class KafkaClients
{
    // Room for the largest malformed record, and for a dead letter of it.
    private const int MaxMessageBytes = 10 * 1024 * 1024;

    public static IProducer<byte[]?, OutgoingRecord> Producer(LoadOptions options, Action<Error> onError)
    {
        var configuration = new ProducerConfig
        {
            BootstrapServers = options.BootstrapServers,
            ClientId = "scoring-producer",
            // As Java's clients do, so that a user's records meet in one partition whoever sends them.
            Partitioner = Partitioner.Murmur2Random,
            // A retry must not store a record twice: the report would count it as the service's mistake.
            EnableIdempotence = true,
            Acks = Acks.All,
            LingerMs = options.LingerMs,
            MessageMaxBytes = MaxMessageBytes,
            MessageTimeoutMs = 30_000,
            // What waits in this process at most: 20 s of 5,000 records a second. Full means the sender waits.
            QueueBufferingMaxMessages = 100_000,
            QueueBufferingMaxKbytes = 256 * 1024,
            DeliveryReportFields = "value",
        };
        return new ProducerBuilder<byte[]?, OutgoingRecord>(configuration)
            .SetKeySerializer(NullableBytes.Instance)
            .SetValueSerializer(new OutgoingSerializer())
            .SetErrorHandler((_, error) => onError(error))
            .SetLogHandler((_, _) => { })
            .Build();
    }

    public static IConsumer<byte[]?, byte[]?> Consumer(LoadOptions options, string group, Action<Error> onError)
    {
        var configuration = new ConsumerConfig
        {
            BootstrapServers = options.BootstrapServers,
            ClientId = "scoring-collector",
            GroupId = group,
            EnableAutoCommit = false,
            EnableAutoOffsetStore = false,
            // A record that was trimmed before it was read must be an error, not a silent jump.
            AutoOffsetReset = AutoOffsetReset.Error,
            // The first one of each partition says that fetching is under way, each that all before it was read.
            EnablePartitionEof = true,
            // What a transaction has not committed is no score yet.
            IsolationLevel = IsolationLevel.ReadCommitted,
            FetchWaitMaxMs = options.FetchWaitMs,
            FetchMinBytes = 1,
            MaxPartitionFetchBytes = MaxMessageBytes,
            FetchMaxBytes = 4 * MaxMessageBytes,
            MessageMaxBytes = MaxMessageBytes,
            ReceiveMessageMaxBytes = (4 * MaxMessageBytes) + (1024 * 1024),
            QueuedMaxMessagesKbytes = 64 * 1024,
        };
        return new ConsumerBuilder<byte[]?, byte[]?>(configuration)
            .SetErrorHandler((_, error) => onError(error))
            .SetLogHandler((_, _) => { })
            .Build();
    }

    /// <summary>The number of a topic's partitions.</summary>
    /// <exception cref="LoadException">The brokers do not answer, or have no such topic.</exception>
    public static int PartitionsOf(Handle handle, string topic, LoadOptions options)
    {
        using var admin = new DependentAdminClientBuilder(handle).Build();
        try
        {
            var found = admin.GetMetadata(topic, options.RequestTimeout).Topics.Find(t => t.Topic == topic);
            if (found is null || found.Error.IsError || found.Partitions.Count == 0)
                throw new LoadException($"topic '{topic}' is not on {options.BootstrapServers}: {found?.Error.Reason ?? "unknown topic"}; create it, or name another");
            return found.Partitions.Count;
        }
        catch (KafkaException e)
        {
            throw new LoadException($"{options.BootstrapServers} did not answer within {options.RequestTimeout.TotalSeconds} s: {e.Error.Reason}", e);
        }
    }

    private sealed class NullableBytes : ISerializer<byte[]?>
    {
        public static readonly NullableBytes Instance = new();

        public byte[] Serialize(byte[]? data, SerializationContext context) => data!;
    }
}
