using Scoring.Models.Wire;

namespace Scoring.Models.Features.Language;

/// <summary>What an aggregate says of a window's events.</summary>
internal enum Aggregate
{
    Count,
    Sum,
    Mean,
    Min,
    Max,
    StdDev,

    /// <summary>How many different values the field has.</summary>
    Distinct,

    /// <summary>How many events have the value that this event has.</summary>
    Frequency,

    First,
    Last,

    /// <summary>Seconds since the newest event before this one.</summary>
    TimeSinceLast,

    /// <summary>Events labelled true ÷ all events.</summary>
    Rate,
}

internal enum WindowKind
{
    /// <summary>(t − d − w, t − d]</summary>
    Sliding,

    /// <summary>From the last multiple of w since 1970-01-01T00:00Z that is at or before t − d, to t − d.</summary>
    Tumbling,

    /// <summary>Back from t as long as neighbours are at most the gap apart.</summary>
    Session,
}

/// <summary>A window's shape. For a session, the length is its gap and the reach bounds how far back it goes.</summary>
internal readonly record struct Window(WindowKind Kind, long LengthMicros, long OffsetMicros, long ReachMicros);

internal enum CalendarFlag
{
    Hour,
    Weekday,
    Weekend,
    Night,
}

internal enum ArithmeticOperation
{
    Ratio,
    Difference,
    ZScore,
}

/// <summary>One condition on an event's field; all conditions of a filter must hold.</summary>
internal sealed record Condition(TransactionField? Field, byte[][] Values, string Comparison, long Units, string Canonical);

/// <summary>The events that an aggregate counts.</summary>
internal sealed record Filter(Condition[] Conditions)
{
    /// <summary>The same text for the same filter, whatever the order in which it was written.</summary>
    public string Canonical { get; } = string.Join(" & ", Conditions.Select(c => c.Canonical).Order(StringComparer.Ordinal));
}

internal sealed record EntityDefinition(string Name, TransactionField Key, long RetainMicros, int MaxEvents);

/// <summary>Which entity's sessions are reported, and after how long a pause one ends.</summary>
internal sealed record SessionDefinition(EntityDefinition Entity, long GapMicros);

internal abstract record FeatureDefinition(string Name, int Line);

/// <summary>The event's amount, or whether its text field has one of the values.</summary>
internal sealed record EventFeature(string Name, int Line, TransactionField? Field, IReadOnlyList<string> Is, double? Empty) : FeatureDefinition(Name, Line);

/// <summary>A calendar fact of the event's time in the set's zone. Days: bit 0 is Monday.</summary>
internal sealed record CalendarFeature(string Name, int Line, CalendarFlag Flag, int FromHour, int ToHour, int Days) : FeatureDefinition(Name, Line);

/// <summary>An aggregate of an entity's window. A null field stands for the amount, or for the label of a rate.</summary>
internal sealed record AggregateFeature(
    string Name, int Line, EntityDefinition Entity, Aggregate Aggregate, TransactionField? Of, Window Window, Filter? Where, bool IncludesThis, double? Empty)
    : FeatureDefinition(Name, Line);

/// <summary>Arithmetic over features that stand before it, by their place in the vector.</summary>
internal sealed record ArithmeticFeature(string Name, int Line, ArithmeticOperation Operation, int[] Operands, double? Empty) : FeatureDefinition(Name, Line);
