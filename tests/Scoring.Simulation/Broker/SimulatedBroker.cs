using Scoring.Actors.Log;
using Scoring.Kafka;
using Scoring.Simulation.Scheduling;

namespace Scoring.Simulation.Broker;

/// <summary>How the simulated brokers and the way to them misbehave. Times are drawn up to the values given.</summary>
public sealed record BrokerFaults
{
    /// <summary>A network's and broker's usual delay at most, one way.</summary>
    public TimeSpan Latency { get; init; } = TimeSpan.FromMilliseconds(4);

    /// <summary>One append in so many is slow: its request or its acknowledgement was lost and sent again. 0 for none.</summary>
    public int SlowAppendOneIn { get; init; }

    /// <summary>How slow at most.</summary>
    public TimeSpan SlowAppend { get; init; } = TimeSpan.FromMilliseconds(400);

    /// <summary>One append in so many is given up although it may be in the log. 0 for none.</summary>
    public int BrokenAppendOneIn { get; init; }

    /// <summary>One commit in so many does not reach the group. 0 for none.</summary>
    public int FailedCommitOneIn { get; init; }

    /// <summary>One commit in so many is carried out and its answer is lost. 0 for none.</summary>
    public int LostCommitAnswerOneIn { get; init; }

    /// <summary>One append in so many ends the client that makes it. 0 for none.</summary>
    public int FatalAppendOneIn { get; init; }

    /// <summary>One question in so many has no answer. 0 for none.</summary>
    public int LostLookupOneIn { get; init; }

    /// <summary>One poll of records in so many finds that the client has come to its end. 0 for none.</summary>
    public int FatalPollOneIn { get; init; }

    /// <summary>One call of a transactional producer in so many is refused and may be made again. 0 for none.</summary>
    public int RefusedTransactionOneIn { get; init; }

    /// <summary>One call of a transactional producer in so many is carried out and its answer is lost. 0 for none.</summary>
    public int LostTransactionAnswerOneIn { get; init; }

    /// <summary>One commit of a transaction in so many fails, so that it has to be aborted. 0 for none.</summary>
    public int AbortableTransactionOneIn { get; init; }

    /// <summary>One call of a transactional producer in so many ends the producer. 0 for none.</summary>
    public int FatalTransactionOneIn { get; init; }

    /// <summary>Records that a client's producer takes at most before it says that its queue is full.</summary>
    public int ProducerQueue { get; init; } = 10_000;

    /// <summary>The largest value that the brokers take, in bytes.</summary>
    public int MaxValueBytes { get; init; } = 1_000_000;
}

/// <summary>
/// A Kafka cluster as its clients see it: topics with partitions, transactions, and a group that names offsets. What a real one
/// guarantees it guarantees (order within a partition, no repeat by an idempotent producer's retries, one producer at a time for a
/// transactional id); whatever else may happen does, by seed.
/// </summary>
public sealed class SimulatedBroker
{
    private readonly Dictionary<string, SimulatedLog[]> topics = [];

    /// <summary>Makes a cluster without topics.</summary>
    /// <param name="scheduler">Runs it.</param>
    /// <param name="faults">How it misbehaves.</param>
    public SimulatedBroker(VirtualScheduler scheduler, BrokerFaults faults)
    {
        Scheduler = scheduler;
        Faults = faults;
        Transactions = new SimulatedCoordinator(this);
        Offsets = new SimulatedOffsets(this);
    }

    /// <summary>What runs it.</summary>
    public VirtualScheduler Scheduler { get; }

    /// <summary>How it misbehaves now.</summary>
    public BrokerFaults Faults { get; set; }

    /// <summary>Decides what becomes of transactions.</summary>
    public SimulatedCoordinator Transactions { get; }

    /// <summary>The offsets that are committed of the input log.</summary>
    public SimulatedOffsets Offsets { get; }

    /// <summary>Whether nothing reaches it.</summary>
    public bool IsAway { get; set; }

    /// <summary>Is told of each record that counts: when it was appended, or its transaction is committed.</summary>
    public Action<string, int, LogRecord>? Appended { get; set; }

    /// <summary>Is told of each offset that was committed, with the partition and what was committed before.</summary>
    public Action<int, long?, long>? Committed { get; set; }

    /// <summary>Makes a topic.</summary>
    /// <param name="topic">Its name.</param>
    /// <param name="partitions">Its partitions.</param>
    public void CreateTopic(string topic, int partitions) => topics[topic] = [.. Enumerable.Range(0, partitions).Select(_ => new SimulatedLog())];

    /// <summary>The partitions of a topic.</summary>
    /// <param name="topic">The topic.</param>
    public IReadOnlyList<SimulatedLog> Topic(string topic) => topics[topic];

    /// <summary>Adds a record to a topic, as soon as this is called.</summary>
    /// <param name="record">The record.</param>
    /// <param name="timestampMillis">When it was made.</param>
    /// <param name="producer">Who appends it.</param>
    public LogRecord Append(in OutputRecord record, long timestampMillis, string producer)
    {
        var logs = topics[record.Topic];
        var partition = PartitionOf(record);
        var placed = logs[partition].Append(new LogRecord(0, timestampMillis, record.Key, record.Value, record.Headers ?? [], producer));
        Appended?.Invoke(record.Topic, partition, placed);
        return placed;
    }

    /// <summary>Adds a record in a transaction to a topic.</summary>
    /// <param name="transaction">The transaction.</param>
    /// <param name="record">The record.</param>
    /// <param name="timestampMillis">When it was made.</param>
    /// <param name="producer">Who appends it.</param>
    internal void AppendIn(SimulatedTransaction transaction, in OutputRecord record, long timestampMillis, string producer)
    {
        var partition = PartitionOf(record);
        var placed = topics[record.Topic][partition].Append(
            new LogRecord(0, timestampMillis, record.Key, record.Value, record.Headers ?? [], producer) { Transaction = transaction });
        transaction.Records.Add((record.Topic, partition, placed));
    }

    /// <summary>The partition that a record goes to.</summary>
    /// <param name="record">The record.</param>
    public int PartitionOf(in OutputRecord record) =>
        record.Partition ?? (record.Key is { } key ? Murmur2.Partition(key, topics[record.Topic].Length) : 0);

    internal TimeSpan SomeLatency() => Some(Faults.Latency);

    internal TimeSpan Some(TimeSpan atMost) => TimeSpan.FromTicks(1 + (long)(atMost.Ticks * (Scheduler.Next(1_000) / 1_000.0)));

    internal bool Happens(int oneIn) => oneIn > 0 && Scheduler.Next(oneIn) == 0;

    internal void ToldCommitted(int partition, long? before, long offset)
    {
        Scheduler.Trace.Note($"committed p{partition}@{offset}");
        Committed?.Invoke(partition, before, offset);
    }
}
