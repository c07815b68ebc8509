using System.ComponentModel.DataAnnotations;

namespace Scoring.Actors.Source;

/// <summary>How the partitions of a group are spread over its members.</summary>
public enum Assignor
{
    /// <summary>Partitions that stay with their member are not interrupted by a rebalance.</summary>
    CooperativeSticky,

    /// <summary>Every rebalance stops all members.</summary>
    Range,
}

/// <summary>Where a group starts on a partition of which it has committed no offset.</summary>
public enum FirstStart
{
    /// <summary>At the oldest record that the log still has.</summary>
    Earliest,

    /// <summary>At the next record to arrive.</summary>
    Latest,
}

/// <summary>How this node reads the input log.</summary>
public sealed record SourceOptions
{
    /// <summary>The brokers, as host:port, host:port.</summary>
    [Required]
    public string BootstrapServers { get; init; } = "";

    /// <summary>The consumer group that shares the shards out.</summary>
    [Required]
    public string GroupId { get; init; } = "scoring";

    /// <summary>How partitions are spread over nodes.</summary>
    public Assignor Assignor { get; init; } = Assignor.CooperativeSticky;

    /// <summary>Where a new group starts.</summary>
    public FirstStart FirstStart { get; init; } = FirstStart.Earliest;

    /// <summary>How often finished offsets are committed.</summary>
    public TimeSpan CommitInterval { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>How long the shards of revoked partitions may take to finish what they have started.</summary>
    public TimeSpan RevocationTimeout { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>How long a silent node keeps its partitions.</summary>
    public TimeSpan SessionTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How often a node tells the group that it lives.</summary>
    public TimeSpan HeartbeatInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long the broker may hold back an answer when there is nothing to read.</summary>
    public TimeSpan FetchWait { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>Kilobytes of fetched records that the client keeps for each partition.</summary>
    [Range(64, 1_000_000)]
    public int PrefetchKilobytes { get; init; } = 8 * 1024;

    /// <summary>Further settings of librdkafka, by their own names (security, for one).</summary>
    public IReadOnlyDictionary<string, string> Client { get; init; } = new Dictionary<string, string>();
}
