using Scoring.Actors.Ledger;
using Scoring.Actors.Messages;
using Scoring.Actors.Partitions;
using Scoring.Host.Composition;
using Scoring.Models.Wire;

namespace Scoring.Host.Http;

/// <summary>The state behind the scores: a card's features, and the shards, of whichever node.</summary>
/// <param name="engine">Finds the shards.</param>
/// <param name="features">Reads a card's features.</param>
/// <param name="ledger">The scores, by which a card's users are known.</param>
/// <param name="filling">How far the ledger is.</param>
/// <param name="health">What is wrong with the node.</param>
internal sealed class StateEndpoints(
    IShardEngine engine,
    CardFeatureReader features,
    IScoreLedger ledger,
    ILedgerStatus filling,
    NodeHealth health)
{
    private const int MaxUsersOfCard = 100;

    internal void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/v1/cards/{cardId}/features", (string cardId, HttpRequest request, CancellationToken aborted) => CardFeaturesAsync(PathText.Of(request, cardId, 2), aborted))
            .WithName("GetCardFeatures").WithSummary("A card's features as of its newest event, one entry for each user")
            .Produces<CardFeaturesDocument>().ProducesProblem(StatusCodes.Status404NotFound).ProducesProblem(StatusCodes.Status503ServiceUnavailable);
        routes.MapGet("/v1/shards", () => ShardsAsync())
            .WithName("GetShards").WithSummary("The shards: owner, offsets, watermark and what they hold")
            .Produces<ShardsDocument>();
    }

    private async Task<IResult> CardFeaturesAsync(string cardId, CancellationToken aborted)
    {
        if (engine.InputPartitions is not { } partitions)
            return Problems.Unavailable("the node has not begun yet");
        var users = await ledger.UsersOfCardAsync(cardId, MaxUsersOfCard, aborted);
        // A card that never came with a user is its own, which needs no ledger to tell.
        if (users.Count == 0)
            users = [cardId];
        var (entries, problems) = await features.ReadAsync(cardId, users, partitions);
        if (problems.Count > 0)
            return Problems.Unavailable(string.Join("; ", problems));
        if (entries.Count == 0)
            return Problems.NotFound($"No card '{cardId}' is known: none of its transactions was scored, or its events have left every window. A user's card is known within about a second of its first score.");
        return TypedResults.Ok(new CardFeaturesDocument(cardId, entries));
    }

    private async Task<IResult> ShardsAsync()
    {
        // All at once: of one that moves the answer takes its whole time.
        var documents = await Task.WhenAll(Enumerable.Range(0, engine.InputPartitions ?? 0).Select(ShardAsync));
        return TypedResults.Ok(new ShardsDocument(documents, Ledger(), [.. health.WhyNotReady(), .. health.PartitionTroubles(), .. health.Notices()]));
    }

    private async Task<ShardDocument> ShardAsync(int partition)
    {
        if (await engine.DescribeAsync(partition) is not { } shard)
            return new ShardDocument(partition, null, null, null, "unowned");
        var lag = shard.EndOffset is { } end && shard.CommittedOffset is { } committed ? Math.Max(0, end - committed) : (long?)null;
        return new ShardDocument(partition, shard.Node, shard.Address.Length > 0 ? new Uri(shard.Address) : null, shard.Fence, shard.State)
        {
            CommittedOffset = shard.CommittedOffset,
            EndOffset = shard.EndOffset,
            Lag = lag,
            Watermark = Time(shard.WatermarkMicros),
            CheckpointOffset = shard.CheckpointOffset,
            CheckpointAgeSeconds = shard.CheckpointAgeMicros / (double)EventTime.MicrosPerSecond,
            EntitiesInMemory = shard.Entities,
            EntityBytes = shard.EntityBytes,
            EventsInMemory = shard.Events,
        };
    }

    private LedgerDocument Ledger()
    {
        var partitions = filling.Partitions();
        return new LedgerDocument(filling.Progress.Lost, [.. partitions.Select(p => new LedgerPartitionDocument(p.Partition, p.NextOffset, p.EndOffset, p.Lag, p.Lost))]);
    }

    private static string? Time(long? micros) => micros is { } value ? EventTime.Format(value) : null;
}
