using Scoring.Models.Durations;

namespace Scoring.Actors.Entities;

/// <summary>The bounds of the entities of a shard.</summary>
public sealed record EntityOptions
{
    /// <summary>For how long after a transaction, in event time, its id seen again for the same user and card is a repeat.</summary>
    [DurationRange("1ms", "3650d")]
    public TimeSpan DuplicateHorizon { get; init; } = TimeSpan.FromHours(24);
}
