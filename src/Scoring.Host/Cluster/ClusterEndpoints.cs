using Akka.Actor;
using Akka.Cluster;
using Scoring.Actors.Partitions;
using Scoring.Host.Http;

namespace Scoring.Host.Cluster;

/// <summary>A member of the cluster.</summary>
/// <param name="Address">Where the others reach it.</param>
/// <param name="Uid">Its number, another one in each of its lives.</param>
/// <param name="Status">What it is on its way to: joining, weaklyUp, up, leaving, exiting, down.</param>
/// <param name="Roles">Its roles.</param>
/// <param name="Reachable">Whether the node that answers, and those it hears of, reach it.</param>
/// <param name="AppVersion">Its version.</param>
internal sealed record MemberDocument(string Address, int Uid, string Status, IReadOnlyList<string> Roles, bool Reachable, string AppVersion);

/// <summary>On which member a partition of the input log is.</summary>
/// <param name="Partition">The partition.</param>
/// <param name="Member">The member's address; null where it is on none, or its member does not answer.</param>
internal sealed record PartitionOwnerDocument(int Partition, string? Member);

/// <summary>The cluster, as the node that answers sees it.</summary>
/// <param name="Self">The address of the node that answers.</param>
/// <param name="Leader">Who moves members from one status to the next; null while that is not agreed on.</param>
/// <param name="Coordinator">Who gives partitions to members: the oldest one; null while none is up.</param>
/// <param name="VersionsDiffer">Whether a roll-out is under way; until it is over, no partition is moved for balance.</param>
/// <param name="Members">By address.</param>
/// <param name="Partitions">By partition; empty until their number is known.</param>
internal sealed record ClusterDocument(
    string Self, string? Leader, string? Coordinator, bool VersionsDiffer, IReadOnlyList<MemberDocument> Members, IReadOnlyList<PartitionOwnerDocument> Partitions);

/// <summary>Tells of the cluster.</summary>
/// <param name="life">The node's actor system.</param>
/// <param name="engine">The engine that is spread over the members.</param>
internal sealed class ClusterEndpoints(ClusterLife life, IShardEngine engine)
{
    private static readonly TimeSpan OwnersTimeout = TimeSpan.FromSeconds(1);

    internal void Map(IEndpointRouteBuilder routes) => routes.MapGet("/v1/cluster", ClusterAsync)
        .WithName("GetCluster").WithSummary("The cluster's members, and on which of them each partition is, as the node that answers sees it")
        .Produces<ClusterDocument>().ProducesProblem(StatusCodes.Status503ServiceUnavailable);

    private async Task<IResult> ClusterAsync()
    {
        if (life.Started is not { } system)
            return Problems.Unavailable("the node has not begun yet");
        var cluster = Akka.Cluster.Cluster.Get(system);
        var state = cluster.State;
        return TypedResults.Ok(new ClusterDocument(
            cluster.SelfAddress.ToString(),
            state.Leader?.ToString(),
            Coordinator(state)?.ToString(),
            state.HasMoreThanOneAppVersion,
            [.. state.Members.OrderBy(m => m.Address.ToString(), StringComparer.Ordinal).Select(m => Of(m, state))],
            await PartitionsAsync()));
    }

    private static MemberDocument Of(Member member, ClusterEvent.CurrentClusterState state) => new(
        member.Address.ToString(),
        member.UniqueAddress.Uid,
        char.ToLowerInvariant(member.Status.ToString()[0]) + member.Status.ToString()[1..],
        [.. member.Roles.Where(r => !r.StartsWith("dc-", StringComparison.Ordinal)).Order(StringComparer.Ordinal)],
        !state.Unreachable.Contains(member),
        member.AppVersion.Version);

    // The coordinator of a region is a singleton, which is on the oldest member of the role.
    private static Address? Coordinator(ClusterEvent.CurrentClusterState state) => state.Members
        .Where(m => m.HasRole(PartitionRegion.ScorerRole) && m.Status is MemberStatus.Up or MemberStatus.Leaving)
        .Order(Member.AgeOrdering).FirstOrDefault()?.Address;

    private async Task<IReadOnlyList<PartitionOwnerDocument>> PartitionsAsync()
    {
        if ((engine as ClusterShardEngine)?.Region is not { } region)
            return [];
        IReadOnlyDictionary<int, Address> owners = new Dictionary<int, Address>();
        try
        {
            owners = await region.OwnersAsync(OwnersTimeout);
        }
        catch (AskTimeoutException)
        {
            // There is no coordinator at the moment, so nobody knows.
        }

        return [.. Enumerable.Range(0, region.Partitions).Select(p => new PartitionOwnerDocument(p, owners.GetValueOrDefault(p)?.ToString()))];
    }
}
