using Confluent.Kafka;
using Scoring.Actors.Log;
using Scoring.Kafka;
using Scoring.Models.Wire;

namespace Scoring.Actors.Relay;

/// <summary>What a relay works with.</summary>
/// <param name="Options">What it relays, and its bounds.</param>
/// <param name="Group">Which brokers to read from, and the scorers' group.</param>
/// <param name="StartsAtOldest">Whether a new group starts at the oldest record.</param>
/// <param name="Topics">The topics, prefix included.</param>
/// <param name="Limits">What a record may be at most.</param>
internal sealed record RelaySettings(RelayOptions Options, GroupOptions Group, bool StartsAtOldest, Topics Topics, DecodeLimits Limits)
{
    /// <summary>What the records of a topic are.</summary>
    internal RecordKind KindOf(string topic) =>
        topic == Topics.Labels ? RecordKind.Label
        : topic == Topics.Interactions ? RecordKind.Interaction
        : RecordKind.Transaction;

    /// <summary>The group whose committed offsets say how far the relay is.</summary>
    internal string GroupId => GroupOf(Group);

    /// <summary>The name of that group.</summary>
    internal static string GroupOf(GroupOptions group) => $"{group.GroupId}-relay";

    /// <summary>What a person is told of a partition that is not in the log where the group stands.</summary>
    internal string WhyStanding(TopicPartition origin, long offset, LogGap? gap) =>
        $"{gap?.ToString() ?? $"offset {offset} of {origin.Topic}[{origin.Partition.Value}] is not in the log"}. Set the offset of group {GroupId} to where to go on, and start the node again";

    /// <summary>The topics to read.</summary>
    internal IEnumerable<string> Origins => [Topics.Labels, Topics.Interactions, .. Options.TransactionTopics];
}
