using Scoring.Actors.Log;
using Scoring.Simulation.Scheduling;

namespace Scoring.Simulation.Broker;

/// <summary>
/// An idempotent producer of one process. Records wait in its queue, reach the log in order within a partition, and are
/// acknowledged in order; the process hears of it later. A crash loses the queue, what is on its way arrives or does not.
/// </summary>
public sealed class SimulatedOutputLog : IOutputLog
{
    private readonly SimulatedBroker broker;
    private readonly VirtualProcess process;
    private readonly Dictionary<(string Topic, int Partition), Queue<Pending>> queues = [];
    private int queued;

    /// <summary>Makes a producer.</summary>
    /// <param name="broker">Where it appends.</param>
    /// <param name="process">Whose it is.</param>
    public SimulatedOutputLog(SimulatedBroker broker, VirtualProcess process)
    {
        this.broker = broker;
        this.process = process;
    }

    /// <inheritdoc/>
    public bool TryAppend(in OutputRecord record, AppendObserver observer)
    {
        process.ThrowIfCrashed();
        if (queued >= broker.Faults.ProducerQueue)
            return false;
        if (record.Value?.Length > broker.Faults.MaxValueBytes)
        {
            Tell(() => observer.Failed(AppendFailure.TooLarge, $"the brokers take {broker.Faults.MaxValueBytes} bytes"));
            return true;
        }

        queued++;
        var key = (record.Topic, broker.PartitionOf(record));
        if (!queues.TryGetValue(key, out var queue))
            queues[key] = queue = new Queue<Pending>();
        queue.Enqueue(new Pending(record, observer, process.Time.GetUtcNow().ToUnixTimeMilliseconds()));
        if (queue.Count == 1)
            SendNext(queue);
        return true;
    }

    /// <summary>Called when the process has crashed: what was on its way may still arrive, the rest does not.</summary>
    public void Crashed()
    {
        foreach (var queue in queues.Values)
        {
            for (var arriving = broker.Scheduler.Next(3); arriving > 0 && queue.TryDequeue(out var pending); arriving--)
                broker.Append(pending.Record, pending.TimestampMillis, process.Name);
            queue.Clear();
        }
    }

    private void SendNext(Queue<Pending> queue)
    {
        var delay = broker.SomeLatency() + (broker.Happens(broker.Faults.SlowAppendOneIn) ? broker.Some(broker.Faults.SlowAppend) : TimeSpan.Zero);
        broker.Scheduler.After(broker.Scheduler.Environment, delay, () => Arrive(queue));
    }

    private void Arrive(Queue<Pending> queue)
    {
        if (process.IsCrashed || queue.Count == 0)
            return;
        if (broker.IsAway || process.IsPaused)
        {
            // A process that stands still sends nothing more; what it had sent before was let through above.
            SendNext(queue);
            return;
        }

        var pending = queue.Dequeue();
        if (broker.Happens(broker.Faults.BrokenAppendOneIn))
        {
            if (broker.Scheduler.Next(2) == 0)
                broker.Append(pending.Record, pending.TimestampMillis, process.Name);
            Acknowledge(pending, () => pending.Observer.Failed(AppendFailure.Broken, "not acknowledged in time"));
        }
        else
        {
            broker.Append(pending.Record, pending.TimestampMillis, process.Name);
            Acknowledge(pending, pending.Observer.Appended);
        }

        if (queue.Count > 0)
            SendNext(queue);
    }

    private void Acknowledge(Pending pending, Action tell)
    {
        var delay = broker.SomeLatency() + (broker.Happens(broker.Faults.SlowAppendOneIn) ? broker.Some(broker.Faults.SlowAppend) : TimeSpan.Zero);
        broker.Scheduler.After(process, delay, () =>
        {
            queued--;
            tell();
        });
    }

    private void Tell(Action action) => broker.Scheduler.After(process, broker.SomeLatency(), action);

    private sealed record Pending(OutputRecord Record, AppendObserver Observer, long TimestampMillis);
}
