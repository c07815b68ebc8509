using Scoring.Actors.Ledger;
using Scoring.Actors.Pipeline;
using Scoring.Actors.Source;

namespace Scoring.Host;

/// <summary>
/// Whether a node does its work, and if not why, in words: what an orchestrator's probe and the list of shards tell. Any thread may
/// ask; nothing waits.
/// </summary>
/// <param name="hasJoined">Whether the group has given the node its share.</param>
/// <param name="hasEnded">Whether the node has left its group.</param>
/// <param name="partitions">The node's partitions, as the source sees them.</param>
/// <param name="shards">Its shards.</param>
/// <param name="store">Its calls of the snapshot store.</param>
/// <param name="ledger">What went wrong with the ledger.</param>
/// <param name="more">What else keeps the node from its work.</param>
internal sealed class NodeHealth(
    Func<bool> hasJoined,
    Func<bool> hasEnded,
    Func<IReadOnlyList<PartitionState>> partitions,
    ShardSet shards,
    StoreRetries store,
    LedgerProgress ledger,
    params IReadOnlyList<Func<IEnumerable<string>>> more)
{
    /// <summary>Why the node does not take transactions, or does not do with them all that it should; empty while it does.</summary>
    internal IReadOnlyList<string> WhyNotReady()
    {
        List<string> reasons = [];
        if (store.Away is { } away)
            reasons.Add($"the snapshot store is away, and shards wait for it: {away}");
        if (hasEnded())
            reasons.Add("the node has left its group");
        else if (!hasJoined())
            reasons.Add("the node has not joined its group yet");
        var states = partitions().ToDictionary(p => p.Partition);
        reasons.AddRange(states.Values.Where(p => p.Down is not null).Select(p => $"partition {p.Partition} is down ({p.Down})"));
        reasons.AddRange(shards.Shards
            .Where(s => s.Progress.Phase != ShardPhase.Live && states.GetValueOrDefault(s.Partition)?.Down is null)
            .OrderBy(s => s.Partition)
            .Select(s => s.Progress.Down is { } why ? $"partition {s.Partition} is down ({why})" : $"partition {s.Partition} is not live yet ({s.Phase(states.GetValueOrDefault(s.Partition))})"));
        reasons.AddRange(ledger.Problems);
        reasons.AddRange(more.SelectMany(m => m()));
        return reasons;
    }

    /// <summary>Why the ledger may lack a score that was made, in words; empty if it lacks none.</summary>
    internal IEnumerable<string> LedgerTroubles() => [.. ledger.Problems, .. Notices()];

    /// <summary>What was lost since the node started, and nothing brings back.</summary>
    internal IReadOnlyList<string> Notices() => ledger.Lost is > 0 and var lost
        ? [FormattableString.Invariant($"the ledger lacks {lost:N0} scores that left the topic before it could read them")]
        : [];
}
