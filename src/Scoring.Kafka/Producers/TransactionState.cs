using Scoring.Kafka.Clients;

namespace Scoring.Kafka.Producers;

/// <summary>Where a transactional producer stands.</summary>
public enum TransactionState
{
    /// <summary>Its transactional id is not its own yet.</summary>
    New,

    /// <summary>No transaction is open.</summary>
    Ready,

    /// <summary>A transaction is open: records may be produced.</summary>
    Open,

    /// <summary>The transaction has its offsets and is being committed: only the brokers' answer tells what has become of it.</summary>
    Committing,

    /// <summary>The transaction is lost and has to be aborted.</summary>
    MustAbort,

    /// <summary>Another has the transactional id: nothing may be called any more.</summary>
    Fenced,

    /// <summary>The client can't go on.</summary>
    Failed,
}

/// <summary>A call of a transactional client.</summary>
internal enum TransactionCall
{
    /// <summary>Takes the transactional id over.</summary>
    Init,

    /// <summary>Opens a transaction.</summary>
    Begin,

    /// <summary>Adds offsets to it.</summary>
    SendOffsets,

    /// <summary>Commits it.</summary>
    Commit,

    /// <summary>Takes it back.</summary>
    Abort,
}

/// <summary>The states of a transactional producer: which call is possible in each, and where its outcome leads.</summary>
internal static class TransactionStates
{
    /// <summary>Whether a call is possible.</summary>
    /// <param name="state">Where the producer stands.</param>
    /// <param name="call">The call.</param>
    internal static bool Allows(this TransactionState state, TransactionCall call) => call switch
    {
        TransactionCall.Init => state == TransactionState.New,
        TransactionCall.Begin => state == TransactionState.Ready,
        TransactionCall.SendOffsets => state == TransactionState.Open,
        TransactionCall.Commit => state is TransactionState.Open or TransactionState.Committing,
        TransactionCall.Abort => state is TransactionState.Open or TransactionState.MustAbort,
        _ => false,
    };

    /// <summary>Where the outcome of a call leads.</summary>
    /// <param name="state">Where the producer stands.</param>
    /// <param name="call">The call, which is possible there.</param>
    /// <param name="failure">How it failed; null where it did not.</param>
    internal static TransactionState After(this TransactionState state, TransactionCall call, FailureClass? failure) => failure switch
    {
        null => Succeeded(state, call),
        // A commit that has begun can't be taken back before its answer is known.
        FailureClass.Retriable => call == TransactionCall.Commit ? TransactionState.Committing : state,
        FailureClass.Abortable => state is TransactionState.Open or TransactionState.Committing or TransactionState.MustAbort ? TransactionState.MustAbort : TransactionState.Failed,
        FailureClass.Fenced => TransactionState.Fenced,
        _ => TransactionState.Failed,
    };

    private static TransactionState Succeeded(TransactionState state, TransactionCall call) => call switch
    {
        TransactionCall.Begin => TransactionState.Open,
        TransactionCall.SendOffsets => state,
        _ => TransactionState.Ready,
    };
}
