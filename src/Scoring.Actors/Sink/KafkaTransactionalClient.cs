using Confluent.Kafka;
using Microsoft.Extensions.Logging;
using Scoring.Actors.Log;

namespace Scoring.Actors.Sink;

/// <summary>A transactional producer of Kafka's.</summary>
public sealed partial class KafkaTransactionalClient : ITransactionalClient
{
    /// <summary>How long a transaction may be open before the brokers abort it.</summary>
    public static readonly TimeSpan TransactionTimeout = TimeSpan.FromSeconds(10);

    /// <summary>The longest time between two commits that leaves them time to take place.</summary>
    public static readonly TimeSpan LongestInterval = TransactionTimeout / 2;

    private readonly IProducer<byte[], byte[]> producer;
    private readonly string inputTopic;
    private readonly Func<IConsumerGroupMetadata> member;
    private readonly ILogger<KafkaTransactionalClient> logger;

    /// <summary>Makes the client; <see cref="Start"/> finds the brokers.</summary>
    /// <param name="options">How it appends.</param>
    /// <param name="transactionalId">Names this node over its restarts; a later process with the same id fences this one.</param>
    /// <param name="inputTopic">The input log's topic, to which the offsets belong.</param>
    /// <param name="member">This node as a member of the consumer group.</param>
    /// <param name="logger">Where the client's errors go.</param>
    public KafkaTransactionalClient(
        KafkaOutputOptions options,
        string transactionalId,
        string inputTopic,
        Func<IConsumerGroupMetadata> member,
        ILogger<KafkaTransactionalClient> logger)
    {
        this.inputTopic = inputTopic;
        this.member = member;
        this.logger = logger;
        var configuration = KafkaOutputLog.Configuration(options);
        configuration.TransactionalId = transactionalId;
        configuration.TransactionTimeoutMs = (int)TransactionTimeout.TotalMilliseconds;
        // A record must not outlive its transaction.
        configuration.MessageTimeoutMs = (int)TransactionTimeout.TotalMilliseconds;
        producer = new ProducerBuilder<byte[], byte[]>(configuration)
            .SetErrorHandler((_, error) => LogClientError(error.Code, error.Reason, error.IsFatal))
            .SetLogHandler((_, message) => LogClientMessage(message.Facility, message.Message))
            .Build();
    }

    /// <inheritdoc/>
    public void Start(TimeSpan timeout) => Calling(() => producer.InitTransactions(timeout));

    /// <inheritdoc/>
    public void Begin() => Calling(producer.BeginTransaction);

    /// <inheritdoc/>
    public bool TryProduce(in OutputRecord record, Action<AppendFailure, string> failed)
    {
        ArgumentNullException.ThrowIfNull(failed);
        try
        {
            KafkaOutputLog.Produce(producer, record, report =>
            {
                if (report.Error.IsError)
                    failed(KafkaOutputLog.FailureOf(report.Error), report.Error.Reason);
            });
            return true;
        }
        catch (ProduceException<byte[], byte[]> e) when (e.Error.Code == ErrorCode.Local_QueueFull)
        {
            return false;
        }
        catch (ProduceException<byte[], byte[]> e)
        {
            failed(KafkaOutputLog.FailureOf(e.Error), e.Error.Reason);
            return true;
        }
    }

    /// <inheritdoc/>
    public void Flush(TimeSpan timeout) => producer.Flush(timeout);

    /// <inheritdoc/>
    public void SendOffsets(IReadOnlyList<(int Partition, long Offset)> offsets, TimeSpan timeout) => Calling(() =>
        producer.SendOffsetsToTransaction(offsets.Select(o => new TopicPartitionOffset(inputTopic, o.Partition, o.Offset)), member(), timeout));

    /// <inheritdoc/>
    public void Commit(TimeSpan timeout) => Calling(() => producer.CommitTransaction(timeout));

    /// <inheritdoc/>
    public void Abort(TimeSpan timeout) => Calling(() => producer.AbortTransaction(timeout));

    /// <inheritdoc/>
    public void Dispose() => producer.Dispose();

    private static void Calling(Action call)
    {
        try
        {
            call();
        }
        catch (KafkaTxnRequiresAbortException e)
        {
            throw Of(TransactionFailure.Abortable, e);
        }
        catch (KafkaRetriableException e)
        {
            throw Of(TransactionFailure.Retriable, e);
        }
        catch (KafkaException e)
        {
            throw Of(e.Error.IsFatal || e.Error.Code != ErrorCode.Local_TimedOut ? TransactionFailure.Fatal : TransactionFailure.Retriable, e);
        }
    }

    private static TransactionException Of(TransactionFailure failure, KafkaException e) => new(failure, $"{e.Error.Code}: {e.Error.Reason}", e);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The transactional producer reports {Code}: {Reason} (fatal: {IsFatal})")]
    private partial void LogClientError(ErrorCode code, string reason, bool isFatal);

    [LoggerMessage(Level = LogLevel.Debug, Message = "librdkafka transactional producer {Facility}: {Text}")]
    private partial void LogClientMessage(string facility, string text);
}
