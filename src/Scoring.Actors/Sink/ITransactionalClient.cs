using Scoring.Actors.Log;

namespace Scoring.Actors.Sink;

/// <summary>
/// A transactional producer. <see cref="TryProduce"/> may be called by any thread while a transaction is open, the
/// rest by one thread at a time. A call that ended without an answer goes on in the background: it is made again before
/// any other, but for <see cref="SendOffsets"/>, after which an abort is possible too.
/// </summary>
public interface ITransactionalClient : IDisposable
{
    /// <summary>Takes the transactional id over: ends what an earlier owner left open, and fences it.</summary>
    /// <param name="timeout">How long to wait for an answer.</param>
    /// <exception cref="TransactionException">The brokers refused or did not answer.</exception>
    void Start(TimeSpan timeout);

    /// <summary>Opens a transaction.</summary>
    /// <exception cref="TransactionException">The client can't go on.</exception>
    void Begin();

    /// <summary>Produces a record in the open transaction.</summary>
    /// <param name="record">The record.</param>
    /// <param name="failed">Is told if the log will never take the record; the transaction can't be committed then.</param>
    /// <returns>False if the client's queue is full.</returns>
    bool TryProduce(in OutputRecord record, Action<AppendFailure, string> failed);

    /// <summary>Makes room in a full queue: waits until what was produced has reached the brokers.</summary>
    /// <param name="timeout">How long to wait.</param>
    void Flush(TimeSpan timeout);

    /// <summary>Adds offsets of the input log to the open transaction, as a member of the consumer group.</summary>
    /// <param name="offsets">The offset of the next record to read, by partition.</param>
    /// <param name="timeout">How long to wait for an answer.</param>
    /// <exception cref="TransactionException">The brokers refused or did not answer.</exception>
    void SendOffsets(IReadOnlyList<(int Partition, long Offset)> offsets, TimeSpan timeout);

    /// <summary>Commits the open transaction once all its records have reached the brokers.</summary>
    /// <param name="timeout">How long to wait for an answer.</param>
    /// <exception cref="TransactionException">The brokers refused or did not answer.</exception>
    void Commit(TimeSpan timeout);

    /// <summary>Takes the open transaction back.</summary>
    /// <param name="timeout">How long to wait for an answer.</param>
    /// <exception cref="TransactionException">The brokers refused or did not answer.</exception>
    void Abort(TimeSpan timeout);
}

/// <summary>What can be done about a failure of a transaction.</summary>
public enum TransactionFailure
{
    /// <summary>The same call may succeed.</summary>
    Retriable,

    /// <summary>The transaction has to be aborted; the next may succeed.</summary>
    Abortable,

    /// <summary>The client can't go on: fenced by another with its transactional id, or expired.</summary>
    Fatal,
}

/// <summary>A transaction failed.</summary>
public sealed class TransactionException : Exception
{
    /// <summary>Makes the exception.</summary>
    /// <param name="failure">What can be done about it.</param>
    /// <param name="message">What the brokers said.</param>
    /// <param name="cause">What the client threw.</param>
    public TransactionException(TransactionFailure failure, string message, Exception? cause)
        : base(message, cause) => Failure = failure;

    /// <summary>What can be done about it.</summary>
    public TransactionFailure Failure { get; }
}
