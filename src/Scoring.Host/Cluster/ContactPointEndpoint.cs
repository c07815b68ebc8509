using Akka.Cluster;
using Akka.Management.Cluster.Bootstrap;
using Akka.Management.Dsl;
using Newtonsoft.Json;
using static Akka.Management.Cluster.Bootstrap.ContactPoint.HttpBootstrapJsonProtocol;

namespace Scoring.Host.Cluster;

/// <summary>
/// Answers members that look for a cluster to join, on the management port, in the words of Akka.Management's bootstrap: which members this
/// node knows. The node's own bootstrap asks it too.
/// </summary>
internal static class ContactPointEndpoint
{
    private const int MaxMembers = 5;

    /// <summary>Where other members find this one.</summary>
    /// <param name="options">The options.</param>
    internal static Uri AddressOf(ClusterOptions options) =>
        new UriBuilder("http", options.PublicHostname.Length > 0 ? options.PublicHostname : options.Hostname, options.ManagementPort).Uri;

    /// <summary>Where the node listens for them; null where it is alone.</summary>
    /// <param name="options">The options.</param>
    internal static string? ListensOn(ClusterOptions options) =>
        options.Discovery == ClusterDiscovery.Alone ? null : new UriBuilder("http", options.Hostname, options.ManagementPort).Uri.ToString();

    /// <summary>Begins to look for a cluster, or to begin one.</summary>
    /// <param name="system">The actor system.</param>
    /// <param name="options">The options.</param>
    internal static async Task BootstrapAsync(Akka.Actor.ActorSystem system, ClusterOptions options)
    {
        var bootstrap = ClusterBootstrap.Get(system);
        // Told where it is itself; its routes are the host's.
        _ = bootstrap.Routes(ManagementRouteProviderSettings.Create(AddressOf(options), readOnly: true));
        await bootstrap.Start();
    }

    internal static void Map(IEndpointRouteBuilder routes, ClusterOptions options, ClusterLife life)
    {
        if (options.Discovery == ClusterDiscovery.Alone)
            return;
        routes.MapGet("/bootstrap/seed-nodes", () => life.Started is { } system
                ? Results.Content(JsonConvert.SerializeObject(Known(Akka.Cluster.Cluster.Get(system))), "application/json")
                : Results.StatusCode(StatusCodes.Status503ServiceUnavailable))
            .RequireHost($"*:{options.ManagementPort}")
            .ExcludeFromDescription();
    }

    // A member on its way out names nobody: who came to it would join what it leaves.
    private static SeedNodes Known(Akka.Cluster.Cluster cluster)
    {
        var state = cluster.State;
        var members = cluster.SelfMember.Status is MemberStatus.Down or MemberStatus.Exiting or MemberStatus.Leaving or MemberStatus.Removed
            ? []
            : state.Members
                .Where(m => !state.Unreachable.Contains(m) && m.Status is MemberStatus.Up or MemberStatus.WeaklyUp or MemberStatus.Joining)
                .Take(MaxMembers)
                .Select(m => new ClusterMember(m.UniqueAddress.Address, m.UniqueAddress.Uid, m.Status, m.Roles));
        return new SeedNodes(cluster.SelfAddress, [.. members]);
    }
}
