using Confluent.Kafka;
using Scoring.Actors.Log;
using Scoring.Kafka.Clients;
using Scoring.Simulation.Scheduling;

namespace Scoring.Simulation.Broker;

/// <summary>
/// A transactional producer of one process, with librdkafka's ways: records go out in the background, a commit waits for
/// them, a record that is not delivered spoils the transaction, and a call that times out goes on: made again, it waits for
/// the same request. A request is repeated only once its connection is lost, so no late one meets the next transaction.
/// Calls block, so they are made on a thread of the process that may.
/// </summary>
internal sealed class SimulatedTransactionalClient : ITransactionalClient
{
    private static readonly TimeSpan RetryBackoff = TimeSpan.FromMilliseconds(30);
    private static readonly TimeSpan DeliveryTimeout = TimeSpan.FromSeconds(10);

    private readonly SimulatedBroker broker;
    private readonly VirtualProcess process;
    private readonly SimulatedClients clients;
    private readonly string id;
    private readonly Dictionary<(string Topic, int Partition), Queue<Pending>> queues = [];
    private TaskCompletionSource? delivered;
    private (string Call, TaskCompletionSource<KafkaCallException?> Answer)? underWay;
    private int epoch;
    private int undelivered;
    private int local;
    private bool hasJoined;
    private bool isDisposed;
    private string? spoiled;
    private string? fatal;
    private FailureClass fatalClass;

    internal SimulatedTransactionalClient(SimulatedClients clients, string id)
    {
        this.clients = clients;
        this.id = id;
        broker = clients.Broker;
        process = clients.Process;
    }

    public void Init(TimeSpan timeout) => Call(nameof(Init), timeout, mayAbort: false, () => epoch = broker.Transactions.Start(id));

    public void Begin()
    {
        process.ThrowIfCrashed();
        ThrowIfFatal();
        local++;
        hasJoined = false;
        spoiled = null;
    }

    public bool TryProduce(in ProducerRecord record, DeliveryObserver observer)
    {
        var output = clients.Take(record);
        if (fatal is { } why)
        {
            observer.Failed(record.Key, record.Value, SimulatedClients.Failure(FailureClass.Fatal, ErrorCode.Local_Fatal, why));
            return true;
        }

        if (undelivered >= broker.Faults.ProducerQueue)
            return false;
        if (record.Value?.Length > broker.Faults.MaxValueBytes)
        {
            observer.Failed(record.Key, record.Value, SimulatedClients.Failure(FailureClass.Refused, ErrorCode.MsgSizeTooLarge, $"the brokers take {broker.Faults.MaxValueBytes} bytes"));
            return true;
        }

        undelivered++;
        var key = (output.Topic, broker.PartitionOf(output));
        if (!queues.TryGetValue(key, out var queue))
            queues[key] = queue = new Queue<Pending>();
        queue.Enqueue(new Pending(local, output, observer, record.Key, record.Value, process.Time.GetUtcNow().ToUnixTimeMilliseconds(), broker.Scheduler.Now));
        if (queue.Count == 1)
            SendNext(queue);
        return true;
    }

    public void SendOffsets(IReadOnlyList<TopicPartitionOffset> offsets, TimeSpan timeout)
    {
        ThrowIfSpoiled();
        var copy = offsets.Select(o => (o.Partition.Value, o.Offset.Value)).ToList();
        Call(nameof(SendOffsets), timeout, mayAbort: true, () =>
        {
            var transaction = broker.Transactions.Join(id, epoch);
            hasJoined = true;
            broker.Offsets.Send(transaction, copy);
        });
    }

    public void Commit(TimeSpan timeout)
    {
        var end = broker.Scheduler.Now + timeout;
        if (!AwaitDelivery(timeout))
            throw Failure(FailureClass.Retriable, ErrorCode.Local_TimedOut, "not everything was delivered in time");
        ThrowIfSpoiled();
        if (hasJoined)
            Call(nameof(Commit), end - broker.Scheduler.Now, mayAbort: true, () => broker.Transactions.End(id, epoch, TransactionState.Committed));
    }

    public void Abort(TimeSpan timeout)
    {
        Purge();
        if (hasJoined)
            Call(nameof(Abort), timeout, mayAbort: false, () => broker.Transactions.End(id, epoch, TransactionState.Aborted));
        spoiled = null;
    }

    public void Dispose() => isDisposed = true;

    /// <summary>Called when the process has crashed: what was on its way may still arrive, the rest does not.</summary>
    internal void Crashed()
    {
        foreach (var queue in queues.Values)
        {
            for (var arriving = broker.Scheduler.Next(3); arriving > 0 && queue.TryDequeue(out var pending); arriving--)
            {
                if (broker.Transactions.OpenOf(id, epoch) is { } transaction)
                    Append(transaction, pending);
            }

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
        if (process.IsCrashed || isDisposed || fatal is not null || queue.Count == 0)
            return;
        var pending = queue.Peek();
        if (broker.Scheduler.Now - pending.ProducedAt > DeliveryTimeout)
            Deliver(queue, "not acknowledged in time");
        else if (!broker.IsAway && !process.IsPaused)
            Take(queue, pending);
        if (queue.Count > 0)
            SendNext(queue);
    }

    private void Take(Queue<Pending> queue, Pending pending)
    {
        try
        {
            var transaction = broker.Transactions.Join(id, epoch);
            hasJoined |= pending.Local == local;
            if (broker.Happens(broker.Faults.BrokenAppendOneIn))
            {
                if (broker.Scheduler.Next(2) == 0)
                    Append(transaction, pending);
                Deliver(queue, "not acknowledged in time");
                return;
            }

            Append(transaction, pending);
            Deliver(queue, null);
        }
        catch (KafkaCallException e) when (e.Failure.Class is FailureClass.Fatal or FailureClass.Fenced)
        {
            broker.Scheduler.After(process, broker.SomeLatency(), () => End(e.Failure));
        }
        catch (KafkaCallException)
        {
            // Sent again until the transaction before it has its markers.
        }
    }

    private void Append(SimulatedTransaction transaction, Pending pending) =>
        broker.AppendIn(transaction, pending.Record, pending.TimestampMillis, process.Name);

    private void Deliver(Queue<Pending> queue, string? failure)
    {
        var its = queue.Dequeue();
        var slow = broker.Happens(broker.Faults.SlowAppendOneIn) ? broker.Some(broker.Faults.SlowAppend) : TimeSpan.Zero;
        broker.Scheduler.After(process, broker.SomeLatency() + slow, () =>
        {
            undelivered--;
            if (failure is null)
            {
                its.Observer.Delivered();
            }
            else
            {
                its.Observer.Failed(its.Key, its.Value, SimulatedClients.Failure(FailureClass.Retriable, ErrorCode.Local_MsgTimedOut, failure));
                spoiled ??= its.Local == local ? failure : null;
            }

            if (undelivered == 0)
                delivered?.TrySetResult();
        });
    }

    private void Purge()
    {
        foreach (var queue in queues.Values)
        {
            undelivered -= queue.Count;
            queue.Clear();
        }
    }

    // For good: nothing that waits is sent any more.
    private void End(KafkaFailure why)
    {
        (fatal, fatalClass) = fatal is null ? (why.Message, why.Class) : (fatal, fatalClass);
        Purge();
        delivered?.TrySetResult();
    }

    private bool AwaitDelivery(TimeSpan timeout)
    {
        process.ThrowIfCrashed();
        if (undelivered > 0 && fatal is null)
        {
            delivered = new TaskCompletionSource();
            process.Wait(delivered.Task, timeout);
        }

        ThrowIfFatal();
        return undelivered == 0;
    }

    private void Call(string call, TimeSpan timeout, bool mayAbort, Action effect)
    {
        var end = broker.Scheduler.Now + timeout;
        while (Ask(call, end - broker.Scheduler.Now, mayAbort, effect) is { } refusal)
        {
            if (refusal.Failure.Class is FailureClass.Fatal or FailureClass.Fenced)
                End(refusal.Failure);
            else if (refusal.Failure.Class == FailureClass.Abortable)
                spoiled = refusal.Message;
            if (refusal.Failure.Class != FailureClass.Retriable || broker.Scheduler.Now + RetryBackoff >= end)
                throw refusal;
            process.Wait(new TaskCompletionSource().Task, RetryBackoff);
        }
    }

    private KafkaCallException? Ask(string call, TimeSpan timeout, bool mayAbort, Action effect)
    {
        process.ThrowIfCrashed();
        ThrowIfFatal();
        if (underWay is not { } request || request.Call != call)
            underWay = request = (call, Send(mayAbort, effect));
        if (!process.Wait(request.Answer.Task, timeout))
            return Failure(FailureClass.Retriable, ErrorCode.Local_TimedOut, "no answer in time");
        underWay = null;
        return request.Answer.Task.GetAwaiter().GetResult();
    }

    private TaskCompletionSource<KafkaCallException?> Send(bool mayAbort, Action effect)
    {
        var answer = new TaskCompletionSource<KafkaCallException?>();
        var slow = broker.Happens(broker.Faults.SlowAppendOneIn) ? broker.Some(broker.Faults.SlowAppend) : TimeSpan.Zero;
        broker.Scheduler.After(broker.Scheduler.Environment, broker.SomeLatency() + slow, () => Answer(answer, mayAbort, effect));
        return answer;
    }

    // In the environment: a request that is on its way takes effect whatever becomes of its sender.
    private void Answer(TaskCompletionSource<KafkaCallException?> answer, bool mayAbort, Action effect)
    {
        var isLost = broker.IsAway;
        KafkaCallException? refusal = null;
        if (!isLost)
        {
            refusal = Refusal(mayAbort) ?? Carried(effect);
            isLost = broker.Happens(broker.Faults.LostTransactionAnswerOneIn);
        }

        if (isLost)
            refusal = Failure(FailureClass.Retriable, ErrorCode.Local_Transport, "the connection was lost");
        broker.Scheduler.After(process, broker.SomeLatency(), () => answer.TrySetResult(refusal));
    }

    private static KafkaCallException? Carried(Action effect)
    {
        try
        {
            effect();
            return null;
        }
        catch (KafkaCallException e)
        {
            return e;
        }
    }

    private KafkaCallException? Refusal(bool mayAbort)
    {
        var faults = broker.Faults;
        if (broker.Happens(faults.RefusedTransactionOneIn))
            return Failure(FailureClass.Retriable, ErrorCode.GroupLoadInProgress, "the coordinator is loading");
        if (mayAbort && broker.Happens(faults.AbortableTransactionOneIn))
            return Failure(FailureClass.Abortable, ErrorCode.InvalidTxnState, "the transaction has to be aborted");
        return broker.Happens(faults.FatalTransactionOneIn) ? Failure(FailureClass.Fatal, ErrorCode.UnknownProducerId, "the coordinator has forgotten the producer") : null;
    }

    private void ThrowIfFatal()
    {
        if (fatal is { } why)
            throw Failure(fatalClass, ErrorCode.Local_Fatal, why);
    }

    private void ThrowIfSpoiled()
    {
        ThrowIfFatal();
        if (spoiled is { } why)
            throw Failure(FailureClass.Abortable, ErrorCode.InvalidTxnState, why);
    }

    private static KafkaCallException Failure(FailureClass failure, ErrorCode code, string message) => new(SimulatedClients.Failure(failure, code, message));

    private sealed record Pending(int Local, OutputRecord Record, DeliveryObserver Observer, byte[]? Key, byte[]? Value, long TimestampMillis, TimeSpan ProducedAt);
}
