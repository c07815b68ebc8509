using Microsoft.AspNetCore.Mvc;
using Scoring.Actors.Entities;
using Scoring.Actors.Pipeline;
using Scoring.Actors.Source;
using Scoring.Actors.State;
using Scoring.Models.Wire;

namespace Scoring.Host.Http;

/// <summary>The state behind the scores: a card's features, and the shards, of whichever node.</summary>
internal static class StateEndpoints
{
    private const int MaxUsersOfCard = 100;
    private const int ReportsMissed = 5;

    internal static void Map(IEndpointRouteBuilder routes, ScoringNode node, PeerShards peers)
    {
        var features = new CardFeatureReader(node, peers);
        routes.MapGet("/v1/cards/{cardId}/features", (string cardId, HttpRequest request, CancellationToken aborted) => CardFeaturesAsync(node, features, PathText.Of(request, cardId, 2), aborted))
            .WithName("GetCardFeatures").WithSummary("A card's features as of its newest event, one entry for each user")
            .Produces<CardFeaturesDocument>().ProducesProblem(StatusCodes.Status404NotFound).ProducesProblem(StatusCodes.Status503ServiceUnavailable);
        routes.MapGet("/v1/shards", (CancellationToken aborted) => ShardsAsync(node, peers, aborted))
            .WithName("GetShards").WithSummary("The shards: owner, offsets, watermark and what they hold")
            .Produces<ShardsDocument>();
        routes.MapPost(PeerShards.Route, (int partition, [FromBody] CardQuestion question, CancellationToken aborted) => ShardFeaturesAsync(features, partition, question, aborted))
            .ExcludeFromDescription();
    }

    private static async Task<IResult> CardFeaturesAsync(ScoringNode node, CardFeatureReader features, string cardId, CancellationToken aborted)
    {
        if (node.InputPartitions is not { } partitions)
            return Problems.Unavailable("the node has not begun yet");
        var users = await node.Ledger.UsersOfCardAsync(cardId, MaxUsersOfCard, aborted);
        var (entries, problems) = await features.ReadAsync(cardId, users, partitions, aborted);
        if (problems.Count > 0)
            return Problems.Unavailable(string.Join("; ", problems));
        if (entries.Count == 0)
            return Problems.NotFound($"No card '{cardId}' is known: none of its transactions was scored, or its events have left every window.");
        return TypedResults.Ok(new CardFeaturesDocument(cardId, entries));
    }

    // Another node's question about a shard of this one. It is answered here or not at all.
    private static async Task<IResult> ShardFeaturesAsync(CardFeatureReader features, int partition, CardQuestion question, CancellationToken aborted)
    {
        if (await features.ReadLocalAsync(partition, question, aborted) is not { } answer)
            return Problems.NotFound($"Shard {partition} is not on this node.");
        return answer.Problem is { } problem ? Problems.Unavailable(problem) : TypedResults.Ok(new CardFeaturesDocument(question.CardId, answer.Entries));
    }

    private static async Task<IResult> ShardsAsync(ScoringNode node, PeerShards peers, CancellationToken aborted)
    {
        var rows = (await KnownAsync(peers, aborted)).ToDictionary(r => r.Report.Partition);
        var shards = node.Shards.ToDictionary(s => s.Partition);
        var partitions = node.Partitions().ToDictionary(p => p.Partition);
        var all = Enumerable.Range(0, node.InputPartitions ?? 0).Union(rows.Keys).Union(shards.Keys).Order();
        var documents = new List<ShardDocument>();
        foreach (var partition in all)
        {
            var row = rows.GetValueOrDefault(partition);
            documents.Add(shards.TryGetValue(partition, out var shard)
                ? await LiveAsync(node, shard, partitions.GetValueOrDefault(partition), row, aborted)
                : Stored(node, partition, row));
        }

        return TypedResults.Ok(new ShardsDocument(documents, Ledger(node), [.. node.Health.WhyNotReady(), .. node.Health.Notices()]));
    }

    private static LedgerDocument Ledger(ScoringNode node)
    {
        var partitions = node.LedgerPartitions();
        return new LedgerDocument(node.LostScores, [.. partitions.Select(p => new LedgerPartitionDocument(p.Partition, p.NextOffset, p.EndOffset, p.Lag, p.Lost))]);
    }

    // This node's own shards are told though the store is away.
    private static async Task<IReadOnlyList<ShardRow>> KnownAsync(PeerShards peers, CancellationToken aborted)
    {
        try
        {
            return await peers.RowsAsync(aborted);
        }
        catch (SnapshotStoreUnavailableException)
        {
            return [];
        }
    }

    private static async Task<ShardDocument> LiveAsync(ScoringNode node, ShardActor shard, PartitionState? partition, ShardRow? row, CancellationToken aborted)
    {
        var query = new StatisticsQuery();
        shard.Ask(query);
        var entities = await CardFeatureReader.AnswerAsync(node, query.Result, aborted) ?? [];
        var progress = shard.Progress;
        return new ShardDocument(shard.Partition, node.Options.NodeId, node.Address, progress.Epoch, shard.Phase(partition))
        {
            FinishedOffset = progress.CommittableOffset,
            CommittedOffset = partition?.CommittedOffset,
            EndOffset = partition?.EndOffset,
            Lag = partition?.Lag,
            Waiting = progress.Waiting,
            Watermark = Time(progress.WatermarkMicros),
            CheckpointOffset = progress.CheckpointOffset,
            CheckpointAgeSeconds = progress.CheckpointAt is { } at ? node.Time.GetElapsedTime(at).TotalSeconds : row?.CheckpointAge?.TotalSeconds,
            EntitiesInMemory = progress.Entities,
            EntityBytes = progress.EntityBytes,
            StoredEntities = row?.StoredEntities,
            StoredBytes = row?.StoredBytes,
            Entities = [.. entities.Select(e => new EntitiesDocument(e.Name, e.Entities, e.Events, e.Bytes))],
        };
    }

    private static ShardDocument Stored(ScoringNode node, int partition, ShardRow? row)
    {
        if (row is null)
            return new ShardDocument(partition, null, null, null, "unowned");
        var report = row.Report;
        var isHeard = row.ReportAge < ReportsMissed * node.Options.State.ReportInterval;
        return new ShardDocument(partition, row.Owner.NodeId, row.Owner.Address, report.Epoch, isHeard ? report.Phase : "unheard")
        {
            CommittedOffset = report.CommittedOffset,
            EndOffset = report.EndOffset,
            Lag = report.EndOffset - report.CommittedOffset,
            Watermark = Time(report.WatermarkMicros),
            CheckpointOffset = row.CheckpointOffset,
            CheckpointAgeSeconds = row.CheckpointAge?.TotalSeconds,
            ReportAgeSeconds = row.ReportAge?.TotalSeconds,
            EntitiesInMemory = report.Entities,
            EntityBytes = report.EntityBytes,
            StoredEntities = row.StoredEntities,
            StoredBytes = row.StoredBytes,
        };
    }

    private static string? Time(long? micros) => micros is { } value ? EventTime.Format(value) : null;
}
