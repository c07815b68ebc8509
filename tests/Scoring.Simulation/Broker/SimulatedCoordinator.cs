using Confluent.Kafka;
using Scoring.Kafka.Clients;

namespace Scoring.Simulation.Broker;

/// <summary>
/// Decides what becomes of transactions. One producer at a time owns a transactional id: each start gets a new epoch, and
/// ends what the one before left open. What was decided reaches the partitions and groups later, as markers; until then
/// the id can't begin another transaction, and offsets in the transaction are unstable.
/// </summary>
/// <param name="broker">The cluster.</param>
public sealed class SimulatedCoordinator(SimulatedBroker broker)
{
    private static readonly TimeSpan TransactionTimeout = TimeSpan.FromSeconds(10);

    // A coordinator looks for those that have expired every now and then.
    private static readonly TimeSpan ExpiryInterval = TimeSpan.FromSeconds(10);

    private readonly Dictionary<string, Producer> producers = [];

    /// <summary>Transactions committed.</summary>
    public int Commits { get; private set; }

    /// <summary>Transactions aborted, whoever did it.</summary>
    public int Aborts { get; private set; }

    /// <summary>Requests of producers that another had fenced or whose transaction had expired.</summary>
    public int Fenced { get; private set; }

    /// <summary>A producer takes a transactional id over.</summary>
    /// <returns>Its epoch.</returns>
    internal int Start(string id)
    {
        if (!producers.TryGetValue(id, out var producer))
            producers[id] = producer = new Producer();
        if (producer.Current is { State: TransactionState.Open } open)
        {
            producer.Epoch++;
            Decide(open, TransactionState.Aborted);
        }

        ThrowIfEnding(producer);
        broker.Scheduler.Trace.Note($"{id} starts with epoch {producer.Epoch + 1}");
        return ++producer.Epoch;
    }

    /// <summary>The transaction that a producer's record or offset belongs to; begins one with the first.</summary>
    internal SimulatedTransaction Join(string id, int epoch)
    {
        var producer = Current(id, epoch);
        if (producer.Current is { State: TransactionState.Open } open)
            return open;
        ThrowIfEnding(producer);
        var begun = producer.Current = new SimulatedTransaction(id, epoch);
        broker.Scheduler.After(broker.Scheduler.Environment, TransactionTimeout + broker.Some(ExpiryInterval), () => Expire(producer, begun));
        return begun;
    }

    /// <summary>Whether a producer's transaction is under way.</summary>
    internal SimulatedTransaction? OpenOf(string id, int epoch) =>
        producers.TryGetValue(id, out var producer) && producer.Epoch == epoch && producer.Current is { State: TransactionState.Open } open ? open : null;

    /// <summary>A producer ends its transaction. Asked again for what was decided already, it says so again.</summary>
    internal void End(string id, int epoch, TransactionState state)
    {
        var producer = Current(id, epoch);
        if (producer.Current is not { } current)
            throw Failure(FailureClass.Fatal, ErrorCode.InvalidTxnState, $"{id} has no transaction to end (INVALID_TXN_STATE)");
        if (current.State == TransactionState.Open)
            Decide(current, state);
        else if (current.State != state)
            throw Failure(FailureClass.Fatal, ErrorCode.InvalidTxnState, $"the transaction of {id} is {current.State} (INVALID_TXN_STATE)");
    }

    private static void ThrowIfEnding(Producer producer)
    {
        if (producer.Current is { IsComplete: false } ending)
            throw Failure(FailureClass.Retriable, ErrorCode.ConcurrentTransactions, $"the last transaction of {ending.Id} is still being ended (CONCURRENT_TRANSACTIONS)");
    }

    private Producer Current(string id, int epoch)
    {
        var producer = producers[id];
        if (producer.Epoch == epoch)
            return producer;
        Fenced++;
        broker.Scheduler.Trace.Note($"{id} has epoch {producer.Epoch}: {epoch} is fenced");
        throw Failure(FailureClass.Fenced, ErrorCode.ProducerFenced, $"{id} has epoch {producer.Epoch}, not {epoch} (PRODUCER_FENCED)");
    }

    private void Expire(Producer producer, SimulatedTransaction transaction)
    {
        if (transaction.State != TransactionState.Open)
            return;
        broker.Scheduler.Trace.Note($"the transaction of {transaction} has expired");
        producer.Epoch++;
        Decide(transaction, TransactionState.Aborted);
    }

    private void Decide(SimulatedTransaction transaction, TransactionState state)
    {
        transaction.State = state;
        broker.Scheduler.Trace.Note($"the transaction of {transaction} is {state}: {transaction.Records.Count} records");
        if (state == TransactionState.Committed)
        {
            Commits++;
            foreach (var (topic, partition, record) in transaction.Records)
                broker.Appended?.Invoke(topic, partition, record);
            if (transaction.HasOffsets)
                broker.Offsets.Apply(transaction);
        }
        else
        {
            Aborts++;
        }

        foreach (var log in transaction.Records.Select(r => broker.Topic(r.Topic)[r.Partition]).Distinct().ToList())
            Mark(transaction, () => log.Mark(transaction));
        if (transaction.HasOffsets)
            Mark(transaction, () => broker.Offsets.Settle(transaction));
    }

    private void Mark(SimulatedTransaction transaction, Action mark)
    {
        transaction.MarkersLeft++;
        var slow = broker.Happens(broker.Faults.SlowAppendOneIn) ? broker.Some(broker.Faults.SlowAppend) : TimeSpan.Zero;
        broker.Scheduler.After(broker.Scheduler.Environment, broker.SomeLatency() + slow, () =>
        {
            mark();
            transaction.MarkersLeft--;
        });
    }

    private static KafkaCallException Failure(FailureClass failure, ErrorCode code, string message) => new(new KafkaFailure(failure, code, message));

    private sealed class Producer
    {
        public int Epoch { get; set; }

        public SimulatedTransaction? Current { get; set; }
    }
}
