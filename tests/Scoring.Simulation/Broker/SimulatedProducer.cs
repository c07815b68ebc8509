using Confluent.Kafka;
using Scoring.Actors.Log;
using Scoring.Kafka.Clients;

namespace Scoring.Simulation.Broker;

/// <summary>
/// An idempotent producer of one process. Records wait in its queue, reach the log in order within a partition, and are
/// acknowledged in order; the process hears of it later. A crash loses the queue, what is on its way arrives or does not.
/// </summary>
internal sealed class SimulatedProducer : IProducerClient
{
    private readonly SimulatedBroker broker;
    private readonly SimulatedClients clients;
    private readonly Action<KafkaFailure> ended;
    private readonly Dictionary<(string Topic, int Partition), Queue<Pending>> queues = [];
    private int queued;
    private bool hasEnded;

    internal SimulatedProducer(SimulatedClients clients, Action<KafkaFailure> ended)
    {
        this.clients = clients;
        this.ended = ended;
        broker = clients.Broker;
    }

    public bool TryProduce(in ProducerRecord record, DeliveryObserver observer)
    {
        var output = clients.Take(record);
        if (queued >= broker.Faults.ProducerQueue)
            return false;
        var given = new Pending(output, observer, record.Key, record.Value, clients.Process.Time.GetUtcNow().ToUnixTimeMilliseconds());
        if (record.Value?.Length > broker.Faults.MaxValueBytes)
        {
            observer.Failed(record.Key, record.Value, SimulatedClients.Failure(FailureClass.Refused, ErrorCode.MsgSizeTooLarge, $"the brokers take {broker.Faults.MaxValueBytes} bytes"));
            return true;
        }

        queued++;
        var key = (output.Topic, broker.PartitionOf(output));
        if (!queues.TryGetValue(key, out var queue))
            queues[key] = queue = new Queue<Pending>();
        queue.Enqueue(given);
        if (queue.Count == 1)
            SendNext(queue);
        return true;
    }

    public void Dispose() => hasEnded = true;

    /// <summary>Called when the process has crashed: what was on its way may still arrive, the rest does not.</summary>
    internal void Crashed()
    {
        foreach (var queue in queues.Values)
        {
            for (var arriving = hasEnded ? 0 : broker.Scheduler.Next(3); arriving > 0 && queue.TryDequeue(out var pending); arriving--)
                broker.Append(pending.Record, pending.TimestampMillis, clients.Process.Name);
            queue.Clear();
        }
    }

    private void SendNext(Queue<Pending> queue) => broker.Scheduler.After(broker.Scheduler.Environment, broker.SomeLatency() + Slow(), () => Arrive(queue));

    private void Arrive(Queue<Pending> queue)
    {
        if (clients.Process.IsCrashed || hasEnded || queue.Count == 0)
            return;
        if (broker.IsAway || clients.Process.IsPaused)
        {
            // A process that stands still sends nothing more; what it had sent before was let through above.
            SendNext(queue);
            return;
        }

        if (broker.Happens(broker.Faults.FatalAppendOneIn))
        {
            End();
            return;
        }

        var pending = queue.Dequeue();
        if (broker.Happens(broker.Faults.BrokenAppendOneIn))
        {
            if (broker.Scheduler.Next(2) == 0)
                broker.Append(pending.Record, pending.TimestampMillis, clients.Process.Name);
            Acknowledge(() => pending.Observer.Failed(pending.Key, pending.Value, SimulatedClients.Failure(FailureClass.Retriable, ErrorCode.Local_MsgTimedOut, "not acknowledged in time")));
        }
        else
        {
            broker.Append(pending.Record, pending.TimestampMillis, clients.Process.Name);
            Acknowledge(pending.Observer.Delivered);
        }

        if (queue.Count > 0)
            SendNext(queue);
    }

    // Of what it had not acknowledged some is in the log, and the client says nothing more of it.
    private void End()
    {
        Crashed();
        hasEnded = true;
        broker.Scheduler.Trace.Note($"the producer of {clients.Process.Name} comes to its end");
        broker.Scheduler.After(clients.Process, broker.SomeLatency(), () => ended(SimulatedClients.Failure(FailureClass.Fatal, ErrorCode.Local_Fatal, "the client has come to its end")));
    }

    private void Acknowledge(Action tell) => broker.Scheduler.After(clients.Process, broker.SomeLatency() + Slow(), () =>
    {
        queued--;
        if (!hasEnded)
            tell();
    });

    private TimeSpan Slow() => broker.Happens(broker.Faults.SlowAppendOneIn) ? broker.Some(broker.Faults.SlowAppend) : TimeSpan.Zero;

    private sealed record Pending(OutputRecord Record, DeliveryObserver Observer, byte[]? Key, byte[]? Value, long TimestampMillis);
}
