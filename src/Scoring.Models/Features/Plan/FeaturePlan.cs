using Scoring.Models.Features.Language;
using Scoring.Models.Wire;

namespace Scoring.Models.Features.Plan;

/// <summary>What an engine executes for each event: a feature set with everything shared that can be.</summary>
internal sealed class FeaturePlan
{
    /// <summary>The card is always first, declared or not: it keeps the index of duplicates.</summary>
    public required EntityPlan[] Entities { get; init; }

    /// <summary>Filter i sets flag i + 1 of an event.</summary>
    public required Filter[] Filters { get; init; }

    /// <summary>The text fields that are hashed once for each event.</summary>
    public required TransactionField[] Fields { get; init; }

    /// <summary>The features that come from the event, the calendar and arithmetic, with their places.</summary>
    public required (int Target, EventFeature Feature, byte[][] Is)[] Events { get; init; }

    public required (int Target, CalendarFeature Feature)[] Calendars { get; init; }

    public required (int Target, ArithmeticFeature Feature)[] Arithmetics { get; init; }

    public required int FeatureCount { get; init; }
}
