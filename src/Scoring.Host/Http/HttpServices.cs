using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Scoring.Actors.Parts;
using Scoring.Actors.Replies;
using Scoring.Host.Cluster;
using Scoring.Host.Options;
using Scoring.Models.Wire;

namespace Scoring.Host.Http;

/// <summary>Registers what answers over HTTP, and maps it.</summary>
internal static class HttpServices
{
    /// <summary>Adds what answers over HTTP.</summary>
    /// <param name="services">The services.</param>
    internal static IServiceCollection AddScoringHttp(this IServiceCollection services) => services
        .AddProblemDetails()
        .AddOpenApi()
        .AddSingleton(static p => new TransactionDecoder(p.OptionsOf<DecodeLimits>()))
        .AddSingleton<PendingReplies>()
        .AddSingleton<IWaitingCalls>(static p => p.GetRequiredService<PendingReplies>())
        .AddSingleton<CardFeatureReader>()
        .AddSingleton<HealthEndpoints>()
        .AddSingleton<ScoreEndpoints>()
        .AddSingleton<ScoreQueries>()
        .AddSingleton<StateEndpoints>();

    /// <summary>Maps the endpoints.</summary>
    /// <param name="web">The host.</param>
    internal static void MapScoring(this WebApplication web)
    {
        web.UseHead();
        web.UseExceptionHandler();
        web.UseStatusCodePages();
        // Named here, or it would stand before all of these, and a HEAD would be routed as one.
        web.UseRouting();
        web.MapOpenApi("/openapi/{documentName}.json");
        web.Services.GetRequiredService<HealthEndpoints>().Map(web);
        var queries = web.MapGroup("").AddEndpointFilter(new StoresAway());
        web.Services.GetRequiredService<ScoreEndpoints>().Map(queries);
        web.Services.GetRequiredService<ScoreQueries>().Map(queries);
        web.Services.GetRequiredService<StateEndpoints>().Map(queries);
        web.Services.GetRequiredService<ClusterEndpoints>().Map(queries);
        ContactPointEndpoint.Map(web, web.Services.OptionsOf<ScoringOptions>().Cluster, web.Services.GetRequiredService<ClusterLife>());
    }

    /// <summary>Where other nodes reach this one, once it listens; null if they can't.</summary>
    /// <param name="services">The services.</param>
    internal static Uri? AddressOf(IServiceProvider services) => NodeAddress.Of(
        services.OptionsOf<HttpOptions>(),
        services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses,
        Environment.MachineName);
}
