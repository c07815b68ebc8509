using Confluent.Kafka;
using Scoring.Kafka.Clients;

namespace Scoring.Simulation.Broker;

/// <summary>
/// The group's offsets and look-ups, as one process asks for them: each call blocks its loop in virtual time. What is on its way when the
/// process crashes or stands still takes effect all the same.
/// </summary>
internal sealed class SimulatedOffsetClient(SimulatedClients clients) : IOffsetClient
{
    private static readonly TimeSpan CommitTimeout = TimeSpan.FromSeconds(6);
    private static readonly TimeSpan UnstablePause = TimeSpan.FromMilliseconds(100);

    private SimulatedBroker Broker => clients.Broker;

    public IReadOnlyList<KafkaFailure?> Commit(IReadOnlyList<TopicPartitionOffset> offsets)
    {
        var copy = offsets.ToList();
        return Ask<IReadOnlyList<KafkaFailure?>>(
            CommitTimeout,
            () =>
            {
                if (Broker.Happens(Broker.Faults.FailedCommitOneIn))
                    throw new KafkaCallException(SimulatedClients.Failure(FailureClass.Retriable, ErrorCode.GroupCoordinatorNotAvailable, "the coordinator is not available"));
                foreach (var offset in copy)
                    Broker.Offsets.Commit(offset.Partition.Value, offset.Offset.Value);
                return new KafkaFailure?[copy.Count];
            },
            Broker.Faults.LostCommitAnswerOneIn);
    }

    public long? StableCommitted(TopicPartition partition, TimeSpan timeout)
    {
        var its = partition.Partition.Value;
        var end = Broker.Scheduler.Now + timeout;
        while (true)
        {
            var (isStable, offset) = Ask(end - Broker.Scheduler.Now, () => (Broker.Offsets.IsStable(its), Broker.Offsets.Committed(its)), Broker.Faults.LostLookupOneIn);
            if (isStable)
            {
                clients.Told?.Invoke(its, offset);
                return offset;
            }

            if (Broker.Scheduler.Now + UnstablePause >= end)
                throw new KafkaCallException(SimulatedClients.Failure(FailureClass.Retriable, ErrorCode.UnstableOffsetCommit, "a transaction that is not ended holds the offset (UNSTABLE_OFFSET_COMMIT)"));
            clients.Process.Wait(new TaskCompletionSource().Task, UnstablePause);
        }
    }

    public LogBounds Bounds(TopicPartition partition, TimeSpan timeout)
    {
        var log = Broker.Topic(partition.Topic)[partition.Partition.Value];
        return Ask(timeout, () => new LogBounds(log.Start, log.LastStable), Broker.Faults.LostLookupOneIn);
    }

    public TopicFacts Describe(string topic, TimeSpan timeout) =>
        Ask(timeout, () => new TopicFacts(topic, $"id-of-{topic}", Broker.Topic(topic).Count), Broker.Faults.LostLookupOneIn);

    public void Probe(TimeSpan timeout) => Ask(timeout, static () => true, Broker.Faults.LostLookupOneIn);

    public void Dispose()
    {
        // It holds nothing.
    }

    private T Ask<T>(TimeSpan timeout, Func<T> effect, int lostOneIn)
    {
        clients.Process.ThrowIfCrashed();
        T? answer = default;
        KafkaCallException? refusal = null;
        var answered = new TaskCompletionSource();
        var slow = Broker.Happens(Broker.Faults.SlowAppendOneIn) ? Broker.Some(Broker.Faults.SlowAppend) : TimeSpan.Zero;
        Broker.Scheduler.After(Broker.Scheduler.Environment, Broker.SomeLatency() + slow, () =>
        {
            if (Broker.IsAway)
                return;
            try
            {
                answer = effect();
            }
            catch (KafkaCallException e)
            {
                refusal = e;
            }

            if (!Broker.Happens(lostOneIn))
                Broker.Scheduler.After(clients.Process, Broker.SomeLatency(), () => answered.TrySetResult());
        });
        if (timeout <= TimeSpan.Zero || !clients.Process.Wait(answered.Task, timeout))
            throw new KafkaCallException(SimulatedClients.Failure(FailureClass.Retriable, ErrorCode.Local_TimedOut, "no answer in time"));
        return refusal is null ? answer! : throw refusal;
    }
}
