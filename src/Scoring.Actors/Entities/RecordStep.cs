namespace Scoring.Actors.Entities;

/// <summary>What is done with a record that may fail for what the record holds.</summary>
public enum RecordStep
{
    /// <summary>It is about to be read.</summary>
    Decode,

    /// <summary>It has changed its entities.</summary>
    Apply,

    /// <summary>Its score is about to be written.</summary>
    Write,
}
