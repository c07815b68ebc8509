using System.Diagnostics.Metrics;
using Scoring.Kafka.Telemetry;

namespace Scoring.Kafka.Producers;

/// <summary>What is counted of a node's producers: for each of their bounds how near it is, or how often it was met.</summary>
public sealed class ProducerMetrics
{
    private long unacknowledged;
    private long inTransactions;

    /// <summary>Makes the metrics; one for all of a node's producers.</summary>
    /// <param name="meters">Where they are counted.</param>
    public ProducerMetrics(IMeterFactory meters)
    {
        ArgumentNullException.ThrowIfNull(meters);
        var meter = meters.Create(KafkaMeter.Name);
        meter.CreateObservableGauge("scoring.kafka.unacknowledged_records", () => Volatile.Read(ref unacknowledged), "{record}", "Records of messages that are not wholly acknowledged, of at most MaxUnacknowledged messages a stream");
        meter.CreateObservableGauge("scoring.kafka.uncommitted_messages", () => Volatile.Read(ref inTransactions), "{message}", "Messages in transactions that are not committed, of at most MaxMessages a partition");
        QueueFull = meter.CreateCounterAtZero("scoring.kafka.producer_queue_full", "{record}", "Times that a record found the client's queue full and waited");
        Refused = meter.CreateCounterAtZero("scoring.kafka.refused_records", "{record}", "Records that the log will never take, as for their size");
        Failed = meter.CreateCounterAtZero("scoring.kafka.failed_records", "{record}", "Records that were not acknowledged; their stream fails");
        Replacements = meter.CreateCounterAtZero("scoring.kafka.producer_replacements", "{client}", "Producers that came to their end and were replaced");
        Commits = meter.CreateCounterAtZero("scoring.kafka.transaction_commits", "{transaction}", "Transactions committed");
        Aborts = meter.CreateCounterAtZero("scoring.kafka.transaction_aborts", "{transaction}", "Transactions taken back");
        Fences = meter.CreateCounterAtZero("scoring.kafka.transaction_fences", "{producer}", "Transactional producers that were fenced");
        Retries = meter.CreateCounterAtZero("scoring.kafka.transaction_retries", "{call}", "Calls of a transaction that had no answer in CallTimeout, or a refusal that passes; each is repeated until CallDeadline");
        CommitTime = meter.CreateHistogram<double>("scoring.kafka.transaction_commit_duration", "s", "Time from the decision to commit a transaction to the brokers' answer", advice: KafkaMeter.Seconds);
    }

    internal Counter<long> QueueFull { get; }

    internal Counter<long> Refused { get; }

    internal Counter<long> Failed { get; }

    internal Counter<long> Replacements { get; }

    internal Counter<long> Commits { get; }

    internal Counter<long> Aborts { get; }

    internal Counter<long> Fences { get; }

    internal Counter<long> Retries { get; }

    internal Histogram<double> CommitTime { get; }

    internal void Unacknowledged(int records) => Interlocked.Add(ref unacknowledged, records);

    internal void Uncommitted(int messages) => Interlocked.Add(ref inTransactions, messages);
}
