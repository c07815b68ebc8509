using Scoring.Actors.Log;
using Scoring.Actors.Sink;
using Scoring.Simulation.Scheduling;

namespace Scoring.Simulation.Broker;

/// <summary>
/// A transactional producer of one process, with librdkafka's ways: records go out in the background, a commit waits for
/// them, a record that is not delivered spoils the transaction, and a call that times out goes on: made again, it waits for
/// the same request. A request is repeated only once its connection is lost, so no late one meets the next transaction.
/// Calls block, so they are made on a thread of the process that may, and may hold a lock.
/// </summary>
public sealed class SimulatedTransactionalClient : ITransactionalClient
{
    private static readonly TimeSpan RetryBackoff = TimeSpan.FromMilliseconds(30);
    private static readonly TimeSpan DeliveryTimeout = TimeSpan.FromSeconds(10);

    private readonly SimulatedBroker broker;
    private readonly VirtualProcess process;
    private readonly SimulatedGroupClient member;
    private readonly string id;
    private readonly Dictionary<(string Topic, int Partition), Queue<Pending>> queues = [];
    private TaskCompletionSource? delivered;
    private (string Call, TaskCompletionSource<TransactionException?> Answer)? underWay;
    private int epoch;
    private int undelivered;
    private int local;
    private bool hasJoined;
    private bool isDisposed;
    private string? spoiled;
    private string? fatal;

    /// <summary>Makes a client; <see cref="Start"/> gets its epoch.</summary>
    /// <param name="broker">The cluster.</param>
    /// <param name="process">Whose it is.</param>
    /// <param name="id">The transactional id.</param>
    /// <param name="member">The process as a member of the group, whose offsets it sends.</param>
    public SimulatedTransactionalClient(SimulatedBroker broker, VirtualProcess process, string id, SimulatedGroupClient member)
    {
        this.broker = broker;
        this.process = process;
        this.id = id;
        this.member = member;
    }

    /// <inheritdoc/>
    public void Start(TimeSpan timeout) => Call(nameof(Start), timeout, mayAbort: false, () => epoch = broker.Transactions.Start(id));

    /// <inheritdoc/>
    public void Begin()
    {
        process.ThrowIfCrashed();
        ThrowIfFatal();
        local++;
        hasJoined = false;
        spoiled = null;
    }

    /// <inheritdoc/>
    public bool TryProduce(in OutputRecord record, Action<AppendFailure, string> failed)
    {
        ArgumentNullException.ThrowIfNull(failed);
        process.ThrowIfCrashed();
        if (fatal is { } why)
        {
            failed(AppendFailure.Broken, why);
            return true;
        }

        if (undelivered >= broker.Faults.ProducerQueue)
            return false;
        if (record.Value?.Length > broker.Faults.MaxValueBytes)
        {
            failed(AppendFailure.TooLarge, $"the brokers take {broker.Faults.MaxValueBytes} bytes");
            return true;
        }

        undelivered++;
        var key = (record.Topic, broker.PartitionOf(record));
        if (!queues.TryGetValue(key, out var queue))
            queues[key] = queue = new Queue<Pending>();
        queue.Enqueue(new Pending(local, record, failed, process.Time.GetUtcNow().ToUnixTimeMilliseconds(), broker.Scheduler.Now));
        if (queue.Count == 1)
            SendNext(queue);
        return true;
    }

    /// <inheritdoc/>
    public void Flush(TimeSpan timeout) => AwaitDelivery(timeout);

    /// <inheritdoc/>
    public void SendOffsets(IReadOnlyList<(int Partition, long Offset)> offsets, TimeSpan timeout)
    {
        ArgumentNullException.ThrowIfNull(offsets);
        ThrowIfSpoiled();
        foreach (var (partition, offset) in offsets)
        {
            if (!member.Owned.Contains(partition))
                broker.ForeignCommit?.Invoke(member.Name, partition, offset);
        }

        var (memberId, generation) = member.Membership;
        Call(nameof(SendOffsets), timeout, mayAbort: true, () =>
        {
            var transaction = broker.Transactions.Join(id, epoch);
            hasJoined = true;
            member.Group.Send(transaction, memberId, generation, offsets);
        });
    }

    /// <inheritdoc/>
    public void Commit(TimeSpan timeout)
    {
        var end = broker.Scheduler.Now + timeout;
        if (!AwaitDelivery(timeout))
            throw new TransactionException(TransactionFailure.Retriable, "not everything was delivered in time", null);
        ThrowIfSpoiled();
        if (hasJoined)
            Call(nameof(Commit), end - broker.Scheduler.Now, mayAbort: true, () => broker.Transactions.End(id, epoch, TransactionState.Committed));
    }

    /// <inheritdoc/>
    public void Abort(TimeSpan timeout)
    {
        Purge();
        if (hasJoined)
            Call(nameof(Abort), timeout, mayAbort: false, () => broker.Transactions.End(id, epoch, TransactionState.Aborted));
        spoiled = null;
    }

    /// <inheritdoc/>
    public void Dispose() => isDisposed = true;

    /// <summary>Called when the process has crashed: what was on its way may still arrive, the rest does not.</summary>
    public void Crashed()
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
            Deliver(queue, "not acknowledged in time", pending.Failed);
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
                Deliver(queue, "not acknowledged in time", pending.Failed);
                return;
            }

            Append(transaction, pending);
            Deliver(queue, null, pending.Failed);
        }
        catch (TransactionException e) when (e.Failure == TransactionFailure.Fatal)
        {
            broker.Scheduler.After(process, broker.SomeLatency(), () => End(e.Message));
        }
        catch (TransactionException)
        {
            // Sent again until the transaction before it has its markers.
        }
    }

    private void Append(SimulatedTransaction transaction, Pending pending) =>
        broker.AppendIn(transaction, pending.Record, pending.TimestampMillis, process.Name);

    private void Deliver(Queue<Pending> queue, string? failure, Action<AppendFailure, string> failed)
    {
        var its = queue.Dequeue().Local;
        var slow = broker.Happens(broker.Faults.SlowAppendOneIn) ? broker.Some(broker.Faults.SlowAppend) : TimeSpan.Zero;
        broker.Scheduler.After(process, broker.SomeLatency() + slow, () =>
        {
            if (failure is not null)
            {
                failed(AppendFailure.Broken, failure);
                spoiled ??= its == local ? failure : null;
            }

            if (--undelivered == 0)
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
    private void End(string why)
    {
        fatal ??= why;
        Purge();
        delivered?.TrySetResult();
    }

    private bool AwaitDelivery(TimeSpan timeout)
    {
        process.ThrowIfCrashed();
        if (undelivered > 0 && fatal is null)
        {
            delivered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            process.WaitHolding(delivered.Task, timeout);
        }

        ThrowIfFatal();
        return undelivered == 0;
    }

    private void Call(string call, TimeSpan timeout, bool mayAbort, Action effect)
    {
        var end = broker.Scheduler.Now + timeout;
        while (Ask(call, end - broker.Scheduler.Now, mayAbort, effect) is { } refusal)
        {
            if (refusal.Failure == TransactionFailure.Fatal)
                End(refusal.Message);
            else if (refusal.Failure == TransactionFailure.Abortable)
                spoiled = refusal.Message;
            if (refusal.Failure != TransactionFailure.Retriable || broker.Scheduler.Now + RetryBackoff >= end)
                throw refusal;
            process.WaitHolding(new TaskCompletionSource().Task, RetryBackoff);
        }
    }

    private TransactionException? Ask(string call, TimeSpan timeout, bool mayAbort, Action effect)
    {
        process.ThrowIfCrashed();
        ThrowIfFatal();
        if (underWay is not { } request || request.Call != call)
            underWay = request = (call, Send(mayAbort, effect));
        if (!process.WaitHolding(request.Answer.Task, timeout))
            return new TransactionException(TransactionFailure.Retriable, "no answer in time", null);
        underWay = null;
        return request.Answer.Task.GetAwaiter().GetResult();
    }

    private TaskCompletionSource<TransactionException?> Send(bool mayAbort, Action effect)
    {
        var answer = new TaskCompletionSource<TransactionException?>(TaskCreationOptions.RunContinuationsAsynchronously);
        var slow = broker.Happens(broker.Faults.SlowAppendOneIn) ? broker.Some(broker.Faults.SlowAppend) : TimeSpan.Zero;
        broker.Scheduler.After(broker.Scheduler.Environment, broker.SomeLatency() + slow, () => Answer(answer, mayAbort, effect));
        return answer;
    }

    // In the environment: a request that is on its way takes effect whatever becomes of its sender.
    private void Answer(TaskCompletionSource<TransactionException?> answer, bool mayAbort, Action effect)
    {
        var isLost = broker.IsAway;
        TransactionException? refusal = null;
        if (!isLost)
        {
            refusal = Refusal(mayAbort) ?? Carried(effect);
            isLost = broker.Happens(broker.Faults.LostTransactionAnswerOneIn);
        }

        if (isLost)
            refusal = new TransactionException(TransactionFailure.Retriable, "the connection was lost", null);
        broker.Scheduler.After(process, broker.SomeLatency(), () => answer.TrySetResult(refusal));
    }

    private static TransactionException? Carried(Action effect)
    {
        try
        {
            effect();
            return null;
        }
        catch (TransactionException e)
        {
            return e;
        }
    }

    private TransactionException? Refusal(bool mayAbort)
    {
        var faults = broker.Faults;
        if (broker.Happens(faults.RefusedTransactionOneIn))
            return new TransactionException(TransactionFailure.Retriable, "the coordinator is loading", null);
        if (mayAbort && broker.Happens(faults.AbortableTransactionOneIn))
            return new TransactionException(TransactionFailure.Abortable, "the transaction has to be aborted", null);
        return broker.Happens(faults.FatalTransactionOneIn) ? new TransactionException(TransactionFailure.Fatal, "the coordinator has forgotten the producer", null) : null;
    }

    private void ThrowIfFatal()
    {
        if (fatal is { } why)
            throw new TransactionException(TransactionFailure.Fatal, why, null);
    }

    private void ThrowIfSpoiled()
    {
        ThrowIfFatal();
        if (spoiled is { } why)
            throw new TransactionException(TransactionFailure.Abortable, why, null);
    }

    private sealed record Pending(int Local, OutputRecord Record, Action<AppendFailure, string> Failed, long TimestampMillis, TimeSpan ProducedAt);
}
