using Scoring.Actors.Entities;
using Scoring.Actors.Pipeline;
using Scoring.Actors.Source;
using Scoring.Models.Wire;

namespace Scoring.Host.Http;

/// <summary>The state behind the scores: a card's features, and the shards.</summary>
internal static class StateEndpoints
{
    private const int MaxUsersOfCard = 100;

    // A shard that waits for room in the producer's queue answers nothing.
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(1);

    internal static void Map(IEndpointRouteBuilder routes, ScoringNode node)
    {
        routes.MapGet("/v1/cards/{cardId}/features", (string cardId, HttpRequest request, CancellationToken aborted) => CardFeaturesAsync(node, PathText.Of(request, cardId, 2), aborted))
            .WithName("GetCardFeatures").WithSummary("A card's features as of its newest event, one entry for each user")
            .Produces<CardFeaturesDocument>().ProducesProblem(StatusCodes.Status404NotFound).ProducesProblem(StatusCodes.Status503ServiceUnavailable);
        routes.MapGet("/v1/shards", (CancellationToken aborted) => ShardsAsync(node, aborted))
            .WithName("GetShards").WithSummary("The shards: owner, offsets, watermark and what they hold")
            .Produces<ShardsDocument>();
    }

    private static async Task<IResult> CardFeaturesAsync(ScoringNode node, string cardId, CancellationToken aborted)
    {
        var users = await node.Ledger.UsersOfCardAsync(cardId, MaxUsersOfCard, aborted);
        var entries = new List<CardFeaturesEntry>();
        foreach (var shard in users.Count == 0 ? [] : node.Shards)
        {
            var query = new CardQuery(cardId, users);
            shard.Ask(query);
            if (await AnswerAsync(node, query.Result, aborted) is not { } answer || query.IsRefused)
                return Problems.Unavailable($"partition {shard.Partition} is leaving this node, or has too much to do to answer");
            foreach (var found in answer)
                entries.Add(new CardFeaturesEntry(found.UserId, shard.Partition, EventTime.Format(found.AsOfMicros), Named(node, found.Features)));
        }

        if (entries.Count == 0)
            return Problems.NotFound($"No card '{cardId}' is known: none of its transactions was scored, or its events have left every window.");
        return TypedResults.Ok(new CardFeaturesDocument(cardId, [.. entries.OrderBy(e => e.UserId, StringComparer.Ordinal)]));
    }

    private static async Task<IReadOnlyList<T>?> AnswerAsync<T>(ScoringNode node, Task<IReadOnlyList<T>> answer, CancellationToken aborted)
    {
        try
        {
            return await answer.WaitAsync(AnswerTimeout, node.Time, aborted);
        }
        catch (TimeoutException)
        {
            return null;
        }
    }

    private static Dictionary<string, double?> Named(ScoringNode node, double[] features)
    {
        var named = new Dictionary<string, double?>();
        for (var i = 0; i < features.Length; i++)
            named[node.Features.FeatureNames[i]] = double.IsNaN(features[i]) ? null : features[i];
        return named;
    }

    private static async Task<IResult> ShardsAsync(ScoringNode node, CancellationToken aborted)
    {
        var shards = node.Shards.ToDictionary(s => s.Partition);
        var documents = new List<ShardDocument>();
        foreach (var partition in node.Partitions())
        {
            if (shards.TryGetValue(partition.Partition, out var shard))
                documents.Add(await DescribeAsync(node, partition, shard, aborted));
        }

        return TypedResults.Ok(new ShardsDocument(documents));
    }

    private static async Task<ShardDocument> DescribeAsync(ScoringNode node, PartitionState partition, ShardActor shard, CancellationToken aborted)
    {
        var query = new StatisticsQuery();
        shard.Ask(query);
        var entities = await AnswerAsync(node, query.Result, aborted) ?? [];
        return new ShardDocument(
            partition.Partition,
            node.Options.NodeId,
            partition.Down ?? (partition.Paused ? "paused" : "live"),
            shard.Progress.CommittableOffset,
            partition.CommittedOffset,
            partition.EndOffset,
            partition.Lag,
            shard.Progress.Waiting,
            shard.Progress.WatermarkMicros is { } watermark ? EventTime.Format(watermark) : null,
            [.. entities.Select(e => new EntitiesDocument(e.Name, e.Entities, e.Events, e.Bytes))]);
    }
}
