namespace Scoring.Host.Http;

/// <summary>What an orchestrator asks: whether the node lives, whether it has started, and whether it can do its work.</summary>
internal static class HealthEndpoints
{
    internal static void Map(IEndpointRouteBuilder routes, ScoringNode node)
    {
        routes.MapGet("/health/live", () => Answer(!node.Completion.IsFaulted, "the node can't go on"))
            .WithName("GetLiveness").WithSummary("Whether the process should go on living")
            .Produces<HealthDocument>().ProducesProblem(StatusCodes.Status503ServiceUnavailable);
        routes.MapGet("/health/startup", () => Answer(node.Joined.IsCompletedSuccessfully, "the node has not joined its group yet"))
            .WithName("GetStartup").WithSummary("Whether the node has started")
            .Produces<HealthDocument>().ProducesProblem(StatusCodes.Status503ServiceUnavailable);
        routes.MapGet("/health/ready", () => Answer(node.IsReady, WhyNotReady(node)))
            .WithName("GetReadiness").WithSummary("Whether the node takes transactions")
            .Produces<HealthDocument>().ProducesProblem(StatusCodes.Status503ServiceUnavailable);
    }

    private static IResult Answer(bool healthy, string whyNot) =>
        healthy ? TypedResults.Ok(new HealthDocument("ok")) : Problems.Unavailable(whyNot);

    private static string WhyNotReady(ScoringNode node)
    {
        if (!node.Joined.IsCompletedSuccessfully)
            return "the node has not joined its group yet";
        if (node.Completion.IsCompleted)
            return "the node has left its group";
        var down = node.Partitions().Where(p => p.Down is not null).Select(p => $"partition {p.Partition} is down ({p.Down})");
        return string.Join("; ", down);
    }
}

/// <summary>A healthy answer.</summary>
/// <param name="Status">ok.</param>
internal sealed record HealthDocument(string Status);
