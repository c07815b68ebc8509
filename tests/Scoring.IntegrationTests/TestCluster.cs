using Scoring.Host.Cluster;
using Scoring.Host.Options;
using Scoring.Servers;

namespace Scoring.IntegrationTests;

/// <summary>Where the members of one cluster on this machine find each other.</summary>
internal sealed class TestCluster
{
    private const int MaxMembers = 3;

    private readonly int[] ports = [.. Enumerable.Range(0, MaxMembers).Select(_ => FreePort.Take())];
    private int members;

    /// <summary>The options of the next member. They start one after the other: the first begins the cluster by itself.</summary>
    public ScoringOptions Join(ScoringOptions options) => options with
    {
        Cluster = options.Cluster with
        {
            Discovery = ClusterDiscovery.ContactPoints,
            Port = FreePort.Take(),
            ManagementPort = ports[Interlocked.Increment(ref members) - 1],
            ContactPoints = [.. ports.Select(p => $"127.0.0.1:{p}")],
            RequiredContactPoints = 1,
        },
    };
}
