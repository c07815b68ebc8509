using Confluent.Kafka;
using Microsoft.Extensions.Logging;
using Scoring.Kafka.Settings;

namespace Scoring.Kafka.Clients;

/// <summary>Connects librdkafka's clients.</summary>
public sealed class ConfluentClients : IKafkaClients
{
    // While its queue is full the client looks for room once a second by itself; a log that keeps little is gone by then.
    private const int FetchQueueBackoffMs = 20;

    private const string RecoveryStrategy = "metadata.recovery.strategy";

    private readonly ConsumerSettings consuming;
    private readonly ProducerSettings producing;
    private readonly TransactionSettings transactions;
    private readonly ILogger<ConfluentClients> logger;
    private readonly Lazy<IConsumerGroupMetadata> group;

    /// <summary>Makes the connector; it connects nothing by itself.</summary>
    /// <param name="consuming">How consumers read.</param>
    /// <param name="producing">How producers append.</param>
    /// <param name="transactions">How transactions end.</param>
    /// <param name="logger">Where the clients' own messages go.</param>
    /// <exception cref="ArgumentException">Settings are not possible; the message names them.</exception>
    public ConfluentClients(ConsumerSettings consuming, ProducerSettings producing, TransactionSettings transactions, ILogger<ConfluentClients> logger)
    {
        SettingChecks.ThrowIfInvalid(consuming);
        SettingChecks.ThrowIfInvalid(producing);
        SettingChecks.ThrowIfInvalid(transactions);
        this.consuming = consuming;
        this.producing = producing;
        this.transactions = transactions;
        this.logger = logger;
        group = new Lazy<IConsumerGroupMetadata>(Group);
    }

    /// <inheritdoc/>
    public IConsumerClient Consumer() => Built(() => new ConfluentConsumerClient(Reading(), logger));

    /// <inheritdoc/>
    public IOffsetClient Offsets() => Built(() => new ConfluentOffsetClient(Asking(), logger));

    /// <inheritdoc/>
    public IProducerClient Producer(Action<KafkaFailure> ended) => Built(() => new ConfluentProducerClient(Appending(), ended, logger));

    /// <inheritdoc/>
    public ITransactionalClient Transactions(string transactionalId) => Built(() => new ConfluentTransactionalClient(Transacting(transactionalId), group.Value, logger));

    // The client names a setting that it does not know or can't take, but throws what a defect would throw.
    private static T Built<T>(Func<T> build)
    {
        try
        {
            return build();
        }
        catch (Exception e) when (e is InvalidOperationException or KafkaException)
        {
            throw new ArgumentException($"the Kafka client refuses its settings: {e.Message}", e);
        }
    }

    // Of a consumer that is no member the metadata holds the group's name alone, and stays as it is.
    private IConsumerGroupMetadata Group()
    {
        using var consumer = new ConsumerBuilder<Ignore, Ignore>(Asking()).SetLogHandler(static (_, _) => { }).SetErrorHandler(static (_, _) => { }).Build();
        return consumer.ConsumerGroupMetadata;
    }

    private ConsumerConfig Asking() => new(consuming.Client.ToDictionary())
    {
        BootstrapServers = consuming.BootstrapServers,
        GroupId = consuming.GroupId,
        EnableAutoCommit = false,
        EnableAutoOffsetStore = false,
        AutoOffsetReset = AutoOffsetReset.Error,
        IsolationLevel = IsolationLevel.ReadCommitted,
        // The client holds a commit so long while it knows of no coordinator.
        SessionTimeoutMs = Milliseconds(consuming.CommitPatience),
        HeartbeatIntervalMs = Math.Max(1, Milliseconds(consuming.CommitPatience) / 3),
        SocketNagleDisable = true,
    };

    private ConsumerConfig Reading()
    {
        var configuration = Asking();
        configuration.EnablePartitionEof = true;
        configuration.FetchWaitMaxMs = Milliseconds(consuming.FetchWait);
        configuration.QueuedMaxMessagesKbytes = consuming.PrefetchKilobytes;
        configuration.FetchQueueBackoffMs = FetchQueueBackoffMs;
        return configuration;
    }

    private ProducerConfig Appending() => new(producing.Client.ToDictionary())
    {
        BootstrapServers = producing.BootstrapServers,
        EnableIdempotence = true,
        Acks = Acks.All,
        Partitioner = Partitioner.Murmur2Random,
        LingerMs = producing.Linger.TotalMilliseconds,
        QueueBufferingMaxMessages = producing.MaxQueuedRecords,
        QueueBufferingMaxKbytes = producing.MaxQueuedKilobytes,
        MessageMaxBytes = producing.MaxRecordBytes,
        MessageTimeoutMs = producing.Gapless ? 0 : Milliseconds(producing.DeliveryTimeout),
        // Named at all, even to say no, it makes the client warn of it.
        EnableGaplessGuarantee = producing.Gapless ? true : null,
        // The very key and value tell which record failed; they are not copied. The rest would be, for each record.
        DeliveryReportFields = "key,value",
        SocketNagleDisable = true,
    };

    private ProducerConfig Transacting(string transactionalId)
    {
        var configuration = Appending();
        configuration.TransactionalId = transactionalId;
        configuration.TransactionTimeoutMs = Milliseconds(transactions.Timeout);
        configuration.RetryBackoffMs = Milliseconds(transactions.RetryBackoff);
        // A record must not outlive its transaction.
        configuration.MessageTimeoutMs = Milliseconds(transactions.Timeout);
        configuration.EnableGaplessGuarantee = null;
        // Bootstrapping anew after an outage, librdkafka 2.16 sends the offsets of every later transaction to a connection that it has
        // closed, and none is ever committed. Without that it goes on with the brokers that it knows.
        if (!producing.Client.ContainsKey(RecoveryStrategy))
            configuration.Set(RecoveryStrategy, "none");
        return configuration;
    }

    private static int Milliseconds(TimeSpan time) => (int)time.TotalMilliseconds;
}
