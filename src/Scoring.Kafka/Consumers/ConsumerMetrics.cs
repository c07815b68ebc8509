using System.Diagnostics.Metrics;
using Scoring.Kafka.Telemetry;

namespace Scoring.Kafka.Consumers;

/// <summary>What is counted of a node's consumer: for each of its bounds how near it is, and how often it was met.</summary>
internal sealed class ConsumerMetrics
{
    internal ConsumerMetrics(IMeterFactory meters, NodeConsumer consumer)
    {
        var meter = meters.Create(KafkaMeter.Name);
        Observe("scoring.kafka.reachable", s => s.Brokers.Condition == Clients.BrokerCondition.Reached ? 1 : 0, "1", "Whether the brokers answered when they were last asked");
        Observe("scoring.kafka.partitions", s => s.Partitions, "{partition}", "Partitions that are read, of at most MaxPartitions");
        Observe("scoring.kafka.partitions_paused", s => s.Paused, "{partition}", "Partitions that are paused because their buffer is full");
        Observe("scoring.kafka.buffered_bytes", s => s.BufferedBytes, "By", "Bytes that wait in the partitions' buffers, each of at most BufferBytes");
        Observe("scoring.kafka.buffered_records", s => s.BufferedRecords, "{record}", "Records that wait in the partitions' buffers, each of at most BufferRecords");
        Observe("scoring.kafka.lookups_waiting", s => s.Lookups, "{lookup}", "Look-ups that wait for an answer, of at most MaxLookups");
        Pauses = meter.CreateCounterAtZero("scoring.kafka.pauses", "{pause}", "Times that a partition was paused because its buffer was full");
        Dropped = meter.CreateCounterAtZero("scoring.kafka.dropped_records", "{record}", "Records of partitions that had been taken away or assigned anew, dropped");
        Gaps = meter.CreateCounterAtZero("scoring.kafka.log_gaps", "{gap}", "Partitions that failed because the log does not hold what they need");
        Commits = meter.CreateCounterAtZero("scoring.kafka.commits", "{commit}", "Commits that the group has acknowledged, each of all partitions together");
        CommitFailures = meter.CreateCounterAtZero("scoring.kafka.commit_failures", "{commit}", "Commits that the group refused or did not answer; each is repeated");
        CommitTime = meter.CreateHistogram<double>("scoring.kafka.commit_duration", "s", "Time that a commit took", advice: KafkaMeter.Seconds);
        LookupFailures = meter.CreateCounterAtZero("scoring.kafka.lookup_failures", "{lookup}", "Tries of a look-up that failed; each is repeated until LookupDeadline");
        LookupsRefused = meter.CreateCounterAtZero("scoring.kafka.lookups_refused", "{lookup}", "Look-ups beyond MaxLookups");
        DrainTimeouts = meter.CreateCounterAtZero("scoring.kafka.drain_timeouts", "{drain}", "Partitions that were taken away before all that was under way had finished");
        Replacements = meter.CreateCounterAtZero("scoring.kafka.consumer_replacements", "{client}", "Consumers that came to their end and were replaced");

        void Observe(string name, Func<ConsumerState, long> value, string unit, string description) =>
            meter.CreateObservableGauge(name, () => new Measurement<long>(value(consumer.State), KeyValuePair.Create<string, object?>("consumer", consumer.Settings.Name)), unit, description);
    }

    internal Counter<long> Pauses { get; }

    internal Counter<long> Dropped { get; }

    internal Counter<long> Gaps { get; }

    internal Counter<long> Commits { get; }

    internal Counter<long> CommitFailures { get; }

    internal Histogram<double> CommitTime { get; }

    internal Counter<long> LookupFailures { get; }

    internal Counter<long> LookupsRefused { get; }

    internal Counter<long> DrainTimeouts { get; }

    internal Counter<long> Replacements { get; }
}
