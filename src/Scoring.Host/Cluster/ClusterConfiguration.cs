using Akka.Configuration;

namespace Scoring.Host.Cluster;

/// <summary>What of the actor system's configuration no typed option sets, as <c>cluster.conf</c> has it.</summary>
internal static class ClusterConfiguration
{
    private const int SmallMembers = 5;

    /// <summary>Reads it.</summary>
    /// <param name="members">How many members the cluster has at most.</param>
    internal static Config Read(int members)
    {
        using var resource = typeof(ClusterConfiguration).Assembly.GetManifestResourceStream("cluster.conf")!;
        using var reader = new StreamReader(resource);
        var text = ConfigurationFactory.ParseString(reader.ReadToEnd());
        var always = text.GetConfig("always");
        return members > SmallMembers ? text.GetConfig("large").WithFallback(always) : always;
    }
}
