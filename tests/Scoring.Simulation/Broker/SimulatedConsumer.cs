using Confluent.Kafka;
using Scoring.Kafka.Clients;
using Scoring.Simulation.Scheduling;

namespace Scoring.Simulation.Broker;

/// <summary>
/// A consumer of one process that reads committed records of the partitions that are assigned to it. It never blocks: the loop that polls
/// it rests instead (<see cref="VirtualTurns.PollRest"/>).
/// </summary>
public sealed class SimulatedConsumer : IConsumerClient
{
    private readonly SimulatedBroker broker;
    private readonly VirtualProcess process;
    private readonly Dictionary<TopicPartition, Assigned> assigned = [];

    // As librdkafka: a pause outlives the assignment.
    private readonly HashSet<TopicPartition> paused = [];
    private bool hasEnded;

    internal SimulatedConsumer(SimulatedBroker broker, VirtualProcess process)
    {
        this.broker = broker;
        this.process = process;
    }

    /// <summary>Whether the next <see cref="Poll"/> has something.</summary>
    public bool HasRecords => !broker.IsAway && assigned.Any(a => IsReady(a.Key, a.Value));

    /// <inheritdoc/>
    public void Assign(TopicPartition partition, long offset)
    {
        Check();
        if (!assigned.TryAdd(partition, new Assigned { Position = offset }))
            throw new KafkaCallException(SimulatedClients.Failure(FailureClass.Fatal, ErrorCode.Local_Conflict, $"{partition} is assigned already"));
    }

    /// <inheritdoc/>
    public void Unassign(TopicPartition partition)
    {
        Check();
        if (!assigned.Remove(partition))
            throw new KafkaCallException(SimulatedClients.Failure(FailureClass.Fatal, ErrorCode.Local_Conflict, $"{partition} is not assigned"));
    }

    /// <inheritdoc/>
    public void Pause(TopicPartition partition)
    {
        Check();
        paused.Add(partition);
    }

    /// <inheritdoc/>
    public void Resume(TopicPartition partition)
    {
        Check();
        paused.Remove(partition);
    }

    /// <inheritdoc/>
    public bool Poll(TimeSpan timeout, out ConsumerEvent found)
    {
        Check();
        found = default;
        if (broker.IsAway)
            return false;
        var ready = assigned.Where(a => IsReady(a.Key, a.Value)).Select(a => a.Key).ToList();
        if (ready.Count == 0)
            return false;
        if (broker.Happens(broker.Faults.FatalPollOneIn))
        {
            hasEnded = true;
            found = new ConsumerEvent(ConsumerEventKind.ClientFailure, "", 0, 0, default, SimulatedClients.Failure(FailureClass.Fatal, ErrorCode.Local_Fatal, "the client has come to its end"));
            return true;
        }

        found = Take(ready[broker.Scheduler.Next(ready.Count)]);
        return true;
    }

    /// <inheritdoc/>
    public void Dispose() => assigned.Clear();

    private ConsumerEvent Take(TopicPartition partition)
    {
        var (its, log) = (assigned[partition], Log(partition));
        if (its.Position < log.Start || its.Position > log.End)
        {
            its.IsGapTold = true;
            return new(ConsumerEventKind.Gap, partition.Topic, partition.Partition.Value, its.Position, default, SimulatedClients.Failure(FailureClass.Retriable, ErrorCode.OffsetOutOfRange, $"offset {its.Position} is not in [{log.Start}, {log.End})"));
        }

        var next = log.NextCommitted(its.Position);
        its.Position = next;
        if (next == log.LastStable)
        {
            // Told once for each end, as often as the end moves.
            its.EndTold = next;
            return new(ConsumerEventKind.End, partition.Topic, partition.Partition.Value, next, default, null);
        }

        its.Position = next + 1;
        return new(ConsumerEventKind.Record, partition.Topic, partition.Partition.Value, next, SimulatedClients.Record(log.Everything[(int)next]), null);
    }

    private bool IsReady(TopicPartition partition, Assigned its)
    {
        if (paused.Contains(partition) || its.IsGapTold)
            return false;
        var log = Log(partition);
        return its.Position < log.Start || its.Position > log.End || log.NextCommitted(its.Position) < log.LastStable || its.EndTold != log.LastStable;
    }

    private SimulatedLog Log(TopicPartition partition) => broker.Topic(partition.Topic)[partition.Partition.Value];

    private void Check()
    {
        process.ThrowIfCrashed();
        if (hasEnded)
            throw new KafkaCallException(SimulatedClients.Failure(FailureClass.Fatal, ErrorCode.Local_Fatal, "the client has come to its end"));
    }

    private sealed class Assigned
    {
        public long Position { get; set; }

        public long EndTold { get; set; } = -1;

        public bool IsGapTold { get; set; }
    }
}
