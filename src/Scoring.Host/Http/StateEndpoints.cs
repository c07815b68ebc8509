using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.Options;
using Scoring.Actors.Ledger;
using Scoring.Actors.Partitions;
using Scoring.Actors.Pipeline;
using Scoring.Actors.Source;
using Scoring.Actors.State;
using Scoring.Host.Composition;
using Scoring.Models.Wire;

namespace Scoring.Host.Http;

/// <summary>The state behind the scores: a card's features, and the shards, of whichever node.</summary>
/// <param name="engine">The shards of this node.</param>
/// <param name="peers">Those of the others.</param>
/// <param name="features">Reads a card's features.</param>
/// <param name="ledger">The scores, by which a card's users are known.</param>
/// <param name="projection">How far the ledger is.</param>
/// <param name="health">What is wrong with the node.</param>
/// <param name="options">How often nodes report their shards.</param>
/// <param name="time">The clock.</param>
internal sealed class StateEndpoints(
    IShardEngine engine,
    PeerShards peers,
    CardFeatureReader features,
    IScoreLedger ledger,
    LedgerProjection projection,
    NodeHealth health,
    IOptions<StateOptions> options,
    TimeProvider time)
{
    private const int MaxUsersOfCard = 100;
    private const int ReportsMissed = 5;

    private static readonly TimeSpan OwnersTimeout = TimeSpan.FromSeconds(1);

    internal void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/v1/cards/{cardId}/features", (string cardId, HttpRequest request, CancellationToken aborted) => CardFeaturesAsync(PathText.Of(request, cardId, 2), aborted))
            .WithName("GetCardFeatures").WithSummary("A card's features as of its newest event, one entry for each user")
            .Produces<CardFeaturesDocument>().ProducesProblem(StatusCodes.Status404NotFound).ProducesProblem(StatusCodes.Status503ServiceUnavailable);
        routes.MapGet("/v1/shards", (CancellationToken aborted) => ShardsAsync(aborted))
            .WithName("GetShards").WithSummary("The shards: owner, offsets, watermark and what they hold")
            .Produces<ShardsDocument>();
        routes.MapPost(PeerShards.Route, (int partition, [FromBody] CardQuestion question, CancellationToken aborted) => ShardFeaturesAsync(partition, question, aborted))
            .ExcludeFromDescription();
    }

    private async Task<IResult> CardFeaturesAsync(string cardId, CancellationToken aborted)
    {
        if (engine.InputPartitions is not { } partitions)
            return Problems.Unavailable("the node has not begun yet");
        var users = await ledger.UsersOfCardAsync(cardId, MaxUsersOfCard, aborted);
        // A card that never came with a user is its own, which needs no ledger to tell.
        if (users.Count == 0)
            users = [cardId];
        var (entries, problems) = await features.ReadAsync(cardId, users, partitions, aborted);
        if (problems.Count > 0)
            return Problems.Unavailable(string.Join("; ", problems));
        if (entries.Count == 0)
            return Problems.NotFound($"No card '{cardId}' is known: none of its transactions was scored, or its events have left every window. A user's card is known within about a second of its first score.");
        return TypedResults.Ok(new CardFeaturesDocument(cardId, entries));
    }

    // Another node's question about a shard of this one. It is answered here or not at all.
    private async Task<IResult> ShardFeaturesAsync(int partition, CardQuestion question, CancellationToken aborted)
    {
        if (await features.ReadLocalAsync(partition, question, aborted) is not { } answer)
            return Problems.NotFound($"Shard {partition} is not on this node.");
        return answer.Problem is { } problem ? Problems.Unavailable(problem) : TypedResults.Ok(new CardFeaturesDocument(question.CardId, answer.Entries));
    }

    private async Task<IResult> ShardsAsync(CancellationToken aborted)
    {
        var rows = (await KnownAsync(aborted)).ToDictionary(r => r.Report.Partition);
        var shards = engine.Shards().ToDictionary(s => s.Partition);
        var partitions = engine.Partitions().ToDictionary(p => p.Partition);
        var members = engine is ClusterShardEngine { Region: { } region } ? await MembersAsync(region) : new Dictionary<int, Akka.Actor.Address>();
        var all = Enumerable.Range(0, engine.InputPartitions ?? 0).Union(rows.Keys).Union(shards.Keys).Order();
        var documents = new List<ShardDocument>();
        foreach (var partition in all)
        {
            var row = rows.GetValueOrDefault(partition);
            documents.Add(shards.TryGetValue(partition, out var shard)
                ? await LiveAsync(shard, partitions.GetValueOrDefault(partition), row, aborted)
                : members.TryGetValue(partition, out var member) ? new ShardDocument(partition, member.ToString(), null, null, "elsewhere")
                : Stored(partition, row));
        }

        return TypedResults.Ok(new ShardsDocument(documents, Ledger(), [.. health.WhyNotReady(), .. health.Notices()]));
    }

    private LedgerDocument Ledger()
    {
        var partitions = projection.Partitions();
        return new LedgerDocument(projection.Progress.Lost, [.. partitions.Select(p => new LedgerPartitionDocument(p.Partition, p.NextOffset, p.EndOffset, p.Lag, p.Lost))]);
    }

    // This node's own shards are told though the store is away.
    private async Task<IReadOnlyList<ShardRow>> KnownAsync(CancellationToken aborted)
    {
        // Among the members of a cluster nobody reports to the store.
        if (engine is ClusterShardEngine)
            return [];
        try
        {
            return await peers.RowsAsync(aborted);
        }
        catch (SnapshotStoreUnavailableException)
        {
            return [];
        }
    }

    private static async Task<IReadOnlyDictionary<int, Akka.Actor.Address>> MembersAsync(PartitionRegion region)
    {
        try
        {
            return await region.OwnersAsync(OwnersTimeout);
        }
        catch (Akka.Actor.AskTimeoutException)
        {
            // There is no coordinator at the moment, so nobody knows.
            return new Dictionary<int, Akka.Actor.Address>();
        }
    }

    private async Task<ShardDocument> LiveAsync(ShardState shard, PartitionState? partition, ShardRow? row, CancellationToken aborted)
    {
        var entities = engine.TryReadStatistics(shard.Partition, out var statistics) ? await features.AnswerAsync(statistics, aborted) ?? [] : [];
        var progress = shard.Progress;
        return new ShardDocument(shard.Partition, engine.Owner.NodeId, engine.Owner.Address, progress.Epoch, progress.InWords(partition))
        {
            FinishedOffset = progress.CommittableOffset,
            CommittedOffset = partition?.CommittedOffset,
            EndOffset = partition?.EndOffset,
            Lag = partition?.Lag,
            Waiting = progress.Waiting,
            Watermark = Time(progress.WatermarkMicros),
            CheckpointOffset = progress.CheckpointOffset,
            CheckpointAgeSeconds = progress.CheckpointAt is { } at ? time.GetElapsedTime(at).TotalSeconds : row?.CheckpointAge?.TotalSeconds,
            EntitiesInMemory = progress.Entities,
            EntityBytes = progress.EntityBytes,
            StoredEntities = row?.StoredEntities,
            StoredBytes = row?.StoredBytes,
            Entities = [.. entities.Select(e => new EntitiesDocument(e.Name, e.Entities, e.Events, e.Bytes))],
        };
    }

    private ShardDocument Stored(int partition, ShardRow? row)
    {
        if (row is null)
            return new ShardDocument(partition, null, null, null, "unowned");
        var report = row.Report;
        var isHeard = row.ReportAge < ReportsMissed * options.Value.ReportInterval;
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
