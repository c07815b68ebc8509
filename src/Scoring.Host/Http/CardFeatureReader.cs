using System.Text;
using Scoring.Actors.Pipeline;
using Scoring.Actors.State;
using Scoring.Kafka;
using Scoring.Models.Features;
using Scoring.Models.Wire;

namespace Scoring.Host.Http;

/// <summary>A card's features from the shards of its users, whichever nodes own them.</summary>
/// <param name="engine">The shards of this node.</param>
/// <param name="peers">Those of the others.</param>
/// <param name="set">Names the features.</param>
/// <param name="time">Times the answers.</param>
internal sealed class CardFeatureReader(IShardEngine engine, PeerShards peers, FeatureSet set, TimeProvider time)
{
    private const int Attempts = 2;

    // A shard that waits for room in the producer's queue answers nothing.
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(1);

    /// <summary>Reads a card's features in the hands of some users.</summary>
    /// <param name="cardId">The card.</param>
    /// <param name="userIds">The users.</param>
    /// <param name="partitions">Partitions of the input log.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>The entries, and what is missing of them: the shards that did not answer and why.</returns>
    internal async Task<(IReadOnlyList<CardFeaturesEntry> Entries, IReadOnlyList<string> Problems)> ReadAsync(
        string cardId, IReadOnlyList<string> userIds, int partitions, CancellationToken cancellation)
    {
        var shards = userIds.GroupBy(user => Murmur2.Partition(Encoding.UTF8.GetBytes(user), partitions));
        var answers = await Task.WhenAll(shards.Select(shard => ReadShardAsync(shard.Key, new CardQuestion(cardId, [.. shard]), cancellation)));
        return ([.. answers.SelectMany(a => a.Entries).OrderBy(e => e.UserId, StringComparer.Ordinal)], [.. answers.Select(a => a.Problem).OfType<string>()]);
    }

    /// <summary>Reads from a shard of this node.</summary>
    /// <param name="partition">The shard.</param>
    /// <param name="question">The question.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>Null if this node does not own the shard.</returns>
    internal async Task<(IReadOnlyList<CardFeaturesEntry> Entries, string? Problem)?> ReadLocalAsync(int partition, CardQuestion question, CancellationToken cancellation)
    {
        if (!engine.TryReadCard(partition, question.CardId, question.UserIds, out var answer))
            return null;
        if (await AnswerAsync(answer, cancellation) is not { } found)
            return ([], $"shard {partition} is recovering on node {engine.Owner.NodeId}, leaving it, or has too much to do to answer");
        return ([.. found.Select(f => new CardFeaturesEntry(f.UserId, partition, EventTime.Format(f.AsOfMicros), Named(f.Features)))], null);
    }

    /// <summary>A shard's answer, if it comes in time.</summary>
    /// <typeparam name="T">What it is.</typeparam>
    /// <param name="answer">The answer to come.</param>
    /// <param name="cancellation">Gives up.</param>
    internal async Task<T?> AnswerAsync<T>(Task<T> answer, CancellationToken cancellation)
        where T : class?
    {
        try
        {
            return await answer.WaitAsync(AnswerTimeout, time, cancellation);
        }
        catch (TimeoutException)
        {
            return null;
        }
    }

    private async Task<(IReadOnlyList<CardFeaturesEntry> Entries, string? Problem)> ReadShardAsync(int partition, CardQuestion question, CancellationToken cancellation)
    {
        var problem = "";
        for (var attempt = 0; attempt < Attempts; attempt++)
        {
            // The shard may have moved between the list and the question: then the list is read anew.
            if (await ReadLocalAsync(partition, question, cancellation) is { } local)
                return local;
            var owner = (await peers.RowsAsync(cancellation)).FirstOrDefault(r => r.Report.Partition == partition)?.Owner;
            if (owner is null)
                return ([], $"shard {partition} has no owner yet");
            var (entries, why) = await AskAsync(partition, owner, question, cancellation);
            if (why is null)
                return (entries, null);
            problem = why;
            peers.Forget();
        }

        return ([], problem);
    }

    private async Task<(IReadOnlyList<CardFeaturesEntry> Entries, string? Problem)> AskAsync(int partition, ShardOwner owner, CardQuestion question, CancellationToken cancellation)
    {
        if (owner.NodeId == engine.Owner.NodeId)
            return ([], $"shard {partition} is leaving node {owner.NodeId}, or is not there yet");
        if (owner.Address is null)
            return ([], $"shard {partition} is owned by node {owner.NodeId}, which does not say where it is reached (Http:AdvertisedUrl)");
        var (entries, why) = await peers.AskAsync(partition, owner.Address, question, cancellation);
        return (entries, why is null ? null : $"shard {partition} is owned by node {owner.NodeId} at {owner.Address}: {why}");
    }

    private Dictionary<string, double?> Named(double[] features)
    {
        var named = new Dictionary<string, double?>();
        for (var i = 0; i < features.Length; i++)
            named[set.FeatureNames[i]] = double.IsNaN(features[i]) ? null : features[i];
        return named;
    }
}
