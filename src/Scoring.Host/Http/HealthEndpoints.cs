using System.Text.Json.Serialization;
using Scoring.Actors.Partitions;
using Scoring.Host.Composition;

namespace Scoring.Host.Http;

/// <summary>What an orchestrator asks: whether the node lives, whether it has started, and whether it can do its work.</summary>
/// <param name="engine">Whether it has started.</param>
/// <param name="life">Whether it can go on.</param>
/// <param name="pulse">Whether what it is made of turns.</param>
/// <param name="health">Whether it can do its work.</param>
internal sealed class HealthEndpoints(IShardEngine engine, NodeLife life, NodePulse pulse, NodeHealth health)
{
    internal void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/health/live", () => Answer(life.Completion.IsFaulted ? ["the node can't go on"] : pulse.WhyNotAlive()))
            .WithName("GetLiveness").WithSummary("Whether the process should go on living")
            .Produces<HealthDocument>().ProducesProblem(StatusCodes.Status503ServiceUnavailable);
        routes.MapGet("/health/startup", () => Answer(engine.Joined.IsCompletedSuccessfully ? [] : ["the node has not joined the cluster yet"]))
            .WithName("GetStartup").WithSummary("Whether the node has started")
            .Produces<HealthDocument>().ProducesProblem(StatusCodes.Status503ServiceUnavailable);
        routes.MapGet("/health/ready", () => Answer(health.WhyNotReady(), health.Notices()))
            .WithName("GetReadiness").WithSummary("Whether the node can take partitions, and if not why")
            .Produces<HealthDocument>().ProducesProblem(StatusCodes.Status503ServiceUnavailable);
    }

    private static IResult Answer(IReadOnlyList<string> reasons, params IReadOnlyList<string> notices) => reasons.Count == 0
        ? TypedResults.Ok(new HealthDocument("ok", notices.Count == 0 ? null : notices))
        : Problems.Unavailable(string.Join("; ", [.. reasons, .. notices]));
}

/// <summary>A healthy answer.</summary>
/// <param name="Status">ok.</param>
/// <param name="Notices">What was lost since the node started, in words; absent if nothing was.</param>
internal sealed record HealthDocument(string Status, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyList<string>? Notices = null);
