using Scoring.Kafka.Clients;

namespace Scoring.Kafka.Producers;

/// <summary>A record was not acknowledged. It may be in the log all the same.</summary>
public sealed class ProduceFailedException : Exception
{
    /// <summary>Makes the exception.</summary>
    /// <param name="failure">Why.</param>
    /// <param name="message">Which record, and why.</param>
    public ProduceFailedException(KafkaFailure failure, string message)
        : base(message) => Failure = failure;

    /// <summary>Why.</summary>
    public KafkaFailure Failure { get; }
}
