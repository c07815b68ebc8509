namespace Scoring.Models.Features;

/// <summary>How an engine runs; none of it changes what a feature of a kept entity means.</summary>
public sealed class FeatureEngineOptions
{
    /// <summary>
    /// For less than how long after a transaction, in the event time of its card, its id seen again for the
    /// same user and card is a duplicate. Above 0, at most 3,650 days.
    /// </summary>
    public TimeSpan DuplicateHorizon { get; init; } = TimeSpan.FromHours(24);

    /// <summary>
    /// Whether only cards and users are kept, as in a live shard, which sees all events of its cards and users
    /// but not of a merchant. Features of other entities are then missing and <c>degraded</c> says so.
    /// </summary>
    public bool LocalEntitiesOnly { get; init; }

    /// <summary>
    /// Before when the history is unknown, in microseconds since 1970-01-01T00:00:00Z: a window that reaches
    /// back beyond it is reported as <c>cold_window</c>. Null where the history is whole.
    /// </summary>
    public long? HistorySinceMicros { get; init; }
}
