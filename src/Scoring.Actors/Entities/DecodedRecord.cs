using Scoring.Actors.Log;
using Scoring.Models.Wire;

namespace Scoring.Actors.Entities;

/// <summary>A record of the input log with what its value says. Pass it by <c>in</c>.</summary>
public struct DecodedRecord
{
    /// <summary>The record as it came.</summary>
    public InputRecord Record { get; set; }

    /// <summary>Why it is not valid; null if it is.</summary>
    public Rejection? Rejection { get; set; }

    /// <summary>The transaction, if the record is one.</summary>
    public Transaction Transaction { get; set; }

    /// <summary>The label, if the record is one.</summary>
    public Label Label { get; set; }

    /// <summary>The time that it tells, in microseconds since 1970; null if it could not be read that far.</summary>
    public long? EventTimeMicros { get; set; }
}
