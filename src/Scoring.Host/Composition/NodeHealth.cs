using Scoring.Actors.Ledger;
using Scoring.Actors.Model;
using Scoring.Actors.Partitions;
using Scoring.Actors.Relay;
using Scoring.Kafka.Clients;
using Scoring.Kafka.Consumers;

namespace Scoring.Host.Composition;

/// <summary>
/// Whether a node does its work, and if not why, in words: what an orchestrator's probe and the list of shards tell. Any thread may
/// ask; nothing waits.
/// </summary>
/// <param name="engine">Its partitions, and whether it is a member of the cluster.</param>
/// <param name="consumer">Whether Kafka answers.</param>
/// <param name="filling">What fills the ledger.</param>
/// <param name="model">Its model.</param>
/// <param name="topics">The watch over its topics.</param>
/// <param name="relay">What keeps the relay from its work.</param>
internal sealed class NodeHealth(IShardEngine engine, NodeConsumer consumer, ILedgerStatus filling, ModelActor model, NodeTopicWatch topics, RelayProgress relay)
{
    /// <summary>
    /// Why the node could not take partitions, or does not do all that it should beside them; empty while it could and does. Which it has, and how
    /// those are, does not count: a node for which none is left is ready to take over.
    /// </summary>
    internal IReadOnlyList<string> WhyNotReady()
    {
        List<string> reasons = [];
        if (engine.StoreAway is { } away)
            reasons.Add($"the snapshot store is away, and partitions wait for it: {away}");
        if (engine.Completion.IsCompleted)
            reasons.Add("the node has left the cluster");
        else if (!engine.Joined.IsCompletedSuccessfully)
            reasons.Add("the node has not joined the cluster yet");
        if (consumer.State.Brokers is { Condition: not BrokerCondition.Reached } brokers)
            reasons.Add($"Kafka does not answer{(brokers.Reason is { } why ? $": {why}" : " yet")}");
        reasons.AddRange(filling.Progress.Problems);
        if (model.Failing is { } failing)
            reasons.Add($"the model fails whatever it is asked, and transactions wait for it: {failing}");
        reasons.AddRange(topics.Problems);
        reasons.AddRange(relay.Problems);
        return reasons;
    }

    /// <summary>Which of this node's partitions are not live, and why; empty if all are.</summary>
    internal IReadOnlyList<string> PartitionTroubles()
    {
        var states = engine.Partitions().ToDictionary(p => p.Partition);
        return
        [
            .. states.Values.Where(p => p.Down is not null).Select(p => $"partition {p.Partition} is down ({p.Down})"),
            .. engine.Shards()
                .Where(s => s.Progress.Phase != ShardPhase.Live && states.GetValueOrDefault(s.Partition)?.Down is null)
                .OrderBy(s => s.Partition)
                .Select(s => s.Progress.Down is { } why ? $"partition {s.Partition} is down ({why})" : $"partition {s.Partition} is not live yet ({s.Progress.InWords(states.GetValueOrDefault(s.Partition))})"),
        ];
    }

    /// <summary>Why the ledger may lack a score that was made, in words; empty if it lacks none.</summary>
    internal IEnumerable<string> LedgerTroubles() => [.. filling.Progress.Problems, .. Notices()];

    /// <summary>What was lost since the node started, and nothing brings back.</summary>
    internal IReadOnlyList<string> Notices() => filling.Progress.Lost is > 0 and var lost
        ? [FormattableString.Invariant($"the ledger lacks {lost:N0} scores that left the topic before it could read them")]
        : [];
}
