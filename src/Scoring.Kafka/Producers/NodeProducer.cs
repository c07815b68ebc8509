using Microsoft.Extensions.Logging;
using Scoring.Kafka.Clients;
using Scoring.Kafka.Settings;
using Scoring.Kafka.Threads;

namespace Scoring.Kafka.Producers;

/// <summary>
/// The one producer of a node outside of transactions: idempotent, acknowledged by all replicas, in order. All streams of the
/// node share it. A client that comes to its end is replaced; what it had not acknowledged has failed then, and with it the
/// streams that waited for it.
/// </summary>
public sealed partial class NodeProducer : IDisposable
{
    private readonly IKafkaClients clients;
    private readonly ITurnScheduler turns;
    private readonly TimeProvider time;
    private readonly ILogger<NodeProducer> logger;
    private readonly Lock gate = new();
    private readonly HashSet<Deliveries> streams = [];
    private volatile Connected current;
    private long? replacedAt;

    /// <summary>Connects the client. Does not wait for the brokers.</summary>
    /// <param name="settings">How it produces.</param>
    /// <param name="clients">Connects clients.</param>
    /// <param name="turns">Runs the end of a client that was replaced.</param>
    /// <param name="time">Times replacements.</param>
    /// <param name="metrics">What is counted.</param>
    /// <param name="logger">Where replacements are said.</param>
    /// <exception cref="ArgumentException">A setting is not possible; the message names it.</exception>
    public NodeProducer(ProducerSettings settings, IKafkaClients clients, ITurnScheduler turns, TimeProvider time, ProducerMetrics metrics, ILogger<NodeProducer> logger)
    {
        ArgumentNullException.ThrowIfNull(settings);
        ArgumentNullException.ThrowIfNull(clients);
        SettingChecks.ThrowIfInvalid(settings);
        Settings = settings;
        Metrics = metrics;
        this.clients = clients;
        this.turns = turns;
        this.time = time;
        this.logger = logger;
        current = Connect();
    }

    internal ProducerSettings Settings { get; }

    internal ProducerMetrics Metrics { get; }

    /// <summary>Ends the client. What is not acknowledged by then may or may not be in the log.</summary>
    public void Dispose() => current.Client!.Dispose();

    /// <summary>
    /// A stream has begun; it is told when the client comes to its end. Without gaps it stays with this one client: of two, the next
    /// would take what stands behind a record that the first has failed.
    /// </summary>
    /// <returns>What takes the stream's records.</returns>
    internal TryProduce Join(Deliveries stream)
    {
        lock (gate)
            streams.Add(stream);
        if (!Settings.Gapless)
            return TryProduce;
        var its = current;
        // Where it is too early for another, the stream fails with its first record.
        if (its.Ended is not null)
            TryReplace(ref its);
        return (in ProducerRecord record, DeliveryObserver observer) => TryProduce(its, record, observer);
    }

    /// <summary>A stream has ended.</summary>
    internal void Leave(Deliveries stream)
    {
        lock (gate)
            streams.Remove(stream);
    }

    /// <summary>Hands a record over. Any thread.</summary>
    /// <returns>False if the client's queue is full: nothing was done.</returns>
    internal bool TryProduce(in ProducerRecord record, DeliveryObserver observer)
    {
        var its = current;
        if (its.Ended is not null)
            TryReplace(ref its);
        return TryProduce(its, record, observer);
    }

    private bool TryProduce(Connected its, in ProducerRecord record, DeliveryObserver observer)
    {
        if (its.Ended is { } failure)
        {
            observer.Failed(record.Key, record.Value, failure);
            return true;
        }

        if (its.Client!.TryProduce(record, observer))
            return true;
        Metrics.QueueFull.Add(1);
        return false;
    }

    private Connected Connect()
    {
        var connected = new Connected();
        connected.Client = clients.Producer(failure => End(connected, failure));
        return connected;
    }

    // What the client had not acknowledged it may never mention again.
    private void End(Connected its, KafkaFailure failure)
    {
        if (!its.TryEnd(failure))
            return;
        lock (gate)
        {
            foreach (var stream in streams)
                stream.Fail(new ProduceFailedException(failure, $"the producer has come to its end: {failure.Message}"));
        }
    }

    private bool TryReplace(ref Connected its)
    {
        lock (gate)
        {
            if (its != current)
            {
                its = current;
                return its.Ended is null;
            }

            if (replacedAt is { } at && time.GetElapsedTime(at) < Settings.ReplacePause)
                return false;
            replacedAt = time.GetTimestamp();
            current = Connect();
        }

        LogReplaced(its.Ended!.Message);
        Metrics.Replacements.Add(1);
        Retire(its.Client!);
        its = current;
        return true;
    }

    // Its end may take a while, and nobody waits for it.
    private void Retire(IProducerClient old) => turns.Start(
        "kafka-producer-end",
        () =>
        {
            old.Dispose();
            return null;
        },
        static _ => { });

    [LoggerMessage(Level = LogLevel.Error, Message = "The producer came to its end and is replaced ({Reason})")]
    private partial void LogReplaced(string reason);

    private sealed class Connected
    {
        private KafkaFailure? ended;

        internal IProducerClient? Client { get; set; }

        internal KafkaFailure? Ended => Volatile.Read(ref ended);

        internal bool TryEnd(KafkaFailure failure) => Interlocked.CompareExchange(ref ended, failure, null) is null;
    }
}
