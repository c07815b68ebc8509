using Confluent.Kafka;

namespace Scoring.Kafka.Consumers;

/// <summary>The log does not hold the offset from which a partition has to be read.</summary>
public sealed class LogGapException : Exception
{
    /// <summary>Makes the exception.</summary>
    /// <param name="partition">The partition.</param>
    /// <param name="needed">The offset that is needed.</param>
    /// <param name="low">The offset of the oldest record.</param>
    /// <param name="high">The offset behind the newest.</param>
    public LogGapException(TopicPartition partition, long needed, long low, long high)
        : base($"offset {needed} of {partition} is needed, and the log holds {low} to {high}") => (Needed, Low, High) = (needed, low, high);

    /// <summary>The offset that is needed.</summary>
    public long Needed { get; }

    /// <summary>The offset of the oldest record.</summary>
    public long Low { get; }

    /// <summary>The offset behind the newest.</summary>
    public long High { get; }
}
