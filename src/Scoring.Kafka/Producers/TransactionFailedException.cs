using Scoring.Kafka.Clients;

namespace Scoring.Kafka.Producers;

/// <summary>
/// A transactional producer can't go on. <see cref="KafkaFailure.Class"/> says what is right: <see cref="FailureClass.Abortable"/>,
/// begin again where the last commit ended; <see cref="FailureClass.Fenced"/>, another owns the partition;
/// <see cref="FailureClass.Fatal"/>, begin again with a new client; <see cref="FailureClass.Refused"/>, the record named by
/// <see cref="RecordIndex"/> is not acceptable.
/// </summary>
public sealed class TransactionFailedException : Exception
{
    /// <summary>Makes the exception.</summary>
    /// <param name="failure">What failed.</param>
    /// <param name="message">What was being done, and what failed.</param>
    public TransactionFailedException(KafkaFailure failure, string message)
        : base(message) => Failure = failure;

    /// <summary>What failed.</summary>
    public KafkaFailure Failure { get; }

    /// <summary>What the message of a refused record carries; null where none was refused.</summary>
    public object? PassThrough { get; init; }

    /// <summary>Which record of that message was refused; null where none was.</summary>
    public int? RecordIndex { get; init; }
}
