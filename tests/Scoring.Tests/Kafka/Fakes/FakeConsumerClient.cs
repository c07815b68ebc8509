using Confluent.Kafka;
using Scoring.Kafka.Clients;

namespace Scoring.Tests.Kafka.Fakes;

/// <summary>
/// A consumer with librdkafka's ways: a pause outlives the assignment, a partition that is assigned twice or taken away twice
/// is refused, a gap stops its partition, an end is told once until there is more. It refuses every thread but the poll loop's.
/// </summary>
internal sealed class FakeConsumerClient(FakeKafka kafka) : IConsumerClient
{
    private readonly List<Reading> readings = [];
    private readonly HashSet<TopicPartition> paused = [];

    /// <summary>What was called, in order.</summary>
    public List<string> Calls { get; } = [];

    /// <summary>Events that come before any other.</summary>
    public Queue<ConsumerEvent> Stray { get; } = [];

    /// <summary>A record that the client hands out once more, of a partition that it reads or has read; chosen by the random numbers.</summary>
    public (TopicPartition Partition, Random Random)? Again { get; set; }

    /// <summary>The call that fails next, by its name, with the failure.</summary>
    public Dictionary<string, KafkaFailure> Fails { get; } = [];

    public bool IsDisposed { get; private set; }

    public IEnumerable<TopicPartition> Assigned => readings.Select(r => r.Partition);

    public bool IsPaused(TopicPartition partition) => paused.Contains(partition);

    public void Assign(TopicPartition partition, long offset)
    {
        Call($"assign {partition.Partition.Value}@{offset}", nameof(Assign));
        if (readings.Exists(r => r.Partition == partition))
            throw new KafkaCallException(FakeKafka.Failure(FailureClass.Retriable, ErrorCode.Local_Conflict));
        readings.Add(new Reading(partition) { Position = offset });
    }

    public void Unassign(TopicPartition partition)
    {
        Call($"unassign {partition.Partition.Value}", nameof(Unassign));
        if (readings.RemoveAll(r => r.Partition == partition) == 0)
            throw new KafkaCallException(FakeKafka.Failure(FailureClass.Retriable, ErrorCode.Local_InvalidArg));
    }

    public void Pause(TopicPartition partition)
    {
        Call($"pause {partition.Partition.Value}", nameof(Pause));
        paused.Add(partition);
    }

    public void Resume(TopicPartition partition)
    {
        Call($"resume {partition.Partition.Value}", nameof(Resume));
        paused.Remove(partition);
    }

    public bool Poll(TimeSpan timeout, out ConsumerEvent found)
    {
        Check();
        if (Stray.TryDequeue(out found) || TryAgain(out found))
            return true;
        if (kafka.IsAway)
            return false;
        foreach (var reading in readings)
        {
            if (paused.Contains(reading.Partition) || !TryRead(reading, out found))
                continue;
            // By turns, as the client's queue has them.
            readings.Remove(reading);
            readings.Add(reading);
            return true;
        }

        return false;
    }

    public void Dispose() => IsDisposed = true;

    private bool TryAgain(out ConsumerEvent found)
    {
        found = default;
        if (Again is not { } its)
            return false;
        Again = null;
        var log = kafka[its.Partition];
        var position = readings.Find(r => r.Partition == its.Partition)?.Position ?? log.High;
        var before = log.Visible.Where(o => o < position).ToList();
        if (before.Count == 0)
            return false;
        var offset = before[its.Random.Next(before.Count)];
        found = Event(ConsumerEventKind.Record, new Reading(its.Partition), offset) with { Record = log.At(offset) };
        return true;
    }

    private bool TryRead(Reading reading, out ConsumerEvent found)
    {
        var log = kafka[reading.Partition];
        found = default;
        if (reading.IsStopped)
            return false;
        if (reading.Position < log.Low || reading.Position > log.High)
        {
            reading.IsStopped = true;
            found = Event(ConsumerEventKind.Gap, reading, reading.Position) with { Failure = FakeKafka.Failure(FailureClass.Retriable, ErrorCode.Local_AutoOffsetReset) };
            return true;
        }

        while (reading.Position < log.High && !log.IsVisible(reading.Position))
            reading.Position++;
        if (reading.Position < log.High)
        {
            found = Event(ConsumerEventKind.Record, reading, reading.Position) with { Record = log.At(reading.Position) };
            reading.Position++;
            return true;
        }

        if (reading.EndTold == reading.Position)
            return false;
        reading.EndTold = reading.Position;
        found = Event(ConsumerEventKind.End, reading, reading.Position);
        return true;
    }

    private static ConsumerEvent Event(ConsumerEventKind kind, Reading reading, long offset) =>
        new(kind, new string(reading.Partition.Topic), reading.Partition.Partition.Value, offset, default, null);

    private void Call(string call, string name)
    {
        Check();
        Calls.Add(call);
        if (Fails.Remove(name, out var failure))
            throw new KafkaCallException(failure);
    }

    private void Check()
    {
        Assert.Equal("kafka-poll", kafka.Turns.Current);
        Assert.False(IsDisposed);
    }

    private sealed class Reading(TopicPartition partition)
    {
        public TopicPartition Partition => partition;

        public long Position { get; set; }

        public long? EndTold { get; set; }

        public bool IsStopped { get; set; }
    }
}
