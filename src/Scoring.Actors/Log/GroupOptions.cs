using System.ComponentModel.DataAnnotations;
using Scoring.Models.Durations;

namespace Scoring.Actors.Log;

/// <summary>How a topic is read, and what names the offsets that are committed of it.</summary>
public record GroupOptions
{
    /// <summary>The brokers, as host:port, host:port.</summary>
    [Required]
    public string BootstrapServers { get; init; } = "";

    /// <summary>The group that names the committed offsets; the relay's is named after it. Nothing may subscribe with it.</summary>
    [Required]
    public string GroupId { get; init; } = "scoring";

    /// <summary>How long the broker may hold back an answer when there is nothing to read.</summary>
    [DurationRange("0s", "30s")]
    public TimeSpan FetchWait { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>Kilobytes of fetched records that the client keeps for each partition.</summary>
    [Range(64, 1_000_000)]
    public int PrefetchKilobytes { get; init; } = 8 * 1024;

    /// <summary>Further settings of librdkafka, by their own names (security, for one).</summary>
    public IReadOnlyDictionary<string, string> Client { get; init; } = new Dictionary<string, string>();
}
