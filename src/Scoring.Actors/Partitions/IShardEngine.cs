using System.Diagnostics.CodeAnalysis;
using Scoring.Actors.Entities;
using Scoring.Actors.Messages;
using Scoring.Actors.Source;
using Scoring.Actors.State;
using Scoring.Models.Features;

namespace Scoring.Actors.Partitions;

/// <summary>A shard of this node.</summary>
/// <param name="Partition">Its partition of the input log.</param>
/// <param name="Progress">How far it has come; it goes on changing.</param>
public sealed record ShardState(int Partition, ShardProgress Progress);

/// <summary>
/// Owns this node's share of the input log: takes its partitions over, reads, scores, commits and gives them back. All that the rest of
/// the node knows of partitions and shards it knows by this. Any thread may ask; only starting, stopping and the answers to come wait.
/// </summary>
public interface IShardEngine
{
    /// <summary>This node, as the store names the owner of its shards.</summary>
    ShardOwner Owner { get; }

    /// <summary>Partitions of the input log; null until the engine has started.</summary>
    int? InputPartitions { get; }

    /// <summary>Ends when this node has been given its share of the partitions for the first time; faulted if it never will.</summary>
    Task Joined { get; }

    /// <summary>Ends when the engine has given all partitions back; faulted if it or a shard could not go on.</summary>
    Task Completion { get; }

    /// <summary>What the snapshot store said when it last did not do what it was asked; null while it does.</summary>
    string? StoreAway { get; }

    /// <summary>Waits for the input log, then takes part in owning its partitions.</summary>
    /// <param name="address">Where other nodes reach this one; null if they can't.</param>
    /// <param name="cancellation">Ends the waiting.</param>
    Task StartAsync(Uri? address, CancellationToken cancellation);

    /// <summary>Finishes what has begun, commits it and gives the partitions back, once and within a bound.</summary>
    Task StopAsync();

    /// <summary>Reads nothing more: the log is not what the state is made of.</summary>
    /// <param name="code">Why, as a code.</param>
    void Halt(string code);

    /// <summary>The partitions of this node.</summary>
    IReadOnlyList<PartitionState> Partitions();

    /// <summary>The shards of this node.</summary>
    IReadOnlyList<ShardState> Shards();

    /// <summary>Reads a card's features in the hands of some users from a shard.</summary>
    /// <param name="partition">The shard.</param>
    /// <param name="cardId">The card.</param>
    /// <param name="userIds">The users.</param>
    /// <param name="features">The entries of the users that the shard knows; null if it does not look because it is not live or has too much to do.</param>
    /// <returns>False if the shard is not on this node.</returns>
    bool TryReadCard(int partition, string cardId, IReadOnlyList<string> userIds, [NotNullWhen(true)] out Task<IReadOnlyList<CardFeatures>?>? features);

    /// <summary>Asks a shard how far it is, wherever it is.</summary>
    /// <param name="partition">The shard.</param>
    /// <returns>How far; null if no node has it, or it did not answer in time.</returns>
    Task<ShardRead?> DescribeAsync(int partition);

    /// <summary>Reads what a shard holds of each kind of entity.</summary>
    /// <param name="partition">The shard.</param>
    /// <param name="statistics">An entry for each kind; none if the shard does not look.</param>
    /// <returns>False if the shard is not on this node.</returns>
    bool TryReadStatistics(int partition, [NotNullWhen(true)] out Task<IReadOnlyList<EntityStatistics>>? statistics);
}
