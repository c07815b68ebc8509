using System.Text.Json.Serialization;

namespace Scoring.Host.Http;

/// <summary>What an orchestrator asks: whether the node lives, whether it has started, and whether it can do its work.</summary>
internal static class HealthEndpoints
{
    internal static void Map(IEndpointRouteBuilder routes, ScoringNode node)
    {
        routes.MapGet("/health/live", () => Answer(node.Completion.IsFaulted ? ["the node can't go on"] : []))
            .WithName("GetLiveness").WithSummary("Whether the process should go on living")
            .Produces<HealthDocument>().ProducesProblem(StatusCodes.Status503ServiceUnavailable);
        routes.MapGet("/health/startup", () => Answer(node.Joined.IsCompletedSuccessfully ? [] : ["the node has not joined its group yet"]))
            .WithName("GetStartup").WithSummary("Whether the node has started")
            .Produces<HealthDocument>().ProducesProblem(StatusCodes.Status503ServiceUnavailable);
        routes.MapGet("/health/ready", () => Answer(node.Health.WhyNotReady(), node.Health.Notices()))
            .WithName("GetReadiness").WithSummary("Whether the node takes transactions, and if not why")
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
