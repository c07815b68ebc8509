using Confluent.Kafka;

namespace Scoring.Kafka.Clients;

/// <summary>What can be done about a failure.</summary>
public enum FailureClass
{
    /// <summary>The same may succeed later: brokers that are away, an answer that did not come, a right that is missing.</summary>
    Retriable,

    /// <summary>The transaction is lost and has to be aborted; the next may succeed.</summary>
    Abortable,

    /// <summary>Another client has taken the transactional id over, or the brokers ended the transaction for its age: stop, and leave everything as it is.</summary>
    Fenced,

    /// <summary>The client can't go on and has to be disposed of.</summary>
    Fatal,

    /// <summary>The record itself is not acceptable, however often it is sent; others are.</summary>
    Refused,
}

/// <summary>A failure that Kafka or its client reported.</summary>
/// <param name="Class">What can be done about it.</param>
/// <param name="Code">The client's code.</param>
/// <param name="Message">What went wrong, and where it is known, what would be right.</param>
public sealed record KafkaFailure(FailureClass Class, ErrorCode Code, string Message);

/// <summary>A call of a client's failed.</summary>
public sealed class KafkaCallException : Exception
{
    /// <summary>Makes the exception.</summary>
    /// <param name="failure">What failed.</param>
    /// <param name="cause">What the client threw; null for none.</param>
    public KafkaCallException(KafkaFailure failure, Exception? cause = null)
        : base(failure?.Message, cause)
    {
        ArgumentNullException.ThrowIfNull(failure);
        Failure = failure;
    }

    /// <summary>What failed.</summary>
    public KafkaFailure Failure { get; }
}
