using System.ComponentModel.DataAnnotations;
using Scoring.Models.Durations;

namespace Scoring.Models.Wire;

/// <summary>What an event may be at most.</summary>
public sealed record DecodeLimits
{
    // Three times as many characters in a URL, and a request line has at most 8 KiB.
    private const int MostTextBytes = 1_024;

    // Kafka keeps records for so long by default, and a backlog is old without anybody's clock being wrong.
    private static readonly TimeSpan ShortestTimeBehind = TimeSpan.FromDays(7);

    /// <summary>Bytes of a record's value, at most <see cref="Transaction.MaxPayloadBytes"/>.</summary>
    [Range(1, Transaction.MaxPayloadBytes)]
    public int MaxValueBytes { get; init; } = 32 * 1024;

    /// <summary>Bytes of one text field in UTF-8.</summary>
    [Range(1, MostTextBytes)]
    public int MaxTextBytes { get; init; } = 256;

    /// <summary>How far an event's time may lie ahead of its record's own timestamp and of the node's clock.</summary>
    [DurationRange("0s", "1d")]
    public TimeSpan MaxTimeAhead { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>
    /// How far an event's time may lie behind them. Zero: as far as it likes. Null: a node takes the longest retention of its
    /// feature set, and at least 7 days; where there is no node (replay, bootstrap) as far as it likes.
    /// </summary>
    [DurationRange("0s", "36525d")]
    public TimeSpan? MaxTimeBehind { get; init; }

    /// <summary>The limits as a node with this history holds them.</summary>
    /// <param name="longestRetention">How far back its features look at most.</param>
    public DecodeLimits ForNode(TimeSpan longestRetention) =>
        this with { MaxTimeBehind = MaxTimeBehind ?? (longestRetention > ShortestTimeBehind ? longestRetention : ShortestTimeBehind) };

    /// <summary>The limits for history, which is old by nature.</summary>
    public DecodeLimits ForHistory() => this with { MaxTimeBehind = TimeSpan.Zero };
}
