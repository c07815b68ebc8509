using System.ComponentModel.DataAnnotations;
using Scoring.Models.Durations;

namespace Scoring.Actors.Relay;

/// <summary>What this node relays into the input log, and its bounds.</summary>
public sealed record RelayOptions
{
    /// <summary>Whether this node takes its share of the relaying.</summary>
    public bool Enabled { get; init; } = true;

    /// <summary>
    /// Topics whose transactions come under other keys than their users', or from elsewhere. The names stand as they are,
    /// without the prefix of this service's own topics.
    /// </summary>
    public IReadOnlyList<string> TransactionTopics { get; init; } = [];

    /// <summary>Records that were read and are not acknowledged in the input log yet, at most; then no more are read.</summary>
    [Range(1, 1_000_000)]
    public int MaxInFlightRecords { get; init; } = 4_096;

    /// <summary>Kilobytes of such records at most; a record that is larger by itself goes alone.</summary>
    [Range(64, 1_000_000)]
    public int MaxInFlightKilobytes { get; init; } = 16 * 1024;

    /// <summary>How often the offsets of what is acknowledged are committed.</summary>
    [DurationRange("1ms", "10m")]
    public TimeSpan CommitInterval { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>How long the broker may hold back an answer when there is nothing to relay.</summary>
    [DurationRange("0s", "30s")]
    public TimeSpan FetchWait { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>How long to wait for acknowledgements before a partition that leaves this node is let go.</summary>
    [DurationRange("0s", "1m")]
    public TimeSpan StopTimeout { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long to wait after a failure before it is tried again from what was committed.</summary>
    [DurationRange("1ms", "1h")]
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromSeconds(1);
}
