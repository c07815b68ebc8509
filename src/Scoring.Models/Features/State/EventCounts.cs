namespace Scoring.Models.Features.State;

/// <summary>What entities of one kind held and let go; counted by whoever owns them.</summary>
internal sealed class EventCounts
{
    /// <summary>Events held.</summary>
    public long Events { get; set; }

    /// <summary>Events that left because their entity was full.</summary>
    public long Dropped { get; set; }
}
