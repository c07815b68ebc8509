using System.Globalization;
using Akka.Cluster.Sharding;
using Scoring.Actors.Messages;

namespace Scoring.Actors.Partitions;

/// <summary>Finds the partition of a message: shard and entity are one, and go by the partition's number.</summary>
/// <param name="partitions">How many there are. A message to another one goes nowhere: it would make an entity that nothing ends.</param>
public sealed class PartitionExtractor(int partitions) : IMessageExtractor
{
    /// <inheritdoc/>
    public string? EntityId(object message) => message is PartitionEnvelope envelope && envelope.Partition >= 0 && envelope.Partition < partitions ? Name(envelope.Partition) : null;

    /// <inheritdoc/>
    public object? EntityMessage(object message) => (message as PartitionEnvelope)?.Message;

    /// <inheritdoc/>
    public string? ShardId(object message) => EntityId(message);

    /// <inheritdoc/>
    public string ShardId(string entityId, object? messageHint = null) => entityId;

    /// <summary>The id of a partition's shard and entity.</summary>
    /// <param name="partition">The partition.</param>
    public static string Name(int partition) => partition.ToString(CultureInfo.InvariantCulture);

    /// <summary>The partition of an id.</summary>
    /// <param name="id">A shard's or an entity's.</param>
    public static int Partition(string id) => int.Parse(id, NumberStyles.None, CultureInfo.InvariantCulture);
}
