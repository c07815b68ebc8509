using System.ComponentModel.DataAnnotations;
using System.Diagnostics.Metrics;
using Confluent.Kafka;
using Microsoft.Extensions.Logging;
using Scoring.Actors.Log;
using Scoring.Actors.Telemetry;
using Scoring.Kafka;
using Scoring.Models.Durations;

namespace Scoring.Actors.Sink;

/// <summary>What becomes of scores when a node dies.</summary>
public enum Guarantee
{
    /// <summary>A score may be emitted again, with the same key and the same entity features. Lowest latency.</summary>
    AtLeastOnce,

    /// <summary>Scores, other outputs and offsets are committed together: who reads committed records sees each once.</summary>
    ExactlyOnce,
}

/// <summary>How this node's producer appends.</summary>
public sealed record KafkaOutputOptions
{
    /// <summary>The brokers, as host:port, host:port.</summary>
    [Required]
    public string BootstrapServers { get; init; } = "";

    /// <summary>What a crash may do to a score. Exactly once costs the wait for the transactions.</summary>
    public Guarantee Guarantee { get; init; } = Guarantee.AtLeastOnce;

    /// <summary>
    /// How long the producer gathers records for one request. Zero sends at once; while a request is under
    /// way the next one gathers by itself.
    /// </summary>
    [DurationRange("0s", "1m")]
    public TimeSpan Linger { get; init; } = TimeSpan.Zero;

    /// <summary>Records that may wait in the client at most; a full queue stops the shards that fill it.</summary>
    [Range(1_000, 10_000_000)]
    public int MaxQueuedRecords { get; init; } = 200_000;

    /// <summary>Kilobytes that may wait in the client at most.</summary>
    [Range(1_024, 2_000_000)]
    public int MaxQueuedKilobytes { get; init; } = 256 * 1024;

    /// <summary>The largest record that is sent, in bytes; a broker's own limit may be lower.</summary>
    [Range(1_000_000, 100_000_000)]
    public int MaxRecordBytes { get; init; } = 16 * 1024 * 1024;

    /// <summary>How long a record may wait for its acknowledgement before the node gives up and stops.</summary>
    [DurationRange("1ms", "1d")]
    public TimeSpan DeliveryTimeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Further settings of librdkafka, by their own names (security, for one).</summary>
    public IReadOnlyDictionary<string, string> Client { get; init; } = new Dictionary<string, string>();
}

/// <summary>
/// Appends to Kafka with the idempotent producer: acknowledged by all replicas, in order, without repeats
/// of a retried request. Any thread may append.
/// </summary>
public sealed partial class KafkaOutputLog : IOutputLog, IDisposable
{
    /// <summary>How long a stop waits for what is on its way.</summary>
    public static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(1);

    private readonly IProducer<byte[], byte[]> producer;
    private readonly Counter<long> refusals;
    private readonly ILogger<KafkaOutputLog> logger;

    /// <summary>Connects a producer; the first append finds the brokers.</summary>
    /// <param name="options">How it appends.</param>
    /// <param name="meters">Where its metrics are counted.</param>
    /// <param name="logger">Where the client's errors go.</param>
    public KafkaOutputLog(KafkaOutputOptions options, IMeterFactory meters, ILogger<KafkaOutputLog> logger)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(meters);
        this.logger = logger;
        refusals = meters.Create(ScoringMeter.Name).CreateCounterAtZero("scoring.output.queue_full", "{append}", "Appends that found the producer's queue full and waited");
        producer = new ProducerBuilder<byte[], byte[]>(Configuration(options))
            .SetErrorHandler((_, error) => LogClientError(error.Code, error.Reason, error.IsFatal))
            .SetLogHandler((_, message) => LogClientMessage(message.Facility, message.Message))
            .Build();
    }

    /// <inheritdoc/>
    public bool TryAppend(in OutputRecord record, AppendObserver observer)
    {
        ArgumentNullException.ThrowIfNull(observer);
        var callback = (Action<DeliveryReport<byte[], byte[]>>)(observer.Adapter ??= Adapt(observer));
        try
        {
            Produce(producer, record, callback);
            return true;
        }
        catch (ProduceException<byte[], byte[]> e) when (e.Error.Code == ErrorCode.Local_QueueFull)
        {
            refusals.Add(1);
            return false;
        }
        catch (ProduceException<byte[], byte[]> e)
        {
            observer.Failed(FailureOf(e.Error), e.Error.Reason);
            return true;
        }
    }

    /// <summary>Waits until everything appended so far is acknowledged or has failed.</summary>
    /// <param name="timeout">How long to wait at most.</param>
    /// <returns>Whether nothing is left.</returns>
    public bool Flush(TimeSpan timeout) => producer.Flush(timeout) == 0;

    /// <summary>Waits a moment for what was appended, and says so if it was not acknowledged.</summary>
    public void Stop()
    {
        if (!Flush(StopTimeout))
            LogUnflushed(StopTimeout);
    }

    /// <summary>Closes the producer.</summary>
    public void Dispose() => producer.Dispose();

    private static Action<DeliveryReport<byte[], byte[]>> Adapt(AppendObserver observer) => report =>
    {
        if (report.Error.IsError)
            observer.Failed(FailureOf(report.Error), report.Error.Reason);
        else
            observer.Appended();
    };

    private static void Produce(IProducer<byte[], byte[]> producer, in OutputRecord record, Action<DeliveryReport<byte[], byte[]>> callback)
    {
        var message = new Message<byte[], byte[]> { Key = record.Key!, Value = record.Value! };
        if (record.Headers is { } headers)
        {
            message.Headers = [];
            foreach (var header in headers)
                message.Headers.Add(header.Name, header.Value);
        }

        if (record.Partition is { } partition)
            producer.Produce(new TopicPartition(record.Topic, partition), message, callback);
        else
            producer.Produce(record.Topic, message, callback);
    }

    private static AppendFailure FailureOf(Error error) =>
        error.Code is ErrorCode.MsgSizeTooLarge or ErrorCode.RecordListTooLarge ? AppendFailure.TooLarge : AppendFailure.Broken;

    private static ProducerConfig Configuration(KafkaOutputOptions options)
    {
        var configuration = new ProducerConfig(options.Client.ToDictionary())
        {
            BootstrapServers = options.BootstrapServers,
            EnableIdempotence = true,
            Acks = Acks.All,
            Partitioner = Partitioner.Murmur2Random,
            LingerMs = options.Linger.TotalMilliseconds,
            QueueBufferingMaxMessages = options.MaxQueuedRecords,
            QueueBufferingMaxKbytes = options.MaxQueuedKilobytes,
            MessageMaxBytes = options.MaxRecordBytes,
            MessageTimeoutMs = (int)options.DeliveryTimeout.TotalMilliseconds,
            // Only the acknowledgement is needed; the rest of a report would be copied for each record.
            DeliveryReportFields = "status",
            SocketNagleDisable = true,
        };
        return configuration;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The Kafka producer reports {Code}: {Reason} (fatal: {IsFatal})")]
    private partial void LogClientError(ErrorCode code, string reason, bool isFatal);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Some outputs were not acknowledged within {Timeout} of stopping; their transactions are scored again at the next start")]
    private partial void LogUnflushed(TimeSpan timeout);

    [LoggerMessage(Level = LogLevel.Debug, Message = "librdkafka producer {Facility}: {Text}")]
    private partial void LogClientMessage(string facility, string text);
}
