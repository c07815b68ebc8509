using Scoring.Kafka.Clients;

namespace Scoring.Kafka.Consumers;

/// <summary>How a node's consumer is now.</summary>
/// <param name="Brokers">Whether the brokers answer.</param>
/// <param name="Partitions">Partitions that are read.</param>
/// <param name="Paused">Partitions of them that are paused because their buffer is full.</param>
/// <param name="BufferedBytes">Bytes that wait in the buffers.</param>
/// <param name="BufferedRecords">Records that wait in the buffers.</param>
/// <param name="Lookups">Look-ups that wait for an answer.</param>
/// <param name="CommitTrouble">Why the last commit failed; null if it did not.</param>
/// <param name="Turns">How often the poll loop has turned: while it rises, the loop lives.</param>
public sealed record ConsumerState(
    BrokerState Brokers, int Partitions, int Paused, long BufferedBytes, long BufferedRecords, int Lookups, string? CommitTrouble, long Turns);

/// <summary>How one partition's assignment is now.</summary>
/// <param name="Epoch">Its number.</param>
/// <param name="Position">The offset that is read next; batches up to there may still wait.</param>
/// <param name="Committed">The offset that the group has acknowledged; null before the first.</param>
/// <param name="BufferedBytes">Bytes that wait.</param>
/// <param name="BufferedRecords">Records that wait.</param>
/// <param name="OpenBatches">Batches that were handed out and hold back what may be committed.</param>
/// <param name="IsPaused">Whether it is paused because its buffer is full.</param>
/// <param name="Trouble">Why it can't be read now; null while it can.</param>
public sealed record PartitionState(
    long Epoch, long Position, long? Committed, long BufferedBytes, long BufferedRecords, int OpenBatches, bool IsPaused, string? Trouble);
