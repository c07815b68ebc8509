using Confluent.Kafka;

namespace Scoring.Kafka.Clients;

/// <summary>
/// Is told once for each record what became of it, by a thread of the client's or by the one that produces. Must neither throw
/// nor block.
/// </summary>
public abstract class DeliveryObserver
{
    /// <summary>A place for the client to keep what adapts this observer to it.</summary>
    internal object? Adapter { get; set; }

    /// <summary>The log has acknowledged a record.</summary>
    public abstract void Delivered();

    /// <summary>A record was not acknowledged. Unless it was refused it may be in the log all the same.</summary>
    /// <param name="key">The very key that was given.</param>
    /// <param name="value">The very value that was given.</param>
    /// <param name="failure">Why.</param>
    public abstract void Failed(byte[]? key, byte[]? value, KafkaFailure failure);
}

/// <summary>A producer that appends in order and without repeats, acknowledged by all replicas. Any thread may produce.</summary>
public interface IProducerClient : IDisposable
{
    /// <summary>Hands a record over.</summary>
    /// <param name="record">The record.</param>
    /// <param name="observer">Is told what became of it, unless this returns false.</param>
    /// <returns>False if the client's queue is full: nothing was done.</returns>
    bool TryProduce(in ProducerRecord record, DeliveryObserver observer);
}

/// <summary>
/// A transactional producer. Records are produced while a transaction is open, the other calls are made by one thread, one
/// after the other. A call that ended without an answer goes on in the background, and the same call, made again, waits for
/// it; only <see cref="SendOffsets"/> begins anew, and wants the same offsets.
/// </summary>
public interface ITransactionalClient : IProducerClient
{
    /// <summary>Takes the transactional id over: ends what an earlier owner left open, and fences it.</summary>
    /// <param name="timeout">How long to wait.</param>
    /// <exception cref="KafkaCallException">With what can be done about it.</exception>
    void Init(TimeSpan timeout);

    /// <summary>Opens a transaction. Asks no broker.</summary>
    /// <exception cref="KafkaCallException">With what can be done about it.</exception>
    void Begin();

    /// <summary>Adds offsets of the group to the open transaction.</summary>
    /// <param name="offsets">For each partition the offset of the next record to read.</param>
    /// <param name="timeout">How long to wait.</param>
    /// <exception cref="KafkaCallException">With what can be done about it.</exception>
    void SendOffsets(IReadOnlyList<TopicPartitionOffset> offsets, TimeSpan timeout);

    /// <summary>Commits the open transaction, once all its records are acknowledged.</summary>
    /// <param name="timeout">How long to wait.</param>
    /// <exception cref="KafkaCallException">With what can be done about it.</exception>
    void Commit(TimeSpan timeout);

    /// <summary>Takes the open transaction back.</summary>
    /// <param name="timeout">How long to wait.</param>
    /// <exception cref="KafkaCallException">With what can be done about it.</exception>
    void Abort(TimeSpan timeout);
}
