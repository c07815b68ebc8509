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

    /// <summary>The tick's time in microseconds since 1970, if the record is one.</summary>
    public long TickMicros { get; set; }
}
