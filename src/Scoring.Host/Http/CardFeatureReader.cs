using System.Text;
using Scoring.Actors.Entities;
using Scoring.Actors.Partitions;
using Scoring.Kafka;
using Scoring.Models.Features;
using Scoring.Models.Wire;

namespace Scoring.Host.Http;

/// <summary>A card's features from the shards of its users, whichever nodes own them.</summary>
/// <param name="engine">Finds the shards.</param>
/// <param name="set">Names the features.</param>
internal sealed class CardFeatureReader(IShardEngine engine, FeatureSet set)
{
    /// <summary>Reads a card's features in the hands of some users.</summary>
    /// <param name="cardId">The card.</param>
    /// <param name="userIds">The users.</param>
    /// <param name="partitions">Partitions of the input log.</param>
    /// <returns>The entries, and what is missing of them: the shards that did not answer.</returns>
    internal async Task<(IReadOnlyList<CardFeaturesEntry> Entries, IReadOnlyList<string> Problems)> ReadAsync(string cardId, IReadOnlyList<string> userIds, int partitions)
    {
        var shards = userIds.GroupBy(user => Murmur2.Partition(Encoding.UTF8.GetBytes(user), partitions));
        var answers = await Task.WhenAll(shards.Select(shard => ReadShardAsync(shard.Key, cardId, [.. shard])));
        return ([.. answers.SelectMany(a => a.Entries).OrderBy(e => e.UserId, StringComparer.Ordinal)], [.. answers.Select(a => a.Problem).OfType<string>()]);
    }

    private async Task<(IReadOnlyList<CardFeaturesEntry> Entries, string? Problem)> ReadShardAsync(int partition, string cardId, IReadOnlyList<string> userIds)
    {
        var found = engine.TryReadCard(partition, cardId, userIds, out var answer) ? await answer : null;
        return found is null
            ? ([], $"shard {partition} is recovering, moves to another node, or has too much to do to answer")
            : ([.. found.Select(f => Entry(partition, f))], null);
    }

    private CardFeaturesEntry Entry(int partition, CardFeatures features)
    {
        var named = new Dictionary<string, double?>();
        for (var i = 0; i < features.Features.Length; i++)
            named[set.FeatureNames[i]] = double.IsNaN(features.Features[i]) ? null : features.Features[i];
        return new CardFeaturesEntry(features.UserId, partition, EventTime.Format(features.AsOfMicros), named);
    }
}
