using System.ComponentModel.DataAnnotations;
using Scoring.Models.Durations;

namespace Scoring.Actors.Log;

/// <summary>How a consumer group reads a topic.</summary>
public record GroupOptions
{
    /// <summary>The brokers, as host:port, host:port.</summary>
    [Required]
    public string BootstrapServers { get; init; } = "";

    /// <summary>The consumer group that shares the shards out; the ledger's group is named after it.</summary>
    [Required]
    public string GroupId { get; init; } = "scoring";

    /// <summary>How long a silent node keeps its partitions.</summary>
    [DurationRange("1ms", "1h")]
    public TimeSpan SessionTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How often a node tells the group that it lives.</summary>
    [DurationRange("1ms", "1h")]
    public TimeSpan HeartbeatInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long the broker may hold back an answer when there is nothing to read.</summary>
    [DurationRange("0s", "30s")]
    public TimeSpan FetchWait { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>Kilobytes of fetched records that the client keeps for each partition.</summary>
    [Range(64, 1_000_000)]
    public int PrefetchKilobytes { get; init; } = 8 * 1024;

    /// <summary>Further settings of librdkafka, by their own names (security, for one).</summary>
    public IReadOnlyDictionary<string, string> Client { get; init; } = new Dictionary<string, string>();
}
