using Scoring.Models.Wire;

namespace Scoring.Models.Files;

/// <summary>One row of a file of events: a transaction, or why it is none.</summary>
/// <param name="Line">The line on which the row begins, 1 and up.</param>
/// <param name="Error">What is wrong with the row and what would be right; null for a good one.</param>
/// <param name="Transaction">The transaction. Its fields are slices of the reader's buffer, valid until the next row is read.</param>
/// <param name="IsFraud">What the row's label says; null where it has none.</param>
public readonly record struct EventFileRow(long Line, string? Error, Transaction Transaction, bool? IsFraud);

/// <summary>How a file of events is written.</summary>
public enum EventFileFormat
{
    /// <summary>Comma-separated values (RFC 4180) with a header row.</summary>
    Csv,

    /// <summary>One JSON object a line.</summary>
    JsonLines,
}
