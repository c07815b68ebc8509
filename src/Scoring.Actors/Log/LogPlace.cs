using Scoring.Kafka;
using Scoring.Models.Wire;

namespace Scoring.Actors.Log;

/// <summary>
/// A partition of the input log among the others. A user's state lives in the partition where murmur2 puts the user: what
/// lies elsewhere would build a second history of the same user there, and neither would be right.
/// </summary>
/// <param name="Partition">The partition.</param>
/// <param name="Partitions">How many the log has.</param>
public sealed record LogPlace(int Partition, int Partitions)
{
    /// <summary>Whether a record may lie here.</summary>
    /// <param name="key">The record's key.</param>
    /// <returns>Null if it may.</returns>
    public Rejection? Check(ReadOnlySpan<byte> key)
    {
        var right = Murmur2.Partition(key, Partitions);
        return right == Partition
            ? null
            : new Rejection(
                RejectReason.KeyMismatch,
                $"the record is in partition {Partition} of {Partitions}, and murmur2 puts its key into partition {right}: its producer needs the partitioner of Java's clients (partitioner=murmur2_random for librdkafka)");
    }
}
